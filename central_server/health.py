"""What the server says about itself: public facts, for a monitor and for agents. Read often, so that it asks no disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from central_server.append_queue import AppendQueue
from central_server.devices import Roster


class FollowerHealth(Protocol):
    """``problem``: the code of what keeps a follower from following, None when all is well."""

    @property
    def problem(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class FollowerReport:
    """A follower by name: its problem, and numbers that say how far it has come."""

    name: str
    health: FollowerHealth
    numbers: Callable[[], Mapping[str, int | None]]


class Health:
    """``failing``: appends fail. ``degraded``: records are taken, and publication or anchors do not keep up."""

    def __init__(self, roster: Roster, queue: AppendQueue, followers: tuple[FollowerReport, ...]) -> None:
        self._roster = roster
        self._queue = queue
        self._followers = followers

    def read(self) -> dict[str, object]:
        problems = [follower.health.problem for follower in self._followers]
        status = "failing" if self._queue.problem else "degraded" if any(problems) else "ok"
        followers = {
            follower.name: {"problem": problem, **follower.numbers()}
            for follower, problem in zip(self._followers, problems, strict=True)
        }
        return {
            "status": status,
            "election_id": self._roster.election_id.hex(),
            "devices": len(self._roster),
            "ingest": {
                "problem": self._queue.problem,
                "waiting": self._queue.waiting,
                "appended": self._queue.appended,
            },
            **followers,
        }
