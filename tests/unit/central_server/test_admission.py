"""What requests hold together is bounded, and given back whatever becomes of them."""

import contextlib

import pytest

from central_server.admission import MAX_REQUESTS_OF_DEVICE, Admission
from central_server.http_errors import RequestError


def is_busy(office: Admission, device: str, length: int) -> bool:
    try:
        with office.admit(device, length):
            return False
    except RequestError as error:
        assert error.code == "BUSY"
        return True


def test_a_device_has_a_share() -> None:
    office = Admission()
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_REQUESTS_OF_DEVICE):
            stack.enter_context(office.admit("d0", 1))
        assert is_busy(office, "d0", 1)
        assert not is_busy(office, "d1", 1)
    assert not is_busy(office, "d0", 1)


def test_all_together_have_a_bound() -> None:
    office = Admission(10)
    with office.admit("d0", 6):
        assert is_busy(office, "d1", 5)
        assert not is_busy(office, "d1", 4)
    assert not is_busy(office, "d1", 10)


def test_a_failed_request_gives_its_room_back() -> None:
    office = Admission(10)
    with pytest.raises(ZeroDivisionError), office.admit("d0", 10):
        raise ZeroDivisionError
    assert not is_busy(office, "d0", 10)
