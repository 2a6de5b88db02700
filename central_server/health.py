"""What the server says about itself: public facts, for monitors and for agents. Read often, so that it asks no disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from central_server.append_queue import AppendQueue
from central_server.devices import Roster


@dataclass(frozen=True, slots=True)
class FollowerReport:
    """A follower by name: the code of what keeps it from following (None when all is well), and how far it has come."""

    name: str
    problem: Callable[[], str | None]
    numbers: Callable[[], Mapping[str, int | None]]


class Health:
    """``failing``: appends fail. ``degraded``: records are taken, and publication or anchors do not keep up."""

    def __init__(self, roster: Roster, queue: AppendQueue, followers: tuple[FollowerReport, ...]) -> None:
        self._roster = roster
        self._queue = queue
        self._followers = followers

    def read(self) -> dict[str, object]:
        problems = [follower.problem() for follower in self._followers]
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
