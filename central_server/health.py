"""What the server says about itself: public facts, for monitors and for agents. Read often, so that it asks no disk.

*Live*: the process answers. *Ready*: what it is sent is kept, namely appends work, log and guard agree, the disk has
room, no follower has ended, and nobody has told it to stop. Each reason against it is a code.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from central_server.append_queue import AppendQueue
from central_server.devices import Roster
from central_server.vitals import Vitals

STALE_SECONDS = 30.0
"""A watch that has not looked for so long has ended, or waits for a disk that does not answer."""

STOPPED = "STOPPED"
"""The problem of a follower that has ended and does not come back."""


@dataclass(frozen=True, slots=True)
class FollowerReport:
    """A follower by name: the code of what keeps it from following (None when all is well), and how far it has come."""

    name: str
    problem: Callable[[], str | None]
    numbers: Callable[[], Mapping[str, int | None]]


class Health:
    """``failing``: appends fail. ``degraded``: records are taken, but something else is wrong.

    Set ``stopping`` once the server is told to stop.
    """

    def __init__(
        self,
        roster: Roster,
        queue: AppendQueue,
        followers: tuple[FollowerReport, ...],
        read_vitals: Callable[[], Vitals],
        min_free_bytes: int,
        monotonic: Callable[[], float],
    ) -> None:
        self.roster = roster
        self.queue = queue
        self.followers = followers
        self.read_vitals = read_vitals
        self._min_free_bytes = min_free_bytes
        self._monotonic = monotonic
        self.stopping = False

    def problems(self) -> dict[str, str | None]:
        """The code of what is wrong by part of the server, None where nothing is."""
        vitals = self.read_vitals()
        is_low = vitals.free_bytes is not None and vitals.free_bytes < self._min_free_bytes
        return {
            "ingest": self.queue.problem,
            "log": vitals.log_problem,
            "disk": "DISK_LOW" if is_low else None,
            "watch": "WATCH_STALE" if self._monotonic() - vitals.seen > STALE_SECONDS else None,
            **{follower.name: follower.problem() for follower in self.followers},
        }

    def reasons(self) -> list[str]:
        """Why the server is not ready; empty when it is."""
        return [*self._reasons(self.problems())]

    def _reasons(self, problems: Mapping[str, str | None]) -> Iterator[str]:
        if self.stopping:
            yield "STOPPING"
        names = {follower.name for follower in self.followers}
        for part, code in problems.items():
            if code is not None and (part not in names or code == STOPPED):
                yield f"{part.upper()}_{code}" if part in names else code

    def read(self) -> dict[str, object]:
        """The whole, without what only the operator is told (free bytes)."""
        vitals, problems = self.read_vitals(), self.problems()
        reasons = [*self._reasons(problems)]
        failing = problems["ingest"] or problems["log"]
        followers: dict[str, dict[str, int | str | None]] = {
            follower.name: {"problem": problems[follower.name], **follower.numbers()} for follower in self.followers
        }
        lags = {
            "publication": (vitals.publication_lag, vitals.publication_lag_seconds),
            "anchoring": (vitals.anchor_lag, vitals.anchor_lag_seconds),
        }
        for name, (entries, seconds) in lags.items():
            if name in followers:
                followers[name] |= {"lag": entries, "lag_seconds": round(seconds)}
        return {
            "status": "failing" if failing else "degraded" if any(problems.values()) else "ok",
            "ready": not reasons,
            "reasons": reasons,
            "election_id": self.roster.election_id.hex(),
            "devices": len(self.roster),
            "ingest": {
                "problem": problems["ingest"],
                "waiting": self.queue.waiting,
                "appended": self.queue.appended,
            },
            "log": {"problem": problems["log"], "size": vitals.log_size},
            "disk": {"problem": problems["disk"]},
            **followers,
        }

    def read_all(self) -> dict[str, object]:
        """As read(), with what is for the operator alone."""
        vitals, document = self.read_vitals(), self.read()
        return document | {"disk": {"problem": self.problems()["disk"], "free_bytes": vitals.free_bytes}}
