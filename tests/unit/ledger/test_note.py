"""Signed notes: every note that another implementation made and judged, and what is refused at each edge."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.cosignature import CosignatureSigner
from ledger.errors import FormatError, SignatureError, TunukError
from ledger.note import (
    MAX_NOTE,
    MAX_SIGNATURES,
    MAX_TEXT,
    Ed25519NoteSigner,
    NoteSignature,
    encode_note,
    parse_note,
    sign_note,
    sign_text,
    verify_note,
)
from ledger.signing import Ed25519Signer
from ledger.vkey import KeyType, NoteKey, encode_vkey, parse_vkey

TEXT = b"log.example\n1\nx\n"


def signer(name: str) -> Ed25519NoteSigner:
    return Ed25519NoteSigner(name, Ed25519Signer(hashlib.sha256(name.encode()).digest()))


def cosigner(name: str, time: int) -> CosignatureSigner:
    return CosignatureSigner(name, Ed25519Signer(hashlib.sha256(name.encode()).digest()), lambda: time)


def code_of(data: bytes, *keys: NoteKey) -> str:
    with pytest.raises(TunukError) as caught:
        verify_note(parse_note(data), keys)
    return caught.value.code


@pytest.fixture(scope="module")
def vectors(repository: Path) -> Any:
    return json.loads((repository / "tests/vectors/c2sp/notes.json").read_text())


@pytest.mark.independent
def test_each_note_is_judged_as_by_another_implementation(vectors: Any) -> None:
    keys = [parse_vkey(vkey) for vkey in [vectors["log"], *vectors["witnesses"]]]
    assert len(vectors["cases"]) > 45
    for case in vectors["cases"]:
        data = base64.b64decode(case["note"])
        signers: list[str] = []
        try:
            note = parse_note(data)
            assert encode_note(note.text, note.signatures) == data
            verified = verify_note(note, keys)
            verdict = "good"
            signers = [f"{found.key.name}+{found.key.key_id.hex()}" for found in verified.signatures]
        except FormatError:
            verdict = "malformed"
        except SignatureError as error:
            verdict = {"BAD_SIGNATURE": "bad signature", "NO_KNOWN_SIGNATURE": "no known signature"}[error.code]
        assert (verdict, signers) == (case["verdict"], case["signers"]), case["what"]


@pytest.mark.independent
def test_a_note_signed_here_is_the_one_signed_elsewhere(vectors: Any) -> None:
    made = sign_note(vectors["text"].encode(), [signer(vectors["origin"])])
    assert made == base64.b64decode(vectors["cases"][0]["note"])
    assert encode_vkey(signer(vectors["origin"]).key) == vectors["log"]


@pytest.mark.independent
def test_a_cosignature_made_here_is_the_one_made_elsewhere(vectors: Any) -> None:
    note = parse_note(base64.b64decode(vectors["cases"][1]["note"]))
    for line, vkey in zip(note.signatures[1:], vectors["witnesses"], strict=True):
        witness = cosigner(line.name, int.from_bytes(line.signature[:8]))
        assert encode_vkey(witness.key) == vkey
        assert sign_text(note.text, witness) == line


@pytest.mark.independent
def test_an_ml_dsa_cosignature_made_elsewhere_is_verified(vectors: Any) -> None:
    data = base64.b64decode(next(case["note"] for case in vectors["cases"] if "ML-DSA" in case["what"]))
    log, cosigner_key = parse_vkey(vectors["log"]), parse_vkey(vectors["mldsa"])
    assert cosigner_key.key_type is KeyType.COSIGNATURE_MLDSA44
    assert encode_vkey(cosigner_key) == vectors["mldsa"]
    note = parse_note(data)
    assert [found.key for found in verify_note(note, [log, cosigner_key]).signatures] == [log, cosigner_key]
    line = note.signatures[1]
    for at in (0, 7, 8, 2427):
        changed = bytearray(line.signature)
        changed[at] ^= 1
        bad = encode_note(note.text, [note.signatures[0], NoteSignature(line.name, line.key_id, bytes(changed))])
        assert code_of(bad, log, cosigner_key) == "BAD_SIGNATURE"


def test_a_cosignature_carries_its_time() -> None:
    witness = cosigner("w.example", 1_700_000_000)
    verified = verify_note(parse_note(sign_note(TEXT, [witness])), [witness.key])
    assert [found.timestamp for found in verified.signatures] == [1_700_000_000]
    assert verified.text == TEXT


def test_a_cosignature_for_another_time_is_refused() -> None:
    witness = cosigner("w.example", 1_700_000_000)
    line = sign_text(TEXT, witness)
    later = NoteSignature(line.name, line.key_id, (1_700_000_001).to_bytes(8) + line.signature[8:])
    assert code_of(encode_note(TEXT, [later]), witness.key) == "BAD_SIGNATURE"


def test_a_cosignature_past_the_last_time_is_refused() -> None:
    assert code_of(sign_note(TEXT, [late := cosigner("w.example", 2**63)]), late.key) == "BAD_SIGNATURE"


def test_a_plain_signature_is_no_cosignature() -> None:
    """The same name and key bytes under another type is another key."""
    plain, witness = signer("w.example"), cosigner("w.example", 0)
    assert code_of(sign_note(TEXT, [plain]), witness.key) == "NO_KNOWN_SIGNATURE"
    passed_off = NoteSignature("w.example", witness.key.key_id, bytes(8) + plain.sign(TEXT))
    assert code_of(encode_note(TEXT, [passed_off]), witness.key) == "BAD_SIGNATURE"


@pytest.mark.parametrize("length", [0, 1, 63, 65, 72])
def test_a_known_key_s_signature_of_another_length_is_refused(length: int) -> None:
    key = signer("log.example").key
    data = encode_note(TEXT, [NoteSignature(key.name, key.key_id, bytes(max(length, 1)))])
    assert code_of(data, key) == "BAD_SIGNATURE"
    witness = cosigner("log.example", 0).key
    data = encode_note(TEXT, [NoteSignature(witness.name, witness.key_id, bytes(max(length, 1)))])
    assert code_of(data, witness) == "BAD_SIGNATURE"


def test_lengths_do_not_depend_on_the_verifier() -> None:
    class Lenient:
        def verify(self, public_key: bytes, signature: bytes, message: bytes) -> None:
            """Accepts everything."""

    key = signer("log.example").key
    note = parse_note(encode_note(TEXT, [NoteSignature(key.name, key.key_id, bytes(65))]))
    with pytest.raises(SignatureError):
        verify_note(note, [key], Lenient())


def test_one_bad_line_of_a_known_key_rejects_a_note_with_good_ones() -> None:
    good, other = signer("a.example"), signer("b.example")
    bad = NoteSignature("b.example", other.key.key_id, other.sign(b"other\n"))
    data = encode_note(TEXT, [sign_text(TEXT, good), bad])
    assert code_of(data, good.key, other.key) == "BAD_SIGNATURE"
    verify_note(parse_note(data), [good.key])


def test_a_second_line_of_the_same_key_is_verified_too() -> None:
    good = signer("a.example")
    bad = NoteSignature("a.example", good.key.key_id, good.sign(b"other\n"))
    assert code_of(encode_note(TEXT, [sign_text(TEXT, good), bad]), good.key) == "BAD_SIGNATURE"


def test_bounds() -> None:
    line = sign_text(b"x\n", signer("a.example"))
    largest = b"x" * (MAX_TEXT - 1) + b"\n"
    assert len(parse_note(encode_note(largest, [line] * MAX_SIGNATURES)).signatures) == MAX_SIGNATURES
    too_long, too_many = (b"x" + largest, 1, "NOTE_TOO_LONG"), (b"x\n", MAX_SIGNATURES + 1, "TOO_MANY_SIGNATURES")
    for text, count, code in (too_long, too_many):
        with pytest.raises(FormatError) as caught:
            encode_note(text, [line] * count)
        assert caught.value.code == code
    assert code_of(b"x" * (MAX_NOTE + 1)) == "NOTE_TOO_LONG"
    assert code_of(b"x" + largest + b"\n\xe2\x80\x94 a AAAAAAA=\n") == "NOTE_TOO_LONG"
    assert code_of(b"x\n\n" + b"\xe2\x80\x94 a AAAAAAA=\n" * (MAX_SIGNATURES + 1)) == "TOO_MANY_SIGNATURES"


@pytest.mark.parametrize("text", [b"", b"no newline", b"x\r\n", b"\xff\n"])
def test_texts_that_no_note_holds_are_refused(text: bytes) -> None:
    with pytest.raises(FormatError):
        encode_note(text, [sign_text(text, signer("a.example"))])


def test_a_note_without_signatures_is_refused() -> None:
    with pytest.raises(FormatError):
        sign_note(TEXT, [])


def test_another_spelling_of_base64_is_refused() -> None:
    """The last digit's spare bits must be zero: one signature, one line."""
    assert code_of(b"x\n\n\xe2\x80\x94 a AAAAAAA=\n") == "NO_KNOWN_SIGNATURE"
    assert code_of(b"x\n\n\xe2\x80\x94 a AAAAAAB=\n") == "BAD_BASE64"


def test_known_keys_that_cannot_be_told_apart_are_refused() -> None:
    """Key ids are four bytes: two keys of one name and id are found by trying about 2**16 of them."""
    seen: dict[bytes, NoteKey] = {}
    for count in range(2**20):
        key = NoteKey("a", KeyType.ED25519, count.to_bytes(32))
        if seen.setdefault(key.key_id, key) != key:
            break
    with pytest.raises(FormatError) as caught:
        verify_note(parse_note(sign_note(TEXT, [signer("a")])), [key, seen[key.key_id]])
    assert caught.value.code == "AMBIGUOUS_KEYS"
