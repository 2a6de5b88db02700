"""Real blocks verify, in every round; and each single rule refuses what breaks it alone."""

import pytest

from ledger.anchor.block_header import BlockHeader, header_of_block, parse_header
from ledger.anchor.primitives import Address
from ledger.anchor.qbft import block_hash, quorum, verify_seals
from ledger.errors import FormatError, TunukError, VerificationError
from tests.unit.ledger.anchor.qbft_blocks import CASES, header, seals_of, validators, with_extra

ONE = "one-anchor"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def refusal(broken: BlockHeader, pinned: list[Address]) -> str:
    with pytest.raises(TunukError) as caught:
        verify_seals(broken, pinned)
    return caught.value.code


@pytest.mark.parametrize("name", CASES)
def test_recorded_blocks_verify(name: str) -> None:
    case, block = CASES[name], verify_seals(header(name), validators(name))
    assert "0x" + block.hash.hex() == case["block"]["hash"]
    assert block.round == case["round"]
    assert sorted("0x" + one.hex() for one in block.sealers) == sorted(text.lower() for text in case["sealed_by"])
    assert (block.header.number, block.header.timestamp) == (
        int(case["block"]["number"], 16), int(case["block"]["timestamp"], 16),
    )  # fmt: skip
    assert parse_header(block.header.encode()) == block.header


def test_quorum_is_two_thirds_rounded_up() -> None:
    assert [quorum(count) for count in (1, 2, 3, 4, 5, 6, 7, 100)] == [1, 2, 2, 3, 4, 4, 5, 67]


def test_one_of_three_seals_twice() -> None:
    first, second, _ = seals_of(header(ONE))
    assert refusal(with_extra(header(ONE), 4, [first, second, second]), validators(ONE)) == "SEAL_INVALID"


def test_the_other_spelling_of_a_seal() -> None:
    """r, n - s with the other recovery id is a signature by the same key."""
    first, second, third = seals_of(header(ONE))
    s = ORDER - int.from_bytes(third[32:64], "big")
    other = third[:32] + s.to_bytes(32, "big") + bytes([third[64] ^ 1])
    assert refusal(with_extra(header(ONE), 4, [first, second, other]), validators(ONE)) == "SEAL_INVALID"


def test_two_of_four() -> None:
    assert refusal(with_extra(header(ONE), 4, seals_of(header(ONE))[:2]), validators(ONE)) == "SEALS_TOO_FEW"


def test_a_validator_that_is_not_pinned() -> None:
    """The header lists it, and it has sealed: what counts is the observer's list."""
    sealer = Address.from_hex(CASES[ONE]["sealed_by"][0][2:].lower())
    rest = [one for one in validators(ONE) if one != sealer]
    assert refusal(header(ONE), rest) == "VALIDATORS_DIFFER"
    assert refusal(with_extra(header(ONE), 1, []), [*rest, Address(bytes(20))]) == "SEAL_FOREIGN"


def test_another_round_than_was_sealed() -> None:
    name = "one-stopped-round-1"
    for rounds in (b"", b"\x02"):
        assert refusal(with_extra(header(name), 3, rounds), validators(name)) in ("SEAL_FOREIGN", "SEAL_INVALID")


def test_seals_of_another_block() -> None:
    moved = with_extra(header(ONE), 4, seals_of(header("after-halt")))
    assert refusal(moved, validators(ONE)) in ("SEAL_FOREIGN", "SEAL_INVALID")


@pytest.mark.parametrize("place", range(12))
def test_any_changed_field(place: int) -> None:
    fields = list(header(ONE).fields)
    fields[place] = bytes([*fields[place][:-1], fields[place][-1] ^ 1])
    assert refusal(BlockHeader(tuple(fields)), validators(ONE)) in ("SEAL_FOREIGN", "SEAL_INVALID")


def test_another_consensus() -> None:
    fields = list(header(ONE).fields)
    fields[13] = bytes(32)
    assert refusal(BlockHeader(tuple(fields)), validators(ONE)) == "NOT_QBFT"


def test_no_validators_vouch_for_nothing() -> None:
    assert refusal(with_extra(with_extra(header(ONE), 1, []), 4, []), []) == "SEALS_TOO_FEW"


@pytest.mark.parametrize("extra", [b"", b"\xc0", bytes(97), b"\xf8"])
def test_extra_data_of_other_chains(extra: bytes) -> None:
    assert refusal(header(ONE).with_extra_data(extra), validators(ONE)) in ("BAD_EXTRA_DATA", "BAD_RLP")


def test_the_hash_does_not_depend_on_who_sealed() -> None:
    fewer = with_extra(header(ONE), 4, seals_of(header(ONE))[:1])
    assert block_hash(fewer) == block_hash(header(ONE)) != header(ONE).hash


def test_a_block_that_lacks_a_field_is_refused() -> None:
    block = {name: value for name, value in CASES[ONE]["block"].items() if name != "stateRoot"}
    with pytest.raises(FormatError):
        header_of_block(block)
    with pytest.raises(VerificationError):
        verify_seals(header(ONE).with_extra_data(header("vote").extra_data), validators(ONE))
