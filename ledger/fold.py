"""From verified records in the order of the log to totals: what each record does, and which rule keeps it out.

A pure function of the entries: no clock, no randomness, no IO. ``Fold.apply`` takes the record at an entry's index and
says what became of it; nothing raises for a record that merely breaks a rule, for it is evidence and stays listed. The
state is updated in place, by its one owner, because a country does not fit in a copy per tally.

Rules, each with the code of the records that it keeps out. Those of the election's own records are in ``definition``,
``amendments``, of decisions in ``decisions``, of successor logs in ``succession``; those that an election lists itself
(F.xxx, W.xxx) are in ``validation``.
    OTHER_ELECTION            a body starts with this election's id
    REVOKED_KEY               nothing counts that a revoked key signed
    PARTS_INCOMPLETE          nothing from a device is admitted before all parts of the election are logged
    NOT_ASSIGNED              a device speaks only for the urns and units that its device record names
    WRONG_CONTESTS            a tally has every contest and selection of its cell's ballot, and no others
    NOTHING_TO_WITHHOLD       a cell is withheld only below the election's secrecy threshold
    MORE_VOTES_THAN_BALLOTS   no selection has more votes than ballots, no contest more than its voters had
    CONFLICT                  one live tally per urn and unit, one turnout per urn and time: the first one stays
    SPARE                     a spare stands in for a unit's primary urns: once it or one of them counts, others wait
    ANNULLED, OUT_OF_USE      nothing new counts in an annulled unit, nor from an urn that was put out of use
    UNKNOWN_TIME              turnout is told at the election's turnout times
    NO_SUCH_UNIT              a return is of a precinct and of contests on its ballot
Equal counts in another envelope are a repeat, never added.
"""

from ledger.amendments import apply_authority
from ledger.decisions import apply_decision
from ledger.device_records import apply_device_record
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit
from ledger.errors import TunukError, UnjudgeableError
from ledger.record import Snapshot, VerifiedRecord
from ledger.returns import apply_return
from ledger.rulings import Authority, Decision, Return, Succession
from ledger.state import APPLIED, Held, LiveTally, Outcome, State, Totals, held
from ledger.succession import apply_succession
from ledger.validation import breaks

__all__ = ["Fold", "Held", "LiveTally", "Outcome", "Totals"]


class Fold(State):
    """The state after ``size`` entries, and the one way to change it."""

    def apply(self, index: int, record: VerifiedRecord) -> Outcome:
        """Fold the record at entry ``index``, which must be the next. Raises ValueError for any other index.

        Raises UnjudgeableError for an election whose fold version is not ``FOLD_VERSION``.
        """
        if index != self.size:
            raise ValueError(f"entry {index} cannot follow {self.size} folded entries")
        outcome = self._judge(index, record)
        self.size += 1
        if outcome.status == "held":
            self.held.append(Held(index, outcome.code, outcome.message))
        elif outcome.status == "repeat":
            self.repeats += 1
        return outcome

    def skip(self, index: int) -> None:
        """Pass over an entry that is no verified record, as an audit does once it has said so. Raises ValueError."""
        if index != self.size:
            raise ValueError(f"entry {index} cannot follow {self.size} folded entries")
        self.size += 1

    def _judge(self, index: int, record: VerifiedRecord) -> Outcome:
        body = record.body
        if isinstance(body, Election):
            return self._define(body)
        if body.election_id != self.definition.election_id:
            return held("OTHER_ELECTION", f"this record belongs to election {body.election_id.hex()}")
        if isinstance(body, Contest | ReportingUnit | ReportingDevice):
            return self._define(body)
        revoked = next((key for key in record.signers if key in self.definition.keys.revoked), None)
        if isinstance(body, Authority | Decision | Return | Succession | Snapshot):
            if revoked is not None:
                return held("REVOKED_KEY", f"the key {revoked.hex()} was revoked before")
            return self._rule(index, body, record)
        return apply_device_record(self, index, body, record)

    def _rule(
        self, index: int, body: Authority | Decision | Return | Succession | Snapshot, record: VerifiedRecord
    ) -> Outcome:
        match body:
            case Snapshot():
                self._pass_snapshot(body)
                return APPLIED
            case Authority():
                return apply_authority(self, index, body, record.signers)
            case Decision():
                return apply_decision(self, index, body, record.leaf_hash)
            case Return():
                return apply_return(self, index, body)
            case Succession():
                return apply_succession(self, index, body, record.signers)

    def _define(self, body: Election | Contest | ReportingUnit | ReportingDevice) -> Outcome:
        try:
            if isinstance(body, Election):
                self.definition.add_election(body)
            else:
                self.definition.add_part(body)
        except UnjudgeableError:
            raise
        except TunukError as error:
            return held(error.code, error.message)
        return APPLIED

    def _pass_snapshot(self, body: Snapshot) -> None:
        """Number it, and judge the clocks of the tallies since the last one, whose times now lie between two."""
        self.snapshots += 1
        election = self.definition.election
        rules = election.rules if election is not None else ()
        # Once open, always open: a clock that is set back gives the election key nothing back.
        self.polls_opened |= election is not None and body.time >= election.polls_open
        for index, time, before in self.awaiting_clock:
            values = {"time": time, "snapshot_before": before, "snapshot_after": body.time}
            for rule in rules:
                if rule.scope == "clock" and breaks(rule, values):
                    self.flags.append(Held(index, rule.code, rule.words.en))
        self.awaiting_clock.clear()
        self.clock = body.time
