"""Whatever well-formed record the log holds, signed by whoever may sign it: the fold says what became of it.

It raises nothing, no total falls below zero, and the result files can be rendered after every entry.
"""

from hypothesis import given
from hypothesis import strategies as st

from central_server.roster_plan import standard_rules
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit
from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.fold import Fold
from ledger.primitives import PublicKey, sha256
from ledger.record import Body, Snapshot, VerifiedRecord, parse_record, sign_record, verify_record
from ledger.results import StateFiles, render_numbered
from ledger.rulings import Authority, Decision, Return, Succession
from ledger.signing import CryptographyVerifier, Ed25519Signer
from ledger.tally import ContestTally
from tests.properties.body_strategies import arbitrary_bodies, arbitrary_elections
from tests.unit.ledger.definition_factory import election_of
from tests.unit.ledger.election_factory import (
    COMMISSION_KEY,
    DEVICE_KEYS,
    ELECTION_KEY,
    OFFICIAL_KEYS,
    POLLS_OPEN,
    PUBLISHER_KEY,
    Night,
    small_night,
    small_parts,
    tally,
)
from tests.unit.ledger.ruling_factory import (
    NEW_KEY,
    act,
    decision,
    event,
    key_id,
    opening,
    replacement,
    returned,
    snapshot,
    succession,
)
from tests.unit.ledger.ruling_factory import turnout as turnout_of

ROOT = sha256(b"root")


ELECTION, PARTS = election_of(small_parts(), secrecy_threshold=10, rules=standard_rules())


def secret_night(parts_left_out: int) -> Night:
    """The small election with the standard rules and a threshold of secrecy."""
    night = Night(Fold(), ELECTION.election_id, [])
    for body in (ELECTION, *PARTS[: len(PARTS) - parts_left_out]):
        night.say(body, ELECTION_KEY)
    return night


def signers(draw: st.DrawFn, body: Body) -> list[Ed25519Signer]:
    match body:
        case Election() | Contest() | ReportingUnit() | ReportingDevice():
            return [ELECTION_KEY]
        case Authority() | Succession() if draw(st.booleans()):
            return [ELECTION_KEY]
        case Authority() | Succession() | Decision():
            return [OFFICIAL_KEYS[1], OFFICIAL_KEYS[draw(st.sampled_from([0, 2]))]]
        case Snapshot():
            return [PUBLISHER_KEY]
        case Return():
            return [COMMISSION_KEY]
        case _:
            own = [key for place, key in enumerate(DEVICE_KEYS) if body.urn == f"u{place}"]
            return [draw(st.sampled_from(own * 9 + [*DEVICE_KEYS, NEW_KEY]))]


@st.composite
def likely_bodies(draw: st.DrawFn, night: Night) -> Body:
    """What a night is made of, near enough to one another that decisions find their targets."""
    fold, device = night.fold, draw(st.integers(0, 2))
    urn, unit = f"u{device}", ("101", "201", "101")[device]
    held = sorted(fold.held_tallies)
    match draw(st.integers(0, 20)):
        case 0:
            return decision(night, "release", draw(st.sampled_from(held)) if held else ROOT)
        case 1:
            live = sorted(one.leaf_hash for one in fold.live.values()) or [ROOT]
            superseded = draw(st.sampled_from(live))
            return decision(night, "correct", draw(st.sampled_from(held)) if held else ROOT, supersedes=superseded)
        case 2:
            targets = [one.leaf_hash for (_, of), one in fold.live.items() if of == unit]
            contests = draw(st.sampled_from([None, (1,), (2,), (1, 2)]))
            return decision(night, "annul", *targets, unit=unit, contests=contests)
        case 3:
            return decision(night, "reinstate", draw(st.sampled_from(sorted(fold.annulments) or [ROOT])))
        case 4:
            return decision(night, "out_of_use", urn=urn)
        case 5:
            return returned(night, unit)
        case 6:
            return snapshot(night, draw(st.sampled_from([POLLS_OPEN - 1, POLLS_OPEN])))
        case 7:
            return act(night, "revoke_key", key_id=key_id(DEVICE_KEYS[device]))
        case 8:
            return act(night, "replace_device", key_id=key_id(DEVICE_KEYS[0]), device=replacement(night))
        case 9:
            hidden = ContestTally(1, draw(st.integers(0, 9)), None, None, None)
            return tally(night, device, unit, contests=(hidden, tally(night).contests[1]))
        case 10:
            told: list[Body] = [opening(night, urn, (unit,)), turnout_of(night, 7, urn=urn)]
            return draw(st.sampled_from(told))
        case 11:
            return event(night, urn=urn)
        case 12:
            return succession(night, draw(st.sampled_from([fold.generation, fold.generation + 1])))
        case _:
            return tally(night, device, unit, draw(st.integers(0, 2)))


def verified(fold: Fold, body: Body, by: list[Ed25519Signer]) -> VerifiedRecord | None:
    try:
        return verify_record(parse_record(sign_record(body, by)), fold.definition, CryptographyVerifier())
    except (FormatError, SignatureError):
        # Not a record, or not one that the log would verify: an audit passes over it.
        return None


def check(fold: Fold, files: StateFiles) -> None:
    rendered = files.render()
    assert rendered == StateFiles(fold).render()
    if fold.definition.complete:
        render_numbered(fold, ROOT, rendered)
    for (unit, contest), totals in fold.totals.items():
        expected = fold.definition.expected[unit, contest]
        assert min(totals.votes, default=0) >= 0
        assert min(totals.ballots, totals.overvotes, totals.undervotes, totals.withheld) >= 0
        assert 0 <= totals.cells <= expected.cells and totals.withheld <= totals.cells
        assert 0 <= totals.registered <= expected.registered


@given(st.data(), st.sampled_from([0, 0, 0, 1, 3]))
def test_the_fold_has_an_answer_to_every_record(data: st.DataObject, parts_left_out: int) -> None:
    night = secret_night(parts_left_out)
    fold = night.fold
    files = StateFiles(fold)
    leaves = [bytes(parse_record(entry).leaf_hash) for entry in night.entries]
    for _ in range(data.draw(st.integers(1, 12))):
        body = data.draw(likely_bodies(night) | arbitrary_bodies(night.election_id, leaves))
        record = verified(fold, body, data.draw(st.composite(signers)(body))) if body is not None else None
        if record is None:
            continue
        size = fold.size
        outcome = fold.apply(size, record)
        assert fold.size == size + 1 and outcome.status in ("applied", "counted", "repeat", "held")
        assert bool(outcome.code) == (outcome.status == "held")
        leaves.append(bytes(record.leaf_hash))
        check(fold, files)


@given(arbitrary_elections())
def test_any_first_election_is_defined_or_cannot_be_judged(body: Election) -> None:
    """With the parts of the small election after it, which are not its own."""
    fold = Fold()
    record = VerifiedRecord(body, (PublicKey(body.election_key).key_id,), sha256(b"first"))
    try:
        fold.apply(0, record)
    except UnjudgeableError:
        assert body.fold_version != 1 and fold.size == 0
        return
    for entry in small_night().entries[1:]:
        outcome = fold.apply(fold.size, VerifiedRecord(parse_record(entry).body, record.signers, sha256(entry)))
        assert outcome.code == "OTHER_ELECTION"
