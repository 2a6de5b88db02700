"""The agent's durable memory: what urns reported, the signed records made of it, and what became of each.

Contract:
- ``store`` makes a report and its records durable in one transaction (SQLite, WAL, ``synchronous=FULL``), or neither.
  Only after it has returned may the urn be told so. The same report again stores nothing.
- Records form one chain per key: ``seq`` counts from 1, each record holds the leaf hash of the one before. The chain is
  bound to one key and one election; an outbox of another is refused.
- A record is pending until the log's receipt is kept (``receipted``) or the server refused it (``refused``). A refusal
  is nobody's signature: a refused record stays, is offered again now and then, and may still get its receipt.
- A receipt counts for as long as it holds under the pinned policy (``recall``): where a log has ended, its records go
  to the successor, and its receipts stay as evidence of what it promised.
  Nothing is ever deleted: what the urn was told is kept, is kept.
- The file is bounded. At the bound, or with the disk full, ``store`` raises and has written nothing.

Any number of processes and threads may open it, each with an Outbox of its own; SQLite serialises the writers.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ledger.primitives import Hash, KeyId
from urn_agent.link_events import ReportIdentity
from urn_agent.link_messages import FINAL_REPORT, JOURNAL_REPORT, TURNOUT_REPORT
from urn_agent.outbox_file import MAX_BYTES, OutboxError, coded, open_file, writing
from urn_agent.report_records import ChainedRecord, ChainHead
from urn_agent.sittings import SittingBook


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as it came over the line; ``received_ms`` is Unix time in milliseconds, by the agent's clock."""

    identity: ReportIdentity
    kind: int
    content: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """The log holds the record at ``log_index``; ``proof`` is the tlog-proof, verified by whoever keeps it here."""

    seq: int
    log_index: int
    proof: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server does not take the record as things are."""

    seq: int
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How many final reports are stored, and how many records have which outcome."""

    finals: int
    pending: int
    receipted: int
    refused: int


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record with what became of it, for ``status``."""

    seq: int
    urn: str
    session: int
    number: int
    kind: int
    state: Literal["pending", "receipted", "refused"]
    log_index: int | None
    code: str | None
    words: str | None


class Outbox:
    """One connection to the outbox; use it in the thread that opened it, and ``close`` it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.sittings = SittingBook(connection)

    @classmethod
    def open(cls, path: Path, key_id: KeyId, election_id: Hash, max_bytes: int = MAX_BYTES) -> "Outbox":
        """Open or make the file; the chain is bound to this key and election. Raises OutboxError."""
        return cls(open_file(path, key_id, election_id, max_bytes))

    def close(self) -> None:
        self._connection.close()

    def settled(self, urn: str, session: int) -> list[ReportIdentity]:
        """The reports of this session that are stored."""
        query = "SELECT number, digest FROM report WHERE urn = ? AND session = ?"
        with coded():
            rows = self._connection.execute(query, (urn, session)).fetchall()
        return [ReportIdentity(urn, session, number, Hash(digest)) for number, digest in rows]

    def store(self, report: StoredReport, sign: Callable[[ChainHead], Sequence[ChainedRecord]]) -> bool:
        """Keep the report and the records that ``sign`` makes after the chain's end; False where it is kept already.

        Durable when this returns. Raises OutboxError, and whatever ``sign`` raises; nothing is kept then.
        """
        identity = report.identity
        key = (identity.urn, identity.session, identity.number, bytes(identity.digest))
        connection = self._connection
        with writing(connection):
            known = "SELECT 1 FROM report WHERE urn = ? AND session = ? AND number = ? AND digest = ?"
            if connection.execute(known, key).fetchone():
                return False
            records = sign(self._head())
            cursor = connection.execute(
                "INSERT INTO report (urn, session, number, digest, kind, content, received_ms) VALUES (?,?,?,?,?,?,?)",
                (*key, report.kind, report.content, report.received_ms),
            )
            connection.executemany(
                "INSERT INTO record (seq, report, leaf_hash, data) VALUES (?, ?, ?, ?)",
                [(record.seq, cursor.lastrowid, bytes(record.leaf_hash), record.data) for record in records],
            )
            # Until the urn goes on, it cannot be known that the acknowledgement has arrived.
            answered = "UPDATE sitting SET is_answered = 0 WHERE urn = ? AND session = ?"
            connection.execute(answered, (identity.urn, identity.session))
        return True

    def pending(self, limit: int) -> list[ChainedRecord]:
        """The first ``limit`` records without an outcome, in the chain's order."""
        query = "SELECT seq, leaf_hash, data FROM record WHERE state = 'pending' ORDER BY seq LIMIT ?"
        with coded():
            rows = self._connection.execute(query, (limit,)).fetchall()
        return [ChainedRecord(seq, Hash(leaf_hash), data) for seq, leaf_hash, data in rows]

    def refused(self, after: int, limit: int) -> list[ChainedRecord]:
        """The first ``limit`` refused records beyond seq ``after``, in the chain's order."""
        query = "SELECT seq, leaf_hash, data FROM record WHERE state = 'refused' AND seq > ? ORDER BY seq LIMIT ?"
        with coded():
            rows = self._connection.execute(query, (after, limit)).fetchall()
        return [ChainedRecord(seq, Hash(leaf_hash), data) for seq, leaf_hash, data in rows]

    def resend(self) -> int:
        """Make every refused record pending again; how many there were. Durable when this returns."""
        connection = self._connection
        with writing(connection):
            again = "UPDATE record SET state = 'pending', code = NULL, words = NULL WHERE state = 'refused'"
            return connection.execute(again).rowcount

    def recall(self, holds: Callable[[bytes, bytes], bool]) -> int:
        """Make every record pending again whose receipt does not hold; how many. ``holds(receipt, record)``.

        The receipts are kept aside. Durable when this returns.
        """
        connection = self._connection
        with writing(connection):
            query = "SELECT seq, data, receipt FROM record WHERE state = 'receipted'"
            recalled = [(seq, receipt) for seq, data, receipt in connection.execute(query) if not holds(receipt, data)]
            connection.executemany("INSERT OR IGNORE INTO former_receipt VALUES (?, ?)", recalled)
            again = "UPDATE record SET state = 'pending', log_index = NULL, receipt = NULL WHERE seq = ?"
            connection.executemany(again, [(seq,) for seq, _ in recalled])
        return len(recalled)

    def former_receipts(self, seq: int) -> list[bytes]:
        """Those of a record that have been recalled."""
        query = "SELECT receipt FROM former_receipt WHERE seq = ? ORDER BY rowid"
        with coded():
            return [receipt for (receipt,) in self._connection.execute(query, (seq,))]

    def conclude(self, outcomes: Iterable[Receipt | Refusal]) -> None:
        """Keep receipts and refusals in one transaction. Durable when this returns. Raises OutboxError."""
        connection = self._connection
        with writing(connection):
            for outcome in outcomes:
                if isinstance(outcome, Receipt):
                    connection.execute(
                        "UPDATE record SET state = 'receipted', log_index = ?, receipt = ?, code = NULL, words = NULL"
                        " WHERE seq = ?",
                        (outcome.log_index, outcome.proof, outcome.seq),
                    )
                else:
                    connection.execute(
                        "UPDATE record SET state = 'refused', code = ?, words = ?"
                        " WHERE seq = ? AND state != 'receipted'",
                        (outcome.code, outcome.words, outcome.seq),
                    )

    def progress(self) -> Progress:
        finals = "SELECT count(*) FROM report WHERE kind = ?"
        states = "SELECT state, count(*) FROM record GROUP BY state"
        with coded():
            (final_count,) = self._connection.execute(finals, (FINAL_REPORT,)).fetchone()
            counts = dict(self._connection.execute(states).fetchall())
        return Progress(final_count, counts.get("pending", 0), counts.get("receipted", 0), counts.get("refused", 0))

    def has_final(self, urn: str, session: int) -> bool:
        """Whether a final report of this session is stored."""
        query = "SELECT 1 FROM report WHERE urn = ? AND session = ? AND kind = ? LIMIT 1"
        with coded():
            return self._connection.execute(query, (urn, session, FINAL_REPORT)).fetchone() is not None

    def count_side_records(self, urn: str) -> int:
        """Records of turnout and of the journal that follow from this urn's reports."""
        query = "SELECT count(*) FROM record JOIN report ON report.id = record.report WHERE urn = ? AND kind IN (?, ?)"
        with coded():
            (count,) = self._connection.execute(query, (urn, TURNOUT_REPORT, JOURNAL_REPORT)).fetchone()
        return int(count)

    def rows(self) -> list[RecordRow]:
        """Every record with its outcome, in the chain's order."""
        query = (
            "SELECT seq, urn, session, number, kind, state, log_index, code, words"
            " FROM record JOIN report ON report.id = record.report ORDER BY seq"
        )
        with coded():
            return [RecordRow(*row) for row in self._connection.execute(query)]

    def record(self, seq: int) -> tuple[bytes, bytes | None]:
        """A record's bytes and its receipt, if it has one. Raises OutboxError(``OUTBOX_NO_RECORD``)."""
        with coded():
            row = self._connection.execute("SELECT data, receipt FROM record WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            raise OutboxError("OUTBOX_NO_RECORD", f"the outbox has no record {seq}")
        return row[0], row[1]

    def _head(self) -> ChainHead:
        row = self._connection.execute("SELECT seq, leaf_hash FROM record ORDER BY seq DESC LIMIT 1").fetchone()
        return ChainHead(0, None) if row is None else ChainHead(row[0], Hash(row[1]))
