"""How the publication follower ends when the server is told to stop."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from central_server.run_followers import PublicationFollower
from central_server.witnesses import QuorumError
from ledger.errors import TunukError
from ledger.store.durable import StorageError
from ledger.store.partial_tiles import PartialTiles


def make_follower(error: TunukError, told: list[str]) -> PublicationFollower:
    def step(*, closing: bool) -> None:
        assert closing
        raise error

    publisher: Any = SimpleNamespace(step=step)
    return PublicationFollower(
        publisher,
        30,
        lambda: None,
        PartialTiles(Path("unused"), "log.example", lambda: 0.0),
        lambda source, error: told.append(f"{source} {error.code}"),
    )


def test_a_stop_without_a_quorum_is_told_and_over_at_once() -> None:
    told: list[str] = []
    assert make_follower(QuorumError("WITNESS_QUORUM", "too few"), told).close()
    assert told == ["publication WITNESS_QUORUM"]


def test_any_other_failure_is_for_the_thread_to_try_again() -> None:
    with pytest.raises(StorageError):
        make_follower(StorageError("DISK_FULL", "full"), []).close()
