"""What records of devices do: openings, turnout, events of the urn's journal, tallies. Codes are listed in ``fold``."""

from collections.abc import Iterator

from ledger.counting import add_tally
from ledger.decisions import may_count
from ledger.definition import Ballot
from ledger.record import VerifiedRecord
from ledger.state import APPLIED, COUNTED, REPEAT, Held, HeldTally, LiveTally, Outcome, State, held
from ledger.tally import ContestTally, DeviceBody, Opening, TallyReport, Turnout, UrnEvent
from ledger.validation import Rule, Values, breaks

_RELEASABLE = frozenset({"CONFLICT", "SPARE", "ANNULLED", "OUT_OF_USE", "REVOKED_KEY"})
"""Codes of held tallies that a decision may count, beside those of the election's F rules."""


def apply_device_record(state: State, index: int, body: DeviceBody, record: VerifiedRecord) -> Outcome:
    """Follow the device's chain, and let the record take effect or say why it does not."""
    _follow_chain(state, index, body, record)
    if not state.definition.complete:
        return held("PARTS_INCOMPLETE", "a device's record came before the election was complete")
    revoked = record.signer in state.definition.keys.revoked
    if isinstance(body, TallyReport):
        return _take_tally(state, index, body, record, revoked)
    if revoked:
        return held("REVOKED_KEY", f"the key {record.signer.hex()} was revoked before")
    units = state.definition.urn_units(record.signer, body.urn)
    if not units or (isinstance(body, Opening) and set(body.units) != set(units)):
        return held("NOT_ASSIGNED", f"the device does not speak for urn {body.urn} in this way")
    match body:
        case Opening():
            state.openings[body.urn, body.session] = state.openings.get((body.urn, body.session), 0) + 1
        case UrnEvent():
            state.events.append((index, body.urn, body.time, body.code))
        case Turnout():
            return _take_turnout(state, body)
    return APPLIED


def _follow_chain(state: State, index: int, body: DeviceBody, record: VerifiedRecord) -> None:
    """Note a gap where the record does not name the device's previous one in the log."""
    seq, previous = state.chains.get(record.signer, (0, None))
    if body.seq != seq + 1 or body.previous != previous:
        state.gaps.append(index)
    state.chains[record.signer] = body.seq, record.leaf_hash


def _take_turnout(state: State, body: Turnout) -> Outcome:
    election = state.definition.election
    if election is None or body.time not in election.turnout_times:
        return held("UNKNOWN_TIME", f"turnout is not told at {body.time} in this election")
    told = state.turnout.setdefault((body.urn, body.time), body.ballots)
    if told != body.ballots:
        return held("CONFLICT", f"urn {body.urn} has told {told} ballots for this time before")
    return APPLIED


def _take_tally(state: State, index: int, body: TallyReport, record: VerifiedRecord, revoked: bool) -> Outcome:
    assignment = state.definition.assignment(record.signer, body.urn, body.unit)
    if assignment is None:
        return held("NOT_ASSIGNED", f"the device does not speak for urn {body.urn} in unit {body.unit}")
    fault = _find_fault(state, body, state.definition.ballot(assignment))
    if fault is not None:
        return fault
    counts, live = body.counts, state.live.get((body.urn, body.unit))
    if live is not None and live.counts == counts:
        return REPEAT
    outcome = _hold(state, body, live, assignment.role, revoked) or _break(state, body)
    flags = _flags(state, index, body)
    if outcome is not None:
        if live is not None and outcome.code == "CONFLICT":
            live.conflicts += (index,)
            state.changed.add(body.unit)
        if outcome.code in _RELEASABLE or outcome.code.startswith("F."):
            state.held_tallies[record.leaf_hash] = HeldTally(index, body.urn, body.unit, counts, flags)
        return outcome
    state.flags += flags
    tally = LiveTally(index, record.leaf_hash, counts, assignment.role)
    add_tally(state, body.urn, body.unit, tally, body.contests)
    state.awaiting_clock.append((index, body.time, state.clock))
    return COUNTED


def _find_fault(state: State, body: TallyReport, ballot: Ballot) -> Outcome | None:
    """What makes the tally impossible: no decision can count it."""
    if tuple(line.contest for line in body.contests) != tuple(ballot):
        return held("WRONG_CONTESTS", f"unit {body.unit} reports the contests {list(ballot)[:20]}")
    election = state.definition.election
    width = 1 + len(election.vote_types) if election is not None else 0
    threshold = election.secrecy_threshold if election is not None else 0
    for line in body.contests:
        if line.selections is None:
            if line.ballots >= threshold:
                words = f"contest {line.contest}: {line.ballots} ballots are withheld, from {threshold} on none is"
                return held("NOTHING_TO_WITHHOLD", words)
            continue
        if tuple(row[0] for row in line.selections) != ballot[line.contest]:
            return held("WRONG_CONTESTS", f"contest {line.contest}: not the selections on the ballot")
        if any(len(row) != width for row in line.selections):
            return held("WRONG_CONTESTS", f"contest {line.contest}: not {width - 1} vote types")
        votes = [sum(row[1:]) for row in line.selections]
        allowed = state.definition.contests[line.contest].votes_allowed
        if max(votes) > line.ballots or sum(votes) > allowed * line.ballots:
            words = f"contest {line.contest}: {sum(votes)} votes on {line.ballots} ballots"
            return held("MORE_VOTES_THAN_BALLOTS", words)
    return None


def _hold(state: State, body: TallyReport, live: LiveTally | None, role: str, revoked: bool) -> Outcome | None:
    if revoked:
        return held("REVOKED_KEY", f"the key of urn {body.urn}'s device was revoked before")
    if live is not None:
        words = f"urn {body.urn} already has another tally of unit {body.unit}, entry {live.index}"
        return held("CONFLICT", words)
    if body.urn in state.out_of_use:
        return held("OUT_OF_USE", f"urn {body.urn} was put out of use")
    if state.annulled(body.unit):
        return held("ANNULLED", f"unit {body.unit} is annulled")
    if not may_count(state, body.urn, body.unit, role):
        return held("SPARE", f"unit {body.unit} is already counted from another urn")
    return None


def _break(state: State, body: TallyReport) -> Outcome | None:
    """The first F rule that the tally breaks."""
    for rule, where in _broken(state, body, holding=True):
        return held(rule.code, f"{where}: {rule.words.en}")
    return None


def _flags(state: State, index: int, body: TallyReport) -> tuple[Held, ...]:
    """A line for each W rule that the tally breaks."""
    broken = _broken(state, body, holding=False)
    return tuple(Held(index, rule.code, f"{where}: {rule.words.en}") for rule, where in broken)


def _broken(state: State, body: TallyReport, *, holding: bool) -> Iterator[tuple[Rule, str]]:
    election = state.definition.election
    rules = [rule for rule in election.rules if rule.holds_back is holding] if election is not None else []
    of_tally = [rule for rule in rules if rule.scope == "tally"]
    of_contest = [rule for rule in rules if rule.scope == "contest"]
    registered = state.definition.units[body.unit].registered_voters
    tally_values = _tally_values(state, body, registered) if of_tally else {}
    for rule in of_tally:
        if breaks(rule, tally_values):
            yield rule, f"unit {body.unit}"
    for line in body.contests if of_contest else ():
        values = _contest_values(line, state.definition.contests[line.contest].votes_allowed, registered)
        for rule in of_contest:
            if breaks(rule, values):
                yield rule, f"contest {line.contest}"


def _tally_values(state: State, body: TallyReport, registered: int | None) -> Values:
    election = state.definition.election
    alone = [line.role != "remote" for line in state.definition.assignments_of(body.urn)] == [True]
    times = election.turnout_times if election is not None else ()
    told = [state.turnout[body.urn, time] for time in times if (body.urn, time) in state.turnout]
    return {
        "ballots": max(line.ballots for line in body.contests),
        # An urn of several units, or of remote voters of several contests, tells its turnout for all of them together.
        "turnout": told[-1] if told and alone else None,
        "openings": state.openings.get((body.urn, body.session), 0),
        "time": body.time,
        "polls_open": election.polls_open if election is not None else None,
        "polls_close": election.polls_close if election is not None else None,
        "snapshot_before": state.clock,
        "registered": registered,
    }


def _contest_values(line: ContestTally, votes_allowed: int, registered: int | None) -> Values:
    if line.selections is None or line.overvotes is None:
        return {}
    return {
        "ballots": line.ballots,
        "votes": sum(sum(row[1:]) for row in line.selections),
        "overvotes": line.overvotes,
        "undervotes": line.undervotes,
        "ballots_x_allowed": line.ballots * votes_allowed,
        "overvotes_x_allowed": line.overvotes * votes_allowed,
        "registered": registered,
    }
