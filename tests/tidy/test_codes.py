"""The codes are one table: what the server answers, what an agent does and says, and what the page tells of them."""

import re
from collections.abc import Iterable
from pathlib import Path

from central_server.http_errors import RECORD_REFUSALS, REQUEST_REFUSALS, RULING_REFUSALS
from tests.tidy.code_pages import ASKS, HALVES, PAGE, WAITS, answer_to_request, render_page
from urn_agent.delivery import NEEDING_PEOPLE
from urn_agent.server_sentences import RECORD_SENTENCES, REQUEST_SENTENCES, UPLINK_SENTENCES


def codes_in(paths: Iterable[Path], pattern: str) -> set[str]:
    return {code for path in paths for code in re.findall(pattern, path.read_text())}


def test_the_page_is_in_step(repository: Path) -> None:
    """Made again with `python -m tests.tidy.code_pages`."""
    page = (repository / PAGE).read_text()
    assert render_page(page) == page


def test_agents_have_words_for_all_that_the_server_answers() -> None:
    assert REQUEST_SENTENCES.keys() == REQUEST_REFUSALS.keys()
    assert RECORD_SENTENCES.keys() == RECORD_REFUSALS.keys()


def test_agents_have_words_for_all_that_keeps_them_from_an_answer(repository: Path) -> None:
    sources = [repository / "urn_agent" / name for name in ("uplink.py", "delivery.py")]
    assert codes_in(sources, r'"(UPLINK_[A-Z_]+)"') == UPLINK_SENTENCES.keys()
    assert UPLINK_SENTENCES.keys() >= NEEDING_PEOPLE


def test_the_server_answers_with_codes_of_the_table_alone(repository: Path) -> None:
    """And with each of them somewhere."""
    sources = [*(repository / "central_server").rglob("*.py")]
    said = codes_in(sources, r'RequestError\(\s*"([A-Z_]+)"')
    assert said <= REQUEST_REFUSALS.keys() | RULING_REFUSALS.keys()
    text = "\n".join(path.read_text() for path in sources if path.name != "http_errors.py")
    rest = (repository / "central_server" / "http_errors.py").read_text().partition("_UNREAD")[2]
    elsewhere = "\n".join(path.read_text() for path in (repository / "ledger").glob("*.py"))
    codes = {**REQUEST_REFUSALS, **RULING_REFUSALS, **RECORD_REFUSALS}
    assert [code for code in codes if f'"{code}"' not in text + rest + elsewhere] == []


def test_what_an_agent_does_follows_from_retry() -> None:
    for code, answer in REQUEST_REFUSALS.items():
        assert answer_to_request(code) == (HALVES if code == "TOO_LARGE" else WAITS if answer.retry else ASKS), code
