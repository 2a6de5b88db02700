"""Sentences and notices for people."""

import re
from pathlib import Path

import pytest

from urn_agent.link_messages import fit_words
from urn_agent.messages import LANGUAGES, MESSAGES, say
from urn_agent.notices import MAX_DETAILS, QUIET_MS, NoticeWriter
from urn_agent.session import Notice


def test_every_notice_and_refusal_has_its_sentence(repository: Path) -> None:
    """Codes are looked for in the sources of those who notify, store and parse."""
    codes = set()
    for name in ("session", "agent", "cli_run", "device_report", "report_records", "serial_port", "outbox_file"):
        text = (repository / "urn_agent" / f"{name}.py").read_text()
        codes |= set(re.findall(r'Notice\(\s*"([A-Z_]+)"', text))
        codes |= set(re.findall(r'"((?:REPORT|SERIAL|DELIVERY)_[A-Z_]+)"', text))
    assert len(codes) > 20
    assert codes <= MESSAGES.keys()


def test_every_code_of_the_link_has_its_sentence(repository: Path) -> None:
    """But those of wrong calls within this program, which wake a developer."""
    sources = (repository / "urn_agent").glob("*.py")
    codes = {code for path in sources for code in re.findall(r'"(LINK_[A-Z_]+)"', path.read_text())}
    assert codes - MESSAGES.keys() == {"LINK_NOT_DRAINED", "LINK_NOT_HANDED_OVER", "LINK_UNDECIDED"}
    assert len(codes & MESSAGES.keys()) > 15


def test_sentences_fit_on_the_line_and_on_a_display() -> None:
    for code, sentence in MESSAGES.items():
        for words in sentence:
            assert fit_words(words) == words, code


def test_every_sentence_is_there_in_each_language() -> None:
    for code, sentence in MESSAGES.items():
        assert all(sentence), code
        assert {say(code, language) for language in LANGUAGES} == set(sentence)
    assert say("NO_SUCH_CODE", "ky") == "NO_SUCH_CODE"


@pytest.fixture
def lines() -> list[str]:
    return []


class Clock:
    now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms


def test_a_cause_is_told_in_the_same_language(lines: list[str]) -> None:
    """Its code may be a newer server's, or a stranger's."""
    writer = NoticeWriter(lines.append, Clock(), "ru")
    writer.notify(Notice("RECORD_REFUSED", "record 3: words", "TOO_MANY_RECORDS"))
    assert lines[0].endswith(f": TOO_MANY_RECORDS: {say('TOO_MANY_RECORDS', 'ru')}: record 3: words")
    writer.notify(Notice("RECORD_REFUSED", "words", "NEW\x1bCODE"))
    assert lines[1].endswith(": NEW?CODE: NEW?CODE: words")


def test_a_notice_is_one_line_with_time_and_code(lines: list[str]) -> None:
    NoticeWriter(lines.append, Clock(), "en").notify(Notice("REPORT_STORED", "report 1\n\x1b[2J" + "x" * 1_000))
    [line] = lines
    assert line.startswith("2027-01-15T08:00:00Z REPORT_STORED The report is stored: report 1??[2Jxxx")
    assert len(line) < MAX_DETAILS + 100


def test_repeating_notices_are_counted_instead_of_written(lines: list[str]) -> None:
    clock = Clock()
    writer = NoticeWriter(lines.append, clock, "en")
    for _ in range(5):
        writer.notify(Notice("LINE_NOISE", "x"))
        writer.notify(Notice("REPORT_STORED", "y"))
    clock.now_ms += QUIET_MS
    writer.notify(Notice("LINE_NOISE", "x"))
    noise = [line for line in lines if "LINE_NOISE" in line]
    assert len(noise) == 2
    assert "LINE_NOISE (+4) " in noise[1]
    assert len(lines) == 7
