"""Policies: the file's rules one by one, quorums, and checkpoints judged by both."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.checkpoint import Checkpoint, cosign_checkpoint, sign_checkpoint
from ledger.cosignature import CosignatureSigner
from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.note import Ed25519NoteSigner
from ledger.policy import (
    MAX_ITEMS,
    MAX_POLICY,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
    encode_policy,
    log_only_policy,
    parse_policy,
    verify_checkpoint_with_policy,
)
from ledger.primitives import Hash
from ledger.signing import Ed25519Signer
from ledger.vkey import KeyType, NoteKey, encode_vkey

ORIGIN = "log.example/election/1"
LOG = Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes(32)))
WITNESSES = [
    CosignatureSigner(f"w{n}.example", Ed25519Signer(hashlib.sha256(b"%d" % n).digest()), lambda: 1) for n in range(3)
]
L = encode_vkey(LOG.key)
W = [encode_vkey(witness.key) for witness in WITNESSES]
THREE = f"log {L}\nwitness a {W[0]}\nwitness b {W[1]}\nwitness c {W[2]}\n"


def sign(*witnesses: CosignatureSigner, log: Ed25519NoteSigner = LOG) -> bytes:
    note = sign_checkpoint(Checkpoint(log.key.name, 7, Hash(bytes(32))), log)
    for witness in witnesses:
        note = cosign_checkpoint(note, witness)
    return note


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises((FormatError, SignatureError)) as caught:
        call()
    return caught.value.code


@pytest.mark.independent
def test_quorums_are_met_as_by_another_implementation(repository: Path) -> None:
    vectors: Any = json.loads((repository / "tests/vectors/c2sp/policies.json").read_text())
    assert len(vectors) == 9
    for case in vectors:
        policy = parse_policy(case["policy"].encode())
        assert parse_policy(encode_policy(policy)) == policy
        for mask, met in case["verdicts"].items():
            cosigned = {witness.key for bit, witness in enumerate(policy.witnesses) if int(mask) >> bit & 1}
            assert policy.accepts(cosigned) == met, (case["policy"], mask)


def test_a_policy_of_one_log() -> None:
    policy = log_only_policy(LOG.key, b"https://log.example")
    assert encode_policy(policy) == f"log {L} https://log.example\nquorum none\n".encode()
    assert parse_policy(encode_policy(policy)) == policy
    assert verify_checkpoint_with_policy(sign(), policy).size == 7


def test_comments_whitespace_and_octets() -> None:
    data = b"\t# \xff comment\n \n" + f"log\t {L}  \n witness \u212a {W[0]}\nwitness K {W[1]} ".encode()
    data += b"u\xfe\ngroup \xff 1 K\nquorum \xff\n"
    policy = parse_policy(data)
    assert [witness.name for witness in policy.witnesses] == ["\u212a".encode(), b"K"]
    assert policy.witnesses[1].url == b"u\xfe"
    assert policy.groups == (PolicyGroup(b"\xff", 1, (b"K",)),)
    assert parse_policy(encode_policy(policy)) == policy


@pytest.mark.parametrize(
    "data",
    [
        "",
        f"log {L}\n",
        "quorum none",
        "quorum none\nquorum none\n",
        "quorum\n",
        "quorum none none\n",
        "Quorum none\n",
        "quorum none # comment\n",
        "quorum none\r\n",
        "quorum none\x0b\n",
        "quorum none\x7f\n",
        "log\nquorum none\n",
        f"log {L} url url\nquorum none\n",
        f"log {L}\nlog {L} url\nquorum none\n",
        f"log {W[0]}\nquorum none\n",
        f"log {L[:-4]}\nquorum none\n",
        f"witness a {L}\nquorum none\n",
        f"witness a\nwitness b {W[0]}\nquorum none\n",
        f"witness a {W[0]} url url\nquorum none\n",
        f"witness none {W[0]}\nquorum none\n",
        f"witness a {W[0]}\nwitness a {W[1]}\nquorum none\n",
        f"witness a {W[0]}\nwitness b {W[0]}\nquorum none\n",
        THREE + "quorum d\n",
        "quorum a\n" + THREE,
        THREE + "group g any\nquorum g\n",
        THREE + "group g 0 a\nquorum g\n",
        THREE + "group g 3 a b\nquorum g\n",
        THREE + "group g 01 a b\nquorum g\n",
        THREE + "group g +1 a b\nquorum g\n",
        THREE + "group g -1 a b\nquorum g\n",
        THREE + "group g most a b\nquorum g\n",
        THREE + "group g any a a\nquorum g\n",
        THREE + "group g any a\ngroup h any a b\nquorum h\n",
        THREE + "group g any g\nquorum g\n",
        THREE + "group g any h\ngroup h any a\nquorum g\n",
        THREE + "group g any none\nquorum g\n",
        THREE + "group none any a\nquorum none\n",
        THREE + "group a any b\nquorum a\n",
    ],
)
def test_files_that_break_a_rule_are_refused(data: str) -> None:
    assert code_of(lambda: parse_policy(data.encode())) == "BAD_POLICY"


def test_the_same_public_key_under_another_name_is_the_same_witness() -> None:
    other = NoteKey("other.example", KeyType.COSIGNATURE_ED25519, WITNESSES[0].key.public_key)
    data = f"witness a {W[0]}\nwitness b {encode_vkey(other)}\nquorum none\n"
    assert code_of(lambda: parse_policy(data.encode())) == "BAD_POLICY"


def test_an_error_names_its_line() -> None:
    with pytest.raises(FormatError, match="line 2 "):
        parse_policy(b"quorum none\njunk\n")


def test_a_key_of_an_unknown_type_cannot_be_judged() -> None:
    data = b"log a+00000000+/w==\nquorum none\n"
    with pytest.raises(UnjudgeableError):
        parse_policy(data)


def test_bounds() -> None:
    keys = [NoteKey("k", KeyType.COSIGNATURE_ED25519, bytes(31) + bytes([n])) for n in range(MAX_ITEMS + 1)]
    witnesses = [PolicyWitness(b"w%d" % n, key) for n, key in enumerate(keys)]
    groups = [PolicyGroup(b"g%d" % n, 1, (b"w%d" % n,)) for n in range(MAX_ITEMS + 1)]
    logs = [PolicyLog(NoteKey("k", KeyType.ED25519, key.public_key)) for key in keys]
    largest = Policy(tuple(logs[:-1]), tuple(witnesses[:-1]), tuple(groups[:-1]))
    assert parse_policy(encode_policy(largest)) == largest
    assert code_of(lambda: encode_policy(Policy(tuple(logs)))) == "BAD_POLICY"
    assert code_of(lambda: encode_policy(Policy((), tuple(witnesses)))) == "BAD_POLICY"
    assert code_of(lambda: encode_policy(Policy((), tuple(witnesses), tuple(groups)))) == "BAD_POLICY"
    assert code_of(lambda: parse_policy(b"#" * MAX_POLICY + b"\n")) == "POLICY_TOO_LONG"


def test_a_policy_that_would_be_read_back_as_another_is_not_written() -> None:
    for url in (b"a b", b"", b"a\nquorum none"):
        with pytest.raises(FormatError):
            encode_policy(log_only_policy(LOG.key, url))


def test_the_quorum_decides() -> None:
    policy = parse_policy((THREE + "group g 2 a b c\nquorum g\n").encode())
    assert code_of(lambda: verify_checkpoint_with_policy(sign(), policy)) == "QUORUM_NOT_MET"
    assert code_of(lambda: verify_checkpoint_with_policy(sign(WITNESSES[1]), policy)) == "QUORUM_NOT_MET"
    verified = verify_checkpoint_with_policy(sign(WITNESSES[1], WITNESSES[2]), policy)
    assert len(verified.signatures) == 3


def test_one_witness_twice_counts_once() -> None:
    policy = parse_policy((THREE + "group g 2 a b c\nquorum g\n").encode())
    assert code_of(lambda: verify_checkpoint_with_policy(sign(WITNESSES[0], WITNESSES[0]), policy)) == "QUORUM_NOT_MET"


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    stranger = Ed25519NoteSigner("other.example", Ed25519Signer(b"\x01" * 32))
    policy = parse_policy((THREE + "quorum a\n").encode())
    note = sign(WITNESSES[0], log=stranger)
    assert code_of(lambda: verify_checkpoint_with_policy(note, policy)) == "NOT_BY_LOG"
    assert code_of(lambda: verify_checkpoint_with_policy(sign(log=stranger), policy)) == "NO_KNOWN_SIGNATURE"
    assert code_of(lambda: verify_checkpoint_with_policy(sign(), Policy(()))) == "NO_KNOWN_SIGNATURE"


def test_each_listed_log_is_accepted_under_its_own_name() -> None:
    """A successor's key cannot sign for its predecessor."""
    successor = Ed25519NoteSigner("log.example/election/2", Ed25519Signer(b"\x01" * 32))
    policy = Policy((PolicyLog(LOG.key), PolicyLog(successor.key)))
    assert verify_checkpoint_with_policy(sign(log=successor), policy).origin == "log.example/election/2"
    passed_off = Ed25519NoteSigner(ORIGIN, Ed25519Signer(b"\x01" * 32))
    assert code_of(lambda: verify_checkpoint_with_policy(sign(log=passed_off), policy)) == "NO_KNOWN_SIGNATURE"
