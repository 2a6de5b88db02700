"""The first half of the story: the election is defined, amended, and the polls open."""

from msgspec import msgpack, structs

from ledger.election import Contest, ReportingDevice, ReportingUnit, RoleKey, UnitAssignment, UrnAssignment
from ledger.record import sign_record
from ledger.rulings import Authority, AuthorityAction, Decision, Return, ReturnContest, ReturnVotes, Succession
from ledger.tally import Opening, Turnout, UrnEvent
from tests.vectors.records.election import (
    AFTERNOON,
    CHAIN,
    KEYS,
    NOON,
    POLLS_OPEN,
    key,
    key_id,
    make_election,
    make_parts,
    same,
)
from tests.vectors.records.log import WrittenLog

WORTHLESS = (2**255 - 20).to_bytes(32, "little")
"""The point of order 2: an Ed25519 key in form only."""


def act(log: WrittenLog, action: AuthorityAction, **subjects: object) -> Authority:
    return Authority(log.election_id, action, "order", "12/3", **subjects)  # type: ignore[arg-type]  # as the action asks


def succession(log: WrittenLog, generation: int = 2) -> Succession:
    """Of all entries so far, and of a log that is known to have signed three more."""
    size, successor = len(log.entries), structs.replace(CHAIN, contract=bytes([6]) * 20)
    last = size + 3, bytes([3]) * 32
    return Succession(log.election_id, generation, key("log-2"), size, log.root(), *last, successor, "lost", "14/3")


def opening(log: WrittenLog, urn: str, *units: str) -> Opening:
    return Opening(log.election_id, 1, None, urn, 1, POLLS_OPEN - 3600, "1.0", bytes([7]) * 32, None, units)


def define(log: WrittenLog) -> None:
    """All parts, and between them what cannot be."""
    election, parts = make_election(make_parts())
    log.say("the election", election, "election")
    contest, _, _, _, precinct, _, first, _, spare = parts
    assert isinstance(contest, Contest) and isinstance(precinct, ReportingUnit)
    assert isinstance(first, ReportingDevice) and isinstance(spare, ReportingDevice)
    for part in parts[:-1]:
        log.say("a part", part, "election")
    twice = UrnAssignment("u9", (UnitAssignment("1001", "primary"),) * 2)
    other = structs.replace(spare, id="d9", public_key=key("stranger"))
    log.say("a contest's number again", structs.replace(contest, title=same("Again")), "election")
    log.say("a unit's id again", structs.replace(precinct, name=same("Again")), "election")
    log.say("a device's key again", structs.replace(other, public_key=key("official-1")), "election")
    log.say("a device's key that anybody can sign with", structs.replace(other, public_key=WORTHLESS), "election")
    log.say("a device's id again", structs.replace(other, id="d1"), "election")
    log.say("an urn again", structs.replace(other, urns=first.urns), "election")
    log.say("an urn that serves a unit twice", structs.replace(other, urns=(twice,)), "election")
    log.tell("a device before the last part", opening(log, "u2", "1002"), "device-2")
    log.say("an act before the last part", act(log, "succeed_chain", chain=CHAIN), "election")
    log.say("a succession before the last part", succession(log), "election")
    unused = Decision(log.election_id, "out_of_use", "broken", "1", (), urn="u2")
    log.say("a decision before the last part", unused, "official-1", "official-2")
    rows = tuple(ReturnVotes(selection, 1) for selection in (1, 2, 9))
    early = Return(log.election_id, "1001", "P-1", (), (ReturnContest(1, (), rows),))
    log.say("a return before the last part", early, "commission")
    log.say("a part of another election", structs.replace(spare, election_id=bytes(32)), "election")
    log.say("the last part", spare, "election")
    log.say("a part too many", other, "election")
    log.say("another election", structs.replace(election, salt=bytes(16)), "election")


def refuse(log: WrittenLog) -> None:
    """What is no record, or not by who may sign it: an audit passes over it."""
    body = opening(log, "u2", "1002")
    good = sign_record(body, [KEYS["device-2"]])
    kind, fields, lines = msgpack.decode(good)
    log.take("an empty entry", b"")
    log.take("a byte after the record", good + b"\x00")
    log.take("a body with a field too few", msgpack.encode([kind, fields[:-1], lines]))
    log.take("a length in a longer form than it needs", good.replace(b"\xa2u2", b"\xd9\x02u2"))
    log.take("text that is not NFC", good.replace(b"\xa31.0", b"\xa3e\xcc\x81"))
    log.take("a negative number", msgpack.encode([kind, [fields[0], -1, *fields[2:]], lines]))
    log.take("a map for an array", msgpack.encode([kind, dict(enumerate(fields)), lines]))
    two = sign_record(body, [KEYS["device-1"], KEYS["device-2"]])
    _, _, both = msgpack.decode(two)
    log.take("signatures out of order", msgpack.encode([kind, fields, both[::-1]]))
    log.take("one signature twice", msgpack.encode([kind, fields, [both[0], both[0]]]))
    log.take("two signatures where there is one", two, kind)
    log.take("a signature that does not verify", msgpack.encode([kind, fields, [[lines[0][0], bytes(64)]]]), kind)
    log.say("a device that nobody named", body, "stranger")
    log.say("an act by a device", act(log, "succeed_chain", chain=CHAIN), "device-1")
    out = Decision(log.election_id, "out_of_use", "broken", "1", (), urn="u2")
    log.say("a decision by one official", out, "official-1")
    log.say("a decision by two keys of one person", out, "official-1", "official-1-second")
    log.say("a decision by an official and a stranger", out, "official-1", "stranger")


def amend(log: WrittenLog) -> None:
    """What the election key alone can do before the polls open."""
    _, parts = make_election(make_parts())
    contest, unit, last = parts[0], parts[4], parts[-1]
    assert isinstance(contest, Contest) and isinstance(unit, ReportingUnit) and isinstance(last, ReportingDevice)
    withdrawn = structs.replace(contest.selections[1], kind="withdrawn")
    official = RoleKey("official", "o3", key("official-3"))
    new = structs.replace(last, id="d3-new", public_key=key("device-3-new"))
    old = key_id("device-3")
    log.say("another official", act(log, "grant_role", role=official), "election")
    log.say("the same key again", act(log, "grant_role", role=official), "election")
    worthless = structs.replace(official, public_key=WORTHLESS)
    log.say("an official whose key anybody can sign with", act(log, "grant_role", role=worthless), "election")
    log.say("a key is revoked", act(log, "revoke_key", key_id=key_id("official-1-second")), "election")
    log.say("and again", act(log, "revoke_key", key_id=key_id("official-1-second")), "election")
    changed = structs.replace(contest, selections=(contest.selections[0], withdrawn, contest.selections[2]))
    log.say("a candidate is withdrawn", act(log, "amend_contest", contest=changed), "election")
    broken = structs.replace(contest, votes_allowed=2)
    log.say("a voter has more votes", act(log, "amend_contest", contest=broken), "election")
    longer = structs.replace(unit, registered_voters=130)
    log.say("a list grows", act(log, "amend_unit", unit=longer), "election")
    log.say("a unit moves", act(log, "amend_unit", unit=structs.replace(unit, parent="KG")), "election")
    log.say("a device of no key", act(log, "replace_device", key_id=key_id("stranger"), device=new), "election")
    named = structs.replace(new, public_key=key("device-1"))
    log.say("a successor that has a key already", act(log, "replace_device", key_id=old, device=named), "election")
    unsound = structs.replace(new, public_key=WORTHLESS)
    log.say("a successor whose key is worthless", act(log, "replace_device", key_id=old, device=unsound), "election")
    other = structs.replace(new, urns=(UrnAssignment("u4", new.urns[0].units),))
    log.say("a successor with another urn", act(log, "replace_device", key_id=old, device=other), "election")
    taken = structs.replace(new, id="d1")
    log.say("a successor with another's id", act(log, "replace_device", key_id=old, device=taken), "election")
    log.say("a device is replaced", act(log, "replace_device", key_id=old, device=new), "election")
    successor = structs.replace(CHAIN, contract=bytes([5]) * 20)
    log.say("another contract", act(log, "succeed_chain", chain=successor), "election")


def open_polls(log: WrittenLog) -> None:
    log.snapshot("before the polls open", POLLS_OPEN - 60)
    log.tell("zero report, the units in another order", opening(log, "u1", "1002", "1001"), "device-1")
    log.tell("zero report", opening(log, "u2", "1002"), "device-2")
    log.tell("a zero report that leaves a unit out", opening(log, "u1", "1001"), "device-1")
    log.snapshot("the polls are open", POLLS_OPEN)
    log.say("the election key alone", act(log, "succeed_chain", chain=CHAIN), "election")
    log.say("two officials", act(log, "succeed_chain", chain=CHAIN), "official-1", "official-2")
    head = log.election_id, 1, None, "u1", 1
    log.tell("turnout", Turnout(*head, NOON, 40), "device-1")
    log.tell("the same again", Turnout(*head, NOON, 40), "device-1")
    log.tell("another number for that time", Turnout(*head, NOON, 41), "device-1")
    log.tell("a time that the election does not have", Turnout(*head, NOON + 1, 41), "device-1")
    log.tell("another urn", Turnout(log.election_id, 1, None, "u2", 1, AFTERNOON, 31), "device-2")
    log.tell("the power is lost", UrnEvent(*head, NOON + 60, "power_lost"), "device-1")
    log.say("a gap in the device's chain", UrnEvent(*head, NOON + 90, "power_restored"), "device-1")
