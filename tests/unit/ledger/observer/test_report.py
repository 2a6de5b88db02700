"""The words and the JSON object of a verdict."""

import ast
import json
import string
from pathlib import Path

import pytest

from ledger.fold import Held
from ledger.observer.findings import MAX_LISTED, AnchorCount, Finding, Findings, Verdict
from ledger.observer.messages import FRAME, LANGUAGES, Language, choose_language, describe
from ledger.observer.monitor_words import FRAME as MONITOR_FRAME
from ledger.observer.monitor_words import SENTENCES as ALARMS
from ledger.observer.report import encode_report, exit_status, write_account
from ledger.observer.sentences import SENTENCES
from ledger.primitives import Hash
from tests.unit.ledger.observer.publication_factory import whole_author

MEMBERS = [
    "ok", "origin", "policy_sha256", "tree_size", "root_hash", "complete", "entries", "snapshots", "tallies", "repeats",
    "gaps", "succession", "successor", "anchor_claims", "anchors", "inadmissible", "inadmissible_left_out", "rulings",
    "rulings_left_out", "failures", "failures_left_out", "error",
]  # fmt: skip


def report(verdict: Verdict) -> dict[str, object]:
    document = json.loads(encode_report(verdict, None, "en"))
    assert list(document) == MEMBERS
    assert isinstance(document, dict)
    return document


def test_a_pass_says_what_was_checked() -> None:
    author = whole_author()
    verdict = author.audit()
    document = report(verdict)
    assert document["ok"] is True and document["failures"] == [] and document["error"] is None
    assert (document["tree_size"], document["root_hash"]) == (author.size, author.root().hex())
    assert (document["snapshots"], document["anchors"], document["anchor_claims"]) == (2, None, 1)
    [held] = verdict.inadmissible
    assert document["inadmissible"] == [{"index": 14, "code": "CONFLICT", "message": held.message}]
    account = write_account(verdict, Hash(bytes(32)), "en")
    assert account.startswith("PASS") and "NOT CHECKED on the chain" in account
    assert author.root().hex() in account and "0" * 64 in account and author.origin in account


def test_anchors_are_counted_when_a_chain_was_asked() -> None:
    verdict = Verdict(origin="o", tree_size=1, root_hash=Hash(bytes(32)), anchor_claims=2, anchors=AnchorCount(2, 1))
    assert report(verdict)["anchors"] == {"claimed": 2, "verified": 1}
    assert "claimed: 2, verified on the chain: 1" in write_account(verdict, None, "en")


def test_long_lists_are_cut_and_say_so() -> None:
    verdict = Verdict(origin="o", tree_size=1, root_hash=Hash(bytes(32)))
    for index in range(MAX_LISTED + 5):
        verdict.failures.add("BAD_SIGNATURE", index, detail="no")
    verdict.inadmissible = [Held(index, "SPARE", "no") for index in range(MAX_LISTED + 7)]
    document = report(verdict)
    assert isinstance(document["failures"], list) and isinstance(document["inadmissible"], list)
    assert (len(document["failures"]), document["failures_left_out"]) == (MAX_LISTED, 5)
    assert (len(document["inadmissible"]), document["inadmissible_left_out"]) == (MAX_LISTED, 7)
    account = write_account(verdict, None, "en")
    assert f"FAIL: findings: {MAX_LISTED + 5}." in account
    assert "and 5 more" in account and f"and {MAX_LISTED + 7 - 20} more" in account


def test_findings_that_are_left_out_stay_counted() -> None:
    first, all_of_them = Findings(), Findings()
    for index in range(MAX_LISTED + 5):
        first.add("BAD_SIGNATURE", index, detail="no")
    all_of_them.add("EMPTY_LOG")
    all_of_them.extend(first)
    assert (all_of_them.count, len(all_of_them), all_of_them.left_out) == (MAX_LISTED + 6, MAX_LISTED, 6)


@pytest.mark.parametrize(
    ("failed", "error", "ok", "status"),
    [(False, False, True, 0), (True, False, False, 1), (False, True, None, 2), (True, True, False, 1)],
)
def test_a_proven_failure_stays_one_where_the_rest_cannot_be_judged(
    failed: bool, error: bool, ok: bool | None, status: int
) -> None:
    verdict = Verdict(error=Finding("UNKNOWN_KIND", 7, None, {"detail": "no"}) if error else None)
    if failed:
        verdict.failures.add("BAD_SIGNATURE", 3, detail="no")
    assert (verdict.ok, exit_status(verdict)) == (ok, status)
    assert report(verdict)["ok"] is ok
    assert ("[UNKNOWN_KIND] entry 7" in write_account(verdict, None, "en")) is error


def test_nothing_of_a_strangers_words_moves_the_cursor() -> None:
    verdict = Verdict(error=Finding("CHAIN_REFUSED", None, None, {"detail": "\x1b[2J\n\u202egone"}))
    assert "\x1b" not in write_account(verdict, None, "en") and "\u202e" not in write_account(verdict, None, "en")


@pytest.mark.parametrize(("language", "word"), [("ky", "ТУУРА:"), ("ru", "ВЕРНО:"), ("en", "PASS:")])
def test_the_account_is_in_the_language_asked_for(language: Language, word: str) -> None:
    account = write_account(whole_author().audit(), None, language)
    assert account.startswith(word) and "[CONFLICT]" in account


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ky_KG.UTF-8"}, "ky"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({"LC_ALL": "ru_RU", "LANG": "ky_KG"}, "ru"),
        ({"LC_ALL": "", "LC_MESSAGES": "ky", "LANG": "ru_RU"}, "ky"),
    ],
)
def test_the_language_comes_from_the_environment(environment: dict[str, str], language: Language) -> None:
    assert choose_language(environment) == language


def fields(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("table", [SENTENCES, FRAME, ALARMS, MONITOR_FRAME])
def test_a_sentence_fills_no_place_that_english_lacks(table: dict[str, tuple[str, str, str]]) -> None:
    """A translation may leave out an English detail, and may quote it, but knows no fact of its own."""
    for code, words in table.items():
        ky, ru, en = map(fields, words)
        assert ky <= en | {"detail", "path"} and ru <= en | {"detail", "path"}, code
        assert all(words) and len(words) == len(LANGUAGES), code


def test_every_code_that_a_finding_is_made_with_has_a_sentence(repository: Path) -> None:
    """As far as the code is spelled out where the finding is made."""
    made = set()
    for path in (repository / "ledger" / "observer").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in {"add", "_no_verdict", "FileFault", "UnreachableError", "UnjudgeableError", "Finding"}:
                    made.add(node.args[0].value)
    assert len(made) > 25 and made - SENTENCES.keys() - ALARMS.keys() == set()


def test_every_code_of_the_fold_has_a_sentence(repository: Path) -> None:
    """As far as the code is spelled out where the record is held, or the part refused."""
    made = set()
    for path in (repository / "ledger").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                code = node.args[0]
                if node.func.id in {"held", "ConflictError", "UnjudgeableError"} and isinstance(code, ast.Constant):
                    made.add(code.value)
    assert len(made) > 25 and made - set(SENTENCES) == set()


def test_a_code_that_no_table_has_says_what_the_error_said() -> None:
    assert describe("ru", Finding("NEW_CODE", 1, None, {"detail": "words"})) == "words"
    assert describe("ru", Finding("NEW_CODE")) == "…"
