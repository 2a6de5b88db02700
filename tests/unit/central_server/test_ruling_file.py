"""A ruling's file: who may add a signature, what is shown of it, and the record that it becomes."""

from pathlib import Path

import msgspec
import pytest

from central_server.ruling_file import NamedKey, RulingFile, make_ruling_file, read_ruling, write_ruling
from central_server.ruling_words import LANGUAGES, describe
from ledger.election import RoleKey
from ledger.errors import ConflictError, FormatError, SignatureError, TunukError
from ledger.record import parse_record, sign_record, verify_record
from ledger.rulings import Ruling
from ledger.signing import CryptographyVerifier, Ed25519Signer
from tests.unit.ledger.election_factory import DEVICE_KEYS, OFFICIAL_KEYS, Night, small_night, tally
from tests.unit.ledger.ruling_factory import (
    NEW_KEY,
    act,
    decision,
    leaf,
    other_chain,
    replacement,
    returned,
)

KEYS = [NamedKey(key.public_key.key_id.hex(), f"o{place}", "official") for place, key in enumerate(OFFICIAL_KEYS[:2])]


@pytest.fixture
def night() -> Night:
    night = small_night()
    night.say(tally(night), DEVICE_KEYS[0])
    night.say(tally(night, votes=7, seq=2), DEVICE_KEYS[0])
    return night


def every_ruling(night: Night) -> list[Ruling]:
    definition = night.fold.definition
    key_id = bytes(OFFICIAL_KEYS[0].public_key.key_id)
    return [
        decision(night, "correct", leaf(night), supersedes=leaf(night, -2)),
        decision(night, "annul", leaf(night, -2), unit="101", contests=(1, 2)),
        decision(night, "reinstate", leaf(night)),
        decision(night, "out_of_use", urn="u1"),
        act(night, "grant_role", role=RoleKey("official", "o3", NEW_KEY.public_key)),
        act(night, "revoke_key", key_id=key_id),
        act(night, "replace_device", key_id=key_id, device=replacement(night)),
        act(night, "amend_contest", contest=definition.contests[1]),
        act(night, "amend_unit", unit=definition.units["101"]),
        act(night, "succeed_chain", chain=other_chain()),
        returned(night),
    ]


def file_of(night: Night, body: Ruling | None = None) -> RulingFile:
    return make_ruling_file(body or every_ruling(night)[0], night.entries[-2:], KEYS)


def test_two_signatures_make_the_record(night: Night, tmp_path: Path) -> None:
    """The same bytes as when both sign at one place, in whichever order; written and read in between."""
    body = every_ruling(night)[0]
    for order in (OFFICIAL_KEYS[:2], OFFICIAL_KEYS[1::-1]):
        file = file_of(night)
        for signer in order:
            write_ruling(tmp_path / "r.json", file.sign(signer))
            file = read_ruling(tmp_path / "r.json")
        assert file.record() == sign_record(body, OFFICIAL_KEYS[:2])
    record = parse_record(file.record())
    assert verify_record(record, night.fold.definition, CryptographyVerifier()).body == body


def test_who_may_not_sign_is_told_so(night: Night) -> None:
    signed = file_of(night).sign(OFFICIAL_KEYS[0])
    with pytest.raises(ConflictError) as again:
        signed.sign(OFFICIAL_KEYS[0])
    with pytest.raises(SignatureError) as stranger:
        signed.sign(Ed25519Signer(bytes([99]) * 32))
    second = NamedKey(Ed25519Signer(bytes([98]) * 32).public_key.key_id.hex(), "o0", "official")
    with pytest.raises(ConflictError) as person:
        msgspec.structs.replace(signed, officials=(*KEYS, second)).sign(Ed25519Signer(bytes([98]) * 32))
    with pytest.raises(FormatError) as nobody:
        file_of(night).record()
    codes = [one.value.code for one in (again, stranger, person, nobody)]
    assert codes == ["SIGNED_ALREADY", "NOT_AN_OFFICIAL", "ONE_PERSON", "NOT_SIGNED"]


def test_every_ruling_is_shown_in_every_language(night: Night) -> None:
    """From its own bytes, and the tallies from the entries that it names."""
    shown = set()
    for body in every_ruling(night):
        for language in LANGUAGES:
            words = "\n".join(describe(file_of(night, body), language))
            assert night.election_id.hex() in words
            shown.add(words)
    assert len(shown) == 3 * len(every_ruling(night))
    correct = "\n".join(describe(file_of(night), "en"))
    assert "1: 8, 2: 8, 3: 8" in correct and "1: 6, 2: 6, 3: 6" in correct


def test_an_entry_that_is_not_what_is_named_is_not_shown(night: Night) -> None:
    """A file that says another tally than the ruling names shows that it does not know."""
    other = sign_record(tally(night, votes=1, seq=3), [DEVICE_KEYS[0]])
    file = make_ruling_file(every_ruling(night)[0], [other], KEYS)
    assert "this file does not hold the entry" in "\n".join(describe(file, "en"))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"format":"tunuk-ruling/1"}'])
def test_what_is_no_ruling_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "r.json"
    with pytest.raises(TunukError) as absent:
        read_ruling(path)
    path.write_bytes(data)
    with pytest.raises(FormatError) as damaged:
        read_ruling(path)
    assert (absent.value.code, damaged.value.code) == ("RULING_MISSING", "BAD_RULING")
