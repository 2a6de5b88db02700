"""What the agent remembers of urns beside their reports: who spoke, what was refused for good, and its own task.

    sitting   an urn's session: when it last said hello, how far its clock was off, and whether it has all its answers
    refusal   a report that was refused for good, so that people and a restarted agent know why it is missing
    task      an agent that is to end by itself has begun, and not come to its end yet

Kept in the outbox's file. Responsible for notes, which nothing that an urn was told depends on. Bounded: an urn that
makes up sessions without end is served, and no longer noted.
"""

import sqlite3
from dataclasses import dataclass

from urn_agent.link_events import ReportIdentity
from urn_agent.link_messages import FINAL_REPORT
from urn_agent.outbox_file import coded, writing

MAX_NOTES = 1_000
"""Rows of each kind; an election day has a handful."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """``heard_ms`` is Unix time of the last hello, in milliseconds; ``clock_offset_s`` the urn's clock minus ours."""

    urn: str
    session: int
    firmware: str
    heard_ms: int
    clock_offset_s: int | None
    is_answered: bool


@dataclass(frozen=True, slots=True)
class RefusedReport:
    """A report that was refused for good, and for which no other of its number was stored."""

    urn: str
    session: int
    number: int
    kind: int
    code: str


@dataclass(frozen=True, slots=True)
class Task:
    """What an agent that ended before its time was at: the sitting at its line, None before the first hello."""

    sitting: Sitting | None


class SittingBook:
    """Over the outbox's connection. Every method raises OutboxError; what notes is durable when it returns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def note_hello(self, sitting: Sitting) -> None:
        """The urn spoke; the task, if there is one, is with it now."""
        with writing(self._connection):
            self._connection.execute(
                "INSERT INTO sitting SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM sitting) < ?"
                " OR EXISTS (SELECT 1 FROM sitting WHERE urn = ? AND session = ?)"
                " ON CONFLICT (urn, session) DO UPDATE SET firmware = excluded.firmware, heard_ms = excluded.heard_ms,"
                " clock_offset_s = excluded.clock_offset_s, is_answered = excluded.is_answered",
                (
                    sitting.urn,
                    sitting.session,
                    sitting.firmware,
                    sitting.heard_ms,
                    sitting.clock_offset_s,
                    sitting.is_answered,
                    MAX_NOTES,
                    sitting.urn,
                    sitting.session,
                ),
            )
            self._connection.execute("UPDATE task SET urn = ?, session = ?", (sitting.urn, sitting.session))

    def note_answered(self, urn: str, session: int) -> None:
        """The urn has gone on: every answer up to here has arrived."""
        with writing(self._connection):
            statement = "UPDATE sitting SET is_answered = 1 WHERE urn = ? AND session = ?"
            self._connection.execute(statement, (urn, session))

    def note_refused(self, identity: ReportIdentity, kind: int, code: str, now_ms: int) -> None:
        """A report is about to be refused for good."""
        row = (identity.urn, identity.session, identity.number, bytes(identity.digest), kind, code, now_ms)
        with writing(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO refusal SELECT ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM refusal) < ?",
                (*row, MAX_NOTES),
            )

    def sittings(self) -> list[Sitting]:
        """All that were noted, the latest last."""
        query = "SELECT urn, session, firmware, heard_ms, clock_offset_s, is_answered FROM sitting ORDER BY heard_ms"
        with coded():
            rows = self._connection.execute(query).fetchall()
        return [
            Sitting(urn, session, firmware, heard_ms, offset_s, bool(is_answered))
            for urn, session, firmware, heard_ms, offset_s, is_answered in rows
        ]

    def refused(self) -> list[RefusedReport]:
        """Reports that are missing because they were refused for good."""
        query = (
            "SELECT urn, session, number, kind, code FROM refusal WHERE NOT EXISTS (SELECT 1 FROM report WHERE"
            " report.urn = refusal.urn AND report.session = refusal.session AND report.number = refusal.number)"
            " ORDER BY refused_ms"
        )
        with coded():
            return [RefusedReport(*row) for row in self._connection.execute(query)]

    def has_refused_final(self, urn: str, session: int) -> bool:
        """Whether a final report of this session was refused for good."""
        query = "SELECT 1 FROM refusal WHERE urn = ? AND session = ? AND kind = ? LIMIT 1"
        with coded():
            return self._connection.execute(query, (urn, session, FINAL_REPORT)).fetchone() is not None

    def begin_task(self) -> Task | None:
        """Note that a task begins; or, where one has not come to its end, what it was at."""
        connection = self._connection
        with writing(connection):
            row = connection.execute("SELECT urn, session FROM task").fetchone()
            if row is None:
                connection.execute("INSERT INTO task (id) VALUES (1)")
                return None
        return Task(next((one for one in self.sittings() if (one.urn, one.session) == row), None))

    def end_task(self) -> None:
        """The task is done, or given up for another."""
        with writing(self._connection):
            self._connection.execute("DELETE FROM task")
