"""Proofs as text: those that another implementation wrote, and every way in which one may be wrong."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.batch_proofs import batch_inclusion_proofs
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import FormatError, InclusionError, SignatureError, TunukError
from ledger.merkle import CompactRange, hash_leaf
from ledger.note import Ed25519NoteSigner
from ledger.policy import log_only_policy
from ledger.primitives import Hash
from ledger.proof import (
    MAX_EXTRA,
    MAX_HASHES,
    MAX_PROOF,
    TlogProof,
    encode_tlog_proof,
    encode_tlog_proofs,
    parse_tlog_proof,
    verify_tlog_proof,
)
from ledger.signing import Ed25519Signer
from ledger.vkey import parse_vkey

LOG = Ed25519NoteSigner("log.example", Ed25519Signer(bytes(32)))
ENTRIES = [b"entry %d" % index for index in range(6)]
LEAVES = [hash_leaf(entry) for entry in ENTRIES]
NOTE = sign_checkpoint(Checkpoint("log.example", 6, CompactRange.EMPTY.extend(LEAVES).root()), LOG)
PATHS = batch_inclusion_proofs(CompactRange.EMPTY, LEAVES)
PROOFS = [encode_tlog_proof(TlogProof(index, PATHS[index], NOTE)) for index in range(6)]
PROOF = PROOFS[4]


@pytest.mark.independent
def test_proofs_of_another_implementation_verify(repository: Path) -> None:
    folder = repository / "tests/vectors/c2sp"
    notes: Any = json.loads((folder / "notes.json").read_text())
    log = parse_vkey(notes["log"])
    cases: Any = json.loads((folder / "proofs.json").read_text())
    assert len(cases) == 6
    for case in cases:
        data = case["proof"].encode()
        proof = parse_tlog_proof(data)
        assert proof.extra == (case["extra"].encode() or None)
        assert encode_tlog_proof(proof) == data
        index, checkpoint = verify_tlog_proof(data, b"entry %d" % case["index"], log_only_policy(log))
        assert (index, checkpoint.size) == (case["index"], 300)


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    proofs = [TlogProof(index, path, NOTE, b"extra" if index == 3 else None) for index, path in enumerate(PATHS)]
    encoded = encode_tlog_proofs(proofs)
    assert encoded == [encode_tlog_proof(proof) for proof in proofs]
    assert [parse_tlog_proof(data) for data in encoded] == proofs
    assert encode_tlog_proofs([]) == []


def test_each_entry_is_proved_and_no_other() -> None:
    for index, data in enumerate(PROOFS):
        for entry in ENTRIES:
            if entry == ENTRIES[index]:
                assert verify_tlog_proof(data, entry, LOG.key).leaf_index == index
            else:
                with pytest.raises(InclusionError):
                    verify_tlog_proof(data, entry, LOG.key)


def test_the_signature_counts() -> None:
    stranger = Ed25519NoteSigner("log.example", Ed25519Signer(b"\x01" * 32))
    with pytest.raises(SignatureError) as caught:
        verify_tlog_proof(PROOF, ENTRIES[4], stranger.key)
    assert caught.value.code == "NO_KNOWN_SIGNATURE"


def test_any_flipped_bit_is_refused() -> None:
    for at in range(len(PROOF)):
        changed = bytearray(PROOF)
        changed[at] ^= 1
        with pytest.raises(TunukError):
            verify_tlog_proof(bytes(changed), ENTRIES[4], LOG.key)


LINE = Hash(bytes(32)).base64().encode() + b"\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        PROOF[:30],
        NOTE,
        PROOF.replace(b"@v1", b"@v2"),
        PROOF.replace(b"tlog-proof@v1\n", b"tlog-proof@v1\nextra \n"),
        PROOF.replace(b"tlog-proof@v1\n", b"tlog-proof@v1\nextra A\n"),
        PROOF.replace(b"tlog-proof@v1\n", b"tlog-proof@v1\nextra AA==\nextra AA==\n"),
        PROOF.replace(b"tlog-proof@v1\n", b"tlog-proof@v1\nextra\n"),
        PROOF.replace(b"tlog-proof@v1\n", b"tlog-proof@v1\nmore AA==\n"),
        PROOF.replace(b"index 4", b"index 04"),
        PROOF.replace(b"index 4", b"index -4"),
        PROOF.replace(b"index 4", b"index  4"),
        PROOF.replace(b"index 4", b"index "),
        PROOF.replace(b"index 4", b"index %d" % (2**63 - 1)),
        PROOF.replace(b"index 4", "index ٤".encode()),
        PROOF.replace(b"index 4\n", b""),
        PROOF.replace(b"index 4\n", b"index 4\nindex 4\n"),
        PROOF.replace(b"index 4\n", b"index 4\nAAAA\n"),
        PROOF.replace(b"index 4\n", b"index 4\n" + LINE * MAX_HASHES),
        PROOF.replace(b"index 4\n", b"index 4\n\n" + LINE),
        PROOF.replace(b"\n", b"\r\n"),
    ],
)
def test_other_texts_are_refused(data: bytes) -> None:
    assert data != PROOF
    with pytest.raises(FormatError):
        parse_tlog_proof(data)


def test_extra_data_is_kept_and_trusted_by_nobody() -> None:
    data = encode_tlog_proof(TlogProof(4, PATHS[4], NOTE, b"\x00extra"))
    assert parse_tlog_proof(data).extra == b"\x00extra"
    assert base64.b64encode(b"\x00extra") in data
    assert verify_tlog_proof(data, ENTRIES[4], LOG.key).leaf_index == 4


def test_a_proof_of_a_tree_of_one() -> None:
    note = sign_checkpoint(Checkpoint("log.example", 1, LEAVES[0]), LOG)
    assert verify_tlog_proof(encode_tlog_proof(TlogProof(0, (), note)), ENTRIES[0], LOG.key).leaf_index == 0


def test_the_path_s_length_counts() -> None:
    for path in (PATHS[4][1:], (*PATHS[4], LEAVES[0])):
        with pytest.raises(InclusionError):
            verify_tlog_proof(encode_tlog_proof(TlogProof(4, path, NOTE)), ENTRIES[4], LOG.key)


def test_bounds() -> None:
    largest = TlogProof(2**63 - 2, (LEAVES[0],) * MAX_HASHES, NOTE, bytes(MAX_EXTRA))
    assert parse_tlog_proof(encode_tlog_proof(largest)) == largest
    with pytest.raises(FormatError) as caught:
        parse_tlog_proof(bytes(MAX_PROOF + 1))
    assert caught.value.code == "PROOF_TOO_LONG"
    wrong: list[tuple[int, int, bytes | None]] = [(2**63 - 1, 0, None), (-1, 0, None), (0, 64, None), (0, 0, b"")]
    for index, hashes, extra in [*wrong, (0, 0, bytes(MAX_EXTRA + 1))]:
        with pytest.raises(FormatError) as caught:
            TlogProof(index, (LEAVES[0],) * hashes, NOTE, extra)
        assert caught.value.code == "BAD_PROOF"
    with pytest.raises(FormatError):
        TlogProof(0, (), b"no note")
