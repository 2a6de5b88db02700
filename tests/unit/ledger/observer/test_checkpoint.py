"""The checkpoint and the policy: what must hold before anything else is looked at."""

from typing import Any

import msgspec
import pytest

from ledger.checkpoint import cosign_checkpoint
from ledger.cosignature import CosignatureSigner
from ledger.note import Ed25519NoteSigner
from ledger.observer.audit import audit
from ledger.observer.published_entries import CHECKPOINT
from ledger.policy import Policy, PolicyWitness, log_only_policy
from ledger.signing import Ed25519Signer
from tests.unit.ledger.observer.publication_factory import (
    LOG_KEY,
    Author,
    MemorySource,
    audit_files,
    codes,
    whole_author,
)

AUTHOR = whole_author()
STRANGER = Ed25519Signer(bytes([98]) * 32)
WITNESS = Ed25519Signer(bytes([97]) * 32)


def with_checkpoint(data: bytes, policy: Policy | None = None) -> list[tuple[str, int | None]]:
    return codes(audit_files({**AUTHOR.files, CHECKPOINT: data}, policy or AUTHOR.policy()))


def test_a_checkpoint_by_another_key_fails() -> None:
    assert with_checkpoint(AUTHOR.checkpoint(STRANGER)) == [("NO_KNOWN_SIGNATURE", None)]


def test_a_checkpoint_of_another_election_fails() -> None:
    origin = AUTHOR.origin.replace("cec.example", "cec2.example")
    assert with_checkpoint(AUTHOR.checkpoint(origin=origin)) == [("NO_KNOWN_SIGNATURE", None)]


def test_a_policy_for_another_election_fails() -> None:
    other = log_only_policy(Ed25519NoteSigner(f"cec.example/{'0' * 64}/1", LOG_KEY).key)
    assert codes(audit_files(AUTHOR.files, other)) == [("NO_KNOWN_SIGNATURE", None)]


def test_an_authority_that_the_election_does_not_name_fails() -> None:
    """The log's own key under a name that pins the right record by the wrong authority."""
    author = whole_author()
    author.origin = author.origin.replace("cec.example", "cec2.example")
    author.publish_log()
    assert codes(author.audit()) == [("WRONG_ELECTION", 0)]


def test_a_log_whose_name_pins_no_election_is_not_judged() -> None:
    author = whole_author()
    author.origin = "example.org/log"
    author.publish_log()
    verdict = author.audit()
    assert verdict.ok is None and verdict.error is not None and verdict.error.code == "BAD_ORIGIN"


def test_the_quorum_is_asked_for() -> None:
    witness = CosignatureSigner("w.example", WITNESS, lambda: 1_800_000_000)
    log = log_only_policy(Ed25519NoteSigner(AUTHOR.origin, LOG_KEY).key).logs
    policy = Policy(log, (PolicyWitness(b"w", witness.key),), (), b"w")
    assert with_checkpoint(AUTHOR.files[CHECKPOINT], policy) == [("QUORUM_NOT_MET", None)]
    assert with_checkpoint(cosign_checkpoint(AUTHOR.files[CHECKPOINT], witness), policy) == []


@pytest.mark.parametrize("changes", [{"size": 9}, {"size": 17}, {"root": AUTHOR.root(3)}])
def test_a_signed_checkpoint_that_the_entries_do_not_make_fails(changes: dict[str, Any]) -> None:
    assert with_checkpoint(AUTHOR.checkpoint(**changes)) != []


def test_an_empty_log_says_nothing() -> None:
    author = Author()
    author.night.entries.clear()
    author.publish_log()
    verdict = author.audit()
    assert codes(verdict) == [("EMPTY_LOG", None)] and verdict.tree_size == 0


def test_a_folder_that_is_no_publication_is_no_verdict() -> None:
    verdict = audit_files({}, AUTHOR.policy())
    assert verdict.ok is None and verdict.error is not None and verdict.error.code == "NOT_A_PUBLICATION"


def test_nothing_else_is_read_under_a_bad_checkpoint() -> None:
    source = MemorySource({**AUTHOR.files, CHECKPOINT: AUTHOR.checkpoint(STRANGER)})
    audit(source, AUTHOR.policy(), lambda seconds: None, ())
    assert source.reads == [CHECKPOINT]


def test_more_entries_than_this_program_takes_on_are_not_judged() -> None:
    verdict = audit_files({CHECKPOINT: AUTHOR.checkpoint(size=2**40)}, AUTHOR.policy())
    assert verdict.ok is None and verdict.error is not None and verdict.error.code == "TREE_TOO_LARGE"


def test_a_changed_election_under_the_same_name_fails() -> None:
    """Another election record, with a log, a name and a key of its own, does not pass under this policy."""
    author = whole_author()
    election = author.night.fold.definition.election
    assert election is not None
    author.origin = msgspec.structs.replace(election, polls_close=5).origin()
    author.publish_log()
    assert codes(audit_files(author.files, AUTHOR.policy())) == [("NO_KNOWN_SIGNATURE", None)]
    assert codes(author.audit()) == [("WRONG_ELECTION", 0)]
