"""BBQr's reference implementation (npm ``bbqr`` 1.2.0) reads the codes that a proof is printed as."""

from collections.abc import Callable

import pytest

from ledger.observer.qr_sequence import encode_qr_sequence

pytestmark = [pytest.mark.independent, pytest.mark.slow]


@pytest.mark.parametrize(
    "data", [b"proof" * 1_000, bytes(range(256)) * 3, b"\x00"], ids=["packed", "plain", "one byte"]
)
def test_the_reference_implementation_joins_the_codes(bbqr: Callable[[str], bytes], data: bytes) -> None:
    assert bbqr("\n".join(reversed(encode_qr_sequence(data)))) == data
