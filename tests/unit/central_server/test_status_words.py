"""The status is said in all three languages, and every problem with its code."""

import pytest

from central_server import status_words
from central_server.status import StatusReport
from central_server.status_words import LANGUAGES, Language, describe_status


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_problem_has_its_part_its_code_and_words(language: Language) -> None:
    report = StatusReport("stopped", "00", {"log": "LOG_BEHIND_GUARD", "chain": "NEW_CODE", "disk": "OTHER_CODE"})
    report.messages["chain"] = "what the error said"
    report.sizes = {"log": 3, "guard": None}
    lines = describe_status(report, language)
    assert lines[1].endswith(": 3") and lines[2].endswith(": ?")
    assert [line.split(": ")[:2] for line in lines[3:]] == [
        ["log", "LOG_BEHIND_GUARD"], ["chain", "NEW_CODE"], ["disk", "OTHER_CODE"]
    ]  # fmt: skip
    assert lines[4].endswith(": what the error said")


@pytest.mark.parametrize("table", [status_words._STATES, status_words._SIZES, status_words._PROBLEMS])
def test_no_language_is_left_out(table: dict[str, tuple[str, ...]]) -> None:
    for name, words in table.items():
        assert len(set(words)) == len(LANGUAGES) and all(words), name


def test_all_is_well_where_nothing_is_wrong() -> None:
    assert describe_status(StatusReport("running", "00"), "en") == ["The server is running.", "All is well."]
