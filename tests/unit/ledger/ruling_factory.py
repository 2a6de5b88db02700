"""Acts of authority, decisions and returns for tests, and a body of every kind, all of the small election."""

import msgspec

from ledger.election import ChainPins, ReportingDevice, RoleKey
from ledger.primitives import Hash, PublicKey
from ledger.record import Body, Snapshot, parse_record
from ledger.rulings import (
    Authority,
    AuthorityAction,
    Decision,
    DecisionAction,
    Return,
    ReturnContest,
    ReturnVotes,
    Succession,
)
from ledger.signing import Ed25519Signer
from ledger.tally import EventCode, Opening, Turnout, UrnEvent
from tests.unit.ledger.election_factory import OFFICIAL_KEYS, POLLS_OPEN, Night, small_election, tally

OFFICIALS = OFFICIAL_KEYS[:2]
NEW_KEY = Ed25519Signer(bytes([70]) * 32)


def key_id(signer: Ed25519Signer) -> bytes:
    return bytes(PublicKey(signer.public_key).key_id)


def leaf(night: Night, index: int = -1) -> Hash:
    """Leaf hash of an entry, the last one if none is named."""
    return parse_record(night.entries[index]).leaf_hash


def opening(night: Night, urn: str = "u0", units: tuple[str, ...] = ("101",), session: int = 1) -> Opening:
    return Opening(night.election_id, 1, None, urn, session, 5, "1.2.3", bytes(32), None, units)


def turnout(night: Night, ballots: int = 10, time: int = POLLS_OPEN + 3_600, urn: str = "u0") -> Turnout:
    return Turnout(night.election_id, 1, None, urn, 1, time, ballots)


def event(night: Night, code: EventCode = "power_lost", urn: str = "u0") -> UrnEvent:
    return UrnEvent(night.election_id, 1, None, urn, 1, 5, code)


def snapshot(night: Night, time: int = POLLS_OPEN, number: int | None = None) -> Snapshot:
    """The next snapshot; what it says of the tree is for the audit, not for the fold."""
    due = night.fold.snapshots + 1 if number is None else number
    return Snapshot(night.election_id, due, night.fold.size, bytes(32), time, 1, bytes(32))


def act(night: Night, action: AuthorityAction, **subjects: object) -> Authority:
    plain = Authority(night.election_id, "revoke_key", "lost", "12/3", key_id=bytes(32))
    return msgspec.structs.replace(plain, action=action, **{"key_id": None, **subjects})


def decision(night: Night, action: DecisionAction, *targets: Hash, **changes: object) -> Decision:
    body = Decision(night.election_id, "out_of_use", "recount", "45-B", (), urn="u0")
    named: dict[str, object] = {"action": action, "targets": tuple(sorted(targets)), "urn": None}
    return msgspec.structs.replace(body, **{**named, **changes})


def returned(night: Night, unit: str = "101", *contests: ReturnContest) -> Return:
    first = ReturnContest(1, (), tuple(ReturnVotes(selection, 6) for selection in (1, 2, 3)))
    return Return(night.election_id, unit, "P-101", (), contests or (first,))


def other_chain(contract: int = 1) -> ChainPins:
    return ChainPins(1, bytes(32), bytes([contract]) * 20, bytes(20), ())


def succession(night: Night, generation: int = 2, **changes: object) -> Succession:
    """Of all that the night has so far; of its tree the fold knows nothing."""
    size, key = max(night.fold.size, 1), bytes(NEW_KEY.public_key)
    chain = other_chain(9)
    body = Succession(night.election_id, generation, key, size, bytes(32), size, bytes(32), chain, "lost", "9/1")
    return msgspec.structs.replace(body, **changes)


def replacement(night: Night, device: int = 0, signer: Ed25519Signer = NEW_KEY) -> ReportingDevice:
    """Another key that speaks for the same urns."""
    part = small_election()[1][7 + device]
    assert isinstance(part, ReportingDevice)
    return msgspec.structs.replace(part, id=f"d{device}b", public_key=bytes(signer.public_key))


def every_body(night: Night) -> dict[str, Body]:
    """A body of each kind, by its name."""
    election, parts = small_election()
    role = RoleKey("official", "o3", NEW_KEY.public_key)
    return {
        "election/1": election,
        "contest/1": parts[0],
        "unit/1": parts[2],
        "device/1": parts[-1],
        "authority/1": act(night, "grant_role", role=role),
        "opening/1": opening(night),
        "turnout/1": turnout(night),
        "event/1": event(night),
        "tally/1": tally(night),
        "return/1": returned(night),
        "decision/1": decision(night, "out_of_use", urn="u1"),
        "succession/1": succession(night),
        "snapshot/1": snapshot(night),
    }
