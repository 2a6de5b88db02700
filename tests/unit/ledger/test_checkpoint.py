"""Checkpoints: one text for each tree head, signed by the log under its own name."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.checkpoint import (
    Checkpoint,
    cosign_checkpoint,
    encode_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from ledger.cosignature import CosignatureSigner
from ledger.errors import FormatError, SignatureError
from ledger.merkle import EMPTY_ROOT, MAX_TREE_SIZE
from ledger.note import Ed25519NoteSigner, sign_note
from ledger.primitives import Hash
from ledger.signing import Ed25519Signer
from ledger.vkey import parse_vkey

ORIGIN = "log.example/election/1"
ROOT = Hash(bytes(range(32)))
HEAD = Checkpoint(ORIGIN, 7, ROOT)
TEXT = encode_checkpoint(HEAD)
LOG = Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes(32)))
STRANGER = Ed25519NoteSigner("other.example", Ed25519Signer(b"\x01" * 32))
WITNESS = CosignatureSigner("w.example", Ed25519Signer(b"\x02" * 32), lambda: 1_700_000_000)


def test_a_text_is_three_lines_and_is_read_back() -> None:
    assert encode_checkpoint(HEAD) == f"{ORIGIN}\n7\n{ROOT.base64()}\n".encode()
    for head in (HEAD, Checkpoint(ORIGIN, MAX_TREE_SIZE, ROOT), Checkpoint(ORIGIN, 0, EMPTY_ROOT)):
        assert parse_checkpoint(encode_checkpoint(head)) == head


def test_extension_lines_are_kept_in_what_is_signed() -> None:
    head = Checkpoint(ORIGIN, 7, ROOT, ("one", "two three"))
    note = sign_checkpoint(head, LOG)
    assert parse_checkpoint(encode_checkpoint(head)) == head
    assert verify_checkpoint(note, LOG.key).note == note
    assert b"\ntwo three\n\n" in note


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        TEXT[:-1],
        TEXT + b"\n",
        TEXT + b"extension",
        TEXT + b"\nextension\n",
        b"\n" + TEXT,
        TEXT.replace(b"\n7\n", b"\n07\n"),
        TEXT.replace(b"\n7\n", b"\n+7\n"),
        TEXT.replace(b"\n7\n", b"\n-7\n"),
        TEXT.replace(b"\n7\n", b"\n7 \n"),
        TEXT.replace(b"\n7\n", b"\n\n"),
        TEXT.replace(b"\n7\n", b"\n0\n"),
        TEXT.replace(b"\n7\n", "\n\u0667\n".encode()),
        TEXT.replace(b"\n7\n", b"\n%d\n" % 2**63),
        TEXT.replace(b"\n7\n", b"\n1" + b"0" * 5000 + b"\n"),
        TEXT.replace(b"AAEC", b"AAE"),
        TEXT.replace(b"Hh8=", b"Hh9="),
        TEXT.replace(b"Hh8=", b"Hh8"),
        TEXT.replace(b"Hh8=", b"Hh8= "),
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b"log", b"l\x00g"),
        TEXT.replace(b"log", b"l\xffg"),
        f"{ORIGIN}\n7\n".encode(),
    ],
)
def test_other_texts_are_refused(text: bytes) -> None:
    assert text != TEXT
    with pytest.raises(FormatError) as caught:
        parse_checkpoint(text)
    assert caught.value.code == "BAD_CHECKPOINT"


@pytest.mark.parametrize(
    ("origin", "size", "extensions"),
    [("", 7, ()), ("a\nb", 7, ()), (ORIGIN, -1, ()), (ORIGIN, 2**63, ()), (ORIGIN, 0, ()), (ORIGIN, 7, ("",))],
)
def test_what_no_text_holds_is_refused(origin: str, size: int, extensions: tuple[str, ...]) -> None:
    with pytest.raises(FormatError):
        Checkpoint(origin, size, ROOT, extensions)


def test_the_log_s_signature_verifies() -> None:
    note = sign_checkpoint(HEAD, LOG)
    verified = verify_checkpoint(note, LOG.key)
    assert (verified.origin, verified.size, verified.root, verified.note) == (ORIGIN, 7, ROOT, note)
    assert [line.key for line in verified.signatures] == [LOG.key]


def test_a_log_signs_under_its_own_name_only() -> None:
    with pytest.raises(FormatError) as caught:
        sign_checkpoint(HEAD, STRANGER)
    assert caught.value.code == "WRONG_LOG_NAME"


def test_another_log_s_signature_is_not_enough() -> None:
    """A known log may not vouch for a head under another log's name, nor may a witness alone."""
    for signer in (STRANGER, WITNESS):
        note = sign_note(TEXT, [signer])
        with pytest.raises(SignatureError) as caught:
            verify_checkpoint(note, [LOG.key, STRANGER.key], [WITNESS.key])
        assert caught.value.code == "NOT_BY_LOG"


def test_a_witness_named_like_the_log_is_not_the_log() -> None:
    namesake = CosignatureSigner(ORIGIN, Ed25519Signer(b"\x02" * 32), lambda: 1_700_000_000)
    with pytest.raises(SignatureError) as caught:
        verify_checkpoint(sign_note(TEXT, [namesake]), LOG.key, [namesake.key])
    assert caught.value.code == "NOT_BY_LOG"


def test_a_cosignature_joins_the_log_s() -> None:
    note = cosign_checkpoint(sign_checkpoint(HEAD, LOG), WITNESS)
    verified = verify_checkpoint(note, [STRANGER.key, LOG.key], [WITNESS.key])
    assert [(line.key.name, line.timestamp) for line in verified.signatures] == [
        (ORIGIN, None),
        ("w.example", 1_700_000_000),
    ]
    assert verify_checkpoint(note, LOG.key).root == ROOT


def test_only_checkpoints_are_cosigned() -> None:
    with pytest.raises(FormatError):
        cosign_checkpoint(sign_note(b"any other text\n", [LOG]), WITNESS)


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(FormatError):
        verify_checkpoint(sign_note(f"{ORIGIN}\n".encode(), [LOG]), LOG.key)


def test_any_flipped_bit_is_refused() -> None:
    note = sign_checkpoint(HEAD, LOG)
    for at in range(len(note)):
        for bit in range(8):
            changed = bytearray(note)
            changed[at] ^= 1 << bit
            with pytest.raises((FormatError, SignatureError)):
                verify_checkpoint(bytes(changed), LOG.key)


@pytest.mark.independent
def test_a_checkpoint_of_another_implementation_verifies(repository: Path) -> None:
    vectors: Any = json.loads((repository / "tests/vectors/c2sp/notes.json").read_text())
    note = base64.b64decode(vectors["cases"][1]["note"])
    witnesses = [parse_vkey(vkey) for vkey in vectors["witnesses"]]
    verified = verify_checkpoint(note, parse_vkey(vectors["log"]), witnesses)
    assert (verified.origin, verified.size, len(verified.signatures)) == (vectors["origin"], 300, 5)
    head = Checkpoint(vectors["origin"], 300, verified.root)
    log = Ed25519NoteSigner(ORIGIN, Ed25519Signer(hashlib.sha256(ORIGIN.encode()).digest()))
    assert sign_checkpoint(head, log) == base64.b64decode(vectors["cases"][0]["note"])
