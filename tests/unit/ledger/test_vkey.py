"""Verifier keys: one text for each, and a coded error for everything else."""

import pytest

from ledger.errors import FormatError, UnjudgeableError
from ledger.primitives import encode_base64
from ledger.vkey import MAX_NAME, KeyType, NoteKey, encode_vkey, parse_vkey

KEY = NoteKey("log.example/1", KeyType.ED25519, bytes(range(32)))
VKEY = encode_vkey(KEY)
_, ID, MATERIAL = VKEY.split("+", 2)


def test_a_vkey_is_read_back() -> None:
    sizes = {KeyType.ED25519: 32, KeyType.COSIGNATURE_ED25519: 32, KeyType.COSIGNATURE_MLDSA44: 1312}
    for key_type, size in sizes.items():
        key = NoteKey("log.example/1", key_type, bytes(size))
        assert parse_vkey(encode_vkey(key)) == key


def test_the_key_id_tells_names_and_types_apart() -> None:
    others = [NoteKey("log.example/2", KEY.key_type, KEY.public_key), NoteKey(KEY.name, KeyType(4), KEY.public_key)]
    assert len({key.key_id for key in [KEY, *others]}) == 3


def test_base64_may_hold_plus_signs() -> None:
    key = NoteKey("a", KeyType.ED25519, bytes(2) + b"\xfb\xef\xbe" * 10)
    assert encode_vkey(key).count("+") > 2
    assert parse_vkey(encode_vkey(key)) == key


@pytest.mark.parametrize(
    ("vkey", "code"),
    [
        ("", "BAD_VKEY"),
        ("log.example/1", "BAD_VKEY"),
        (f"log.example/1+{ID}", "BAD_VKEY"),
        (f"log.example/1+{ID}+", "BAD_VKEY"),
        (f"log.example/1+{ID}+%%", "BAD_BASE64"),
        (f"log.example/1+{ID}+{MATERIAL[:-1]}", "BAD_BASE64"),
        (f"log.example/1+00000000+{MATERIAL}", "BAD_VKEY"),
        (f"log.example/1+{ID[1:]}+{MATERIAL}", "BAD_VKEY"),
        (f"log.example/1+{ID.upper()}+{MATERIAL}", "BAD_VKEY"),
        (f"log.example/2+{ID}+{MATERIAL}", "BAD_VKEY"),
        (f"+{ID}+{MATERIAL}", "BAD_KEY_NAME"),
        (f"log example+{ID}+{MATERIAL}", "BAD_KEY_NAME"),
        (f"log\u2003example+{ID}+{MATERIAL}", "BAD_KEY_NAME"),
        (f"log\x01example+{ID}+{MATERIAL}", "BAD_KEY_NAME"),
        (f"{'x' * (MAX_NAME + 1)}+{ID}+{MATERIAL}", "BAD_KEY_NAME"),
        (f"log.example/1+{ID}+{encode_base64(bytes([1]) + bytes(31))}", "BAD_VKEY"),
        (f"log.example/1+{ID}+{encode_base64(bytes([6]) + bytes(32))}", "BAD_VKEY"),
        (f"{VKEY}\n", "BAD_BASE64"),
    ],
)
def test_other_texts_are_refused(vkey: str, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_vkey(vkey)
    assert caught.value.code == code


def test_a_name_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        NoteKey("\ud800", KeyType.ED25519, bytes(32))
    assert caught.value.code == "BAD_KEY_NAME"


@pytest.mark.parametrize("key_type", [0, 2, 3, 5, 255])
def test_key_types_that_are_not_known_cannot_be_judged(key_type: int) -> None:
    with pytest.raises(UnjudgeableError) as caught:
        parse_vkey(f"log.example/1+{ID}+{encode_base64(bytes([key_type]) + bytes(32))}")
    assert caught.value.code == "UNKNOWN_KEY_TYPE"
