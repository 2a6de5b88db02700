"""The tables of docs/codes.md, made from the code: the server's answers, what an agent makes of each, and the words.

Made again with `.venv/bin/python -m tests.tidy.code_pages`; a test compares. What the agent does is asked of the agent.
"""

from collections.abc import Iterable
from pathlib import Path

from central_server.http_errors import RECORD_REFUSALS, REQUEST_REFUSALS, RULING_REFUSALS, RequestError, encode_refusal
from urn_agent.delivery import NEEDING_PEOPLE, RawAnswer, Unanswered, parse_answer
from urn_agent.link_sentences import LINK_SENTENCES
from urn_agent.messages import MESSAGES
from urn_agent.server_sentences import RECORD_SENTENCES, REQUEST_SENTENCES, SERVER_SENTENCES, UPLINK_SENTENCES

PAGE = Path("docs") / "codes.md"
BEGIN, END = "<!-- made by tests/tidy/code_pages.py: {} -->", "<!-- end -->"
LANGUAGES = ("Kyrgyz †", "Russian", "English")

WAITS = "waits, tries again"
ASKS = "tries again, more slowly; tells people"
HALVES = "sends half as much"
KEEPS = "keeps the record, offers it again seldom; tells people"


def answer_to_request(code: str) -> str:
    """What an agent does whose request got this refusal."""
    error = RequestError(code, "words")
    meaning = parse_answer(RawAnswer(error.answer.status, "application/json", "", encode_refusal(error)), 1)
    if not isinstance(meaning, Unanswered):
        raise ValueError(f"{code} decides about a record")
    if code == "TOO_LARGE":
        return HALVES
    return ASKS if meaning.needs_people else WAITS


def render_requests() -> str:
    rows = (
        (f"`{code}`", str(answer.status.value), answer.meaning, answer_to_request(code), *REQUEST_SENTENCES[code])
        for code, answer in REQUEST_REFUSALS.items()
    )
    return _table(("Code", "Status", "Means", "The agent", *LANGUAGES), rows)


def render_records() -> str:
    rows = (
        (f"`{code}`", answer.meaning, WAITS if answer.retry else KEEPS, *RECORD_SENTENCES[code])
        for code, answer in RECORD_REFUSALS.items()
    )
    return _table(("Code", "Means", "The agent", *LANGUAGES), rows)


def render_rulings() -> str:
    rows = ((f"`{code}`", str(answer.status.value), answer.meaning) for code, answer in RULING_REFUSALS.items())
    return _table(("Code", "Status", "Means"), rows)


def render_uplink() -> str:
    rows = (
        (f"`{code}`", ASKS if code in NEEDING_PEOPLE else WAITS, *words) for code, words in UPLINK_SENTENCES.items()
    )
    return _table(("Code", "The agent", *LANGUAGES), rows)


def render_notices() -> str:
    """What the agent says of itself, but for what it also says to the urn."""
    others = LINK_SENTENCES.keys() | SERVER_SENTENCES.keys()
    rows = ((f"`{code}`", *words) for code, words in MESSAGES.items() if code not in others)
    return _table(("Code", *LANGUAGES), rows)


TABLES = {
    "requests": render_requests,
    "records": render_records,
    "rulings": render_rulings,
    "uplink": render_uplink,
    "notices": render_notices,
}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = [*head]
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(cells)} |" for cells in rows)])


def render_page(page: str) -> str:
    """The page with its tables made again."""
    for name, render in TABLES.items():
        begin = BEGIN.format(name)
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n\n{render()}\n\n{END}{rest.partition(END)[2]}"
    return page


def main() -> None:
    PAGE.write_text(render_page(PAGE.read_text()))


if __name__ == "__main__":
    main()
