"""The observer's way of signing transactions gives what eth-account gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.anchor.light_submitter import LightSubmitter
from ledger.anchor.primitives import Address
from ledger.anchor.submitter import KeySubmitter
from ledger.errors import FormatError


@given(
    st.binary(min_size=31, max_size=31),
    st.none() | st.binary(min_size=20, max_size=20),
    st.binary(max_size=300),
    st.integers(1, 2**53 - 1),
    st.integers(0, 2**32),
)
def test_it_signs_as_eth_account_does(key: bytes, to: bytes | None, data: bytes, chain_id: int, number: int) -> None:
    private = b"\x01" + key
    light, other = LightSubmitter(private), KeySubmitter(private)
    assert light.address == other.address
    receiver = None if to is None else Address(to)
    for nonce, gas, price in ((number, 300_000, 0), (0, number, 1)):
        fields = {"chain_id": chain_id, "nonce": nonce, "to": receiver, "data": data, "gas": gas, "gas_price": price}
        assert light.sign(**fields) == other.sign(**fields)  # type: ignore[arg-type]  # as named


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, bytes(31), bytes(33)])
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        LightSubmitter(key)
    assert caught.value.code == "BAD_SUBMITTER_KEY"
