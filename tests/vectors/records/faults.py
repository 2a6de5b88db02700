"""Short logs that end at once: parts that do not fit one another, and what a program of this version cannot judge."""

from collections.abc import Iterator

from msgspec import msgpack, structs

from ledger.election import BallotContest, Contest, Part, ReportingDevice, ReportingUnit, UnitAssignment, UrnAssignment
from ledger.record import sign_record
from tests.vectors.records.election import KEYS, NOBODY, key, make_election, make_parts, same
from tests.vectors.records.log import WrittenLog

COUNTRY = ReportingUnit(NOBODY, "KG", "country", same("Country"), None, None, ())
PRECINCT = ReportingUnit(NOBODY, "1001", "precinct", same("Precinct"), "KG", None, (BallotContest(1),))
PRIMARY = UnitAssignment("1001", "primary")


def parts(*others: Part, ballot: tuple[BallotContest, ...] = PRECINCT.ballot, **changes: object) -> list[Part]:
    """One contest, the precinct with ``changes`` in the country, and what else there is."""
    contest = make_parts()[0]
    assert isinstance(contest, Contest)
    return [contest, COUNTRY, structs.replace(PRECINCT, ballot=ballot, **changes), *others]


def device(*assignments: UnitAssignment) -> ReportingDevice:
    return ReportingDevice(NOBODY, "d1", key("device-1"), (UrnAssignment("u1", assignments),))


def unit(name: str, parent: str | None, *ballot: BallotContest) -> ReportingUnit:
    return ReportingUnit(NOBODY, name, "precinct" if ballot else "county", same(name), parent, None, ballot)


SPARE = ReportingDevice(NOBODY, "d2", key("device-2"), (UrnAssignment("u2", (UnitAssignment("1001", "spare"),)),))
LEVELS = [unit(f"level-{number}", "KG" if number == 1 else f"level-{number - 1}") for number in range(1, 11)]
FAULTS: dict[str, list[Part]] = {
    "two countries": parts(device(PRIMARY), unit("other", None)),
    "no country": parts(device(PRIMARY))[:1] + parts(device(PRIMARY))[2:],
    "a unit above that is not there": parts(device(PRIMARY), unit("other", "nowhere")),
    "a unit in a precinct": parts(device(PRIMARY), unit("other", "1001")),
    "a circle": parts(device(PRIMARY), unit("one", "two"), unit("two", "one")),
    "eleven levels": parts(device(PRIMARY), *LEVELS),
    "a county with a ballot": parts(device(PRIMARY), structs.replace(unit("other", "KG"), ballot=PRECINCT.ballot)),
    "a precinct without one": parts(device(PRIMARY), structs.replace(unit("other", "KG"), type="precinct")),
    "a ballot with another contest": parts(device(PRIMARY), ballot=(BallotContest(7),)),
    "a ballot that omits what is not there": parts(device(PRIMARY), ballot=(BallotContest(1, (7,)),)),
    "a ballot that omits everything": parts(device(PRIMARY), ballot=(BallotContest(1, (1, 2, 9)),)),
    "an urn of a unit that is not there": parts(device(PRIMARY, UnitAssignment("other", "primary"))),
    "an urn of a unit without a ballot": parts(device(PRIMARY, UnitAssignment("KG", "primary"))),
    "contests out of order": parts(device(UnitAssignment("1001", "primary", (2, 1)))),
    "contests that are not on the ballot": parts(device(UnitAssignment("1001", "primary", (1, 7)))),
    "spares alone": parts(device(UnitAssignment("1001", "spare"))),
    "a spare of nothing": parts(device(UnitAssignment("1001", "remote")), SPARE),
}


def logs() -> Iterator[tuple[str, WrittenLog]]:
    for name, broken in FAULTS.items():
        log = WrittenLog()
        election, signed = make_election(broken)
        log.say("the election", election, "election")
        for part in signed:
            log.say("a part", part, "election")
        yield name, log
    log = WrittenLog()
    log.say(
        "an election by other rules of addition", make_election(parts(device(PRIMARY)), fold_version=2)[0], "election"
    )
    yield "an unknown fold version", log
    log = WrittenLog()
    good = sign_record(make_election(parts(device(PRIMARY)))[0], [KEYS["election"]])
    _, fields, lines = msgpack.decode(good)
    log.take("a kind of another version", msgpack.encode(["election/2", fields, lines]))
    yield "an unknown kind", log
