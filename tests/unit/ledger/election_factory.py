"""A small election for tests: one country, two regions, two precincts, two contests, one device a precinct."""

from dataclasses import dataclass

import msgspec

from ledger.election import (
    BallotContest,
    ChainPins,
    Contest,
    ContestSelection,
    Election,
    Part,
    ReportingDevice,
    ReportingUnit,
    RoleKey,
    UnitAssignment,
    UrnAssignment,
    ValidatorSet,
    part_hash,
    parts_root,
)
from ledger.fold import Fold, Outcome
from ledger.primitives import Hash
from ledger.record import Body, parse_record, sign_record, verify_record
from ledger.signing import CryptographyVerifier, Ed25519Signer
from ledger.tally import ContestTally, TallyReport
from ledger.validation import Rule
from ledger.words import Words

ELECTION_KEY, PUBLISHER_KEY = Ed25519Signer(bytes([1]) * 32), Ed25519Signer(bytes([2]) * 32)
OFFICIAL_KEYS = [Ed25519Signer(bytes([50 + place]) * 32) for place in range(3)]
COMMISSION_KEY = Ed25519Signer(bytes([60]) * 32)
POLLS_OPEN, POLLS_CLOSE = 1_799_956_800, 1_800_000_000
ROLES = (
    RoleKey("publisher", "server", PUBLISHER_KEY.public_key),
    RoleKey("official", "o1", OFFICIAL_KEYS[0].public_key),
    RoleKey("official", "o2", OFFICIAL_KEYS[1].public_key),
    # The same person's second key: two signatures of one person are no decision.
    RoleKey("official", "o1", OFFICIAL_KEYS[2].public_key),
    RoleKey("commission", "c1", COMMISSION_KEY.public_key),
)
DEVICE_KEYS = [Ed25519Signer(bytes([10 + place]) * 32) for place in range(3)]


def words(text: str) -> Words:
    return Words(text, text, text)


def small_parts(election_id: bytes = bytes(32)) -> list[Part]:
    """Precincts 101 (region A; device 0, and spare device 2) and 201 (region B; device 1)."""
    selections = tuple(ContestSelection(place, words(f"S{place}"), "P", "candidate") for place in (1, 2, 3))
    ballot = (BallotContest(1), BallotContest(2, (3,)))
    units = [
        ReportingUnit(election_id, "KG", "country", words("Country"), None, None, ()),
        ReportingUnit(election_id, "A", "region", words("A"), "KG", None, ()),
        ReportingUnit(election_id, "B", "region", words("B"), "KG", None, ()),
        ReportingUnit(election_id, "101", "precinct", words("One, North"), "A", 100, ballot),
        ReportingUnit(election_id, "201", "precinct", words("Two"), "B", 200, ballot),
    ]
    roles = [("101", "primary"), ("201", "primary"), ("101", "spare")]
    devices = [
        ReportingDevice(
            election_id,
            f"d{place}",
            DEVICE_KEYS[place].public_key,
            (UrnAssignment(f"u{place}", (UnitAssignment(unit, role),)),),  # type: ignore[arg-type]  # literals above
        )
        for place, (unit, role) in enumerate(roles)
    ]
    contests = [Contest(election_id, number, words(f"C{number}"), f"C{number}", "", 1, selections) for number in (1, 2)]
    return [*contests, *units, *devices]


def small_election(rules: tuple[Rule, ...] = ()) -> tuple[Election, list[Part]]:
    parts = small_parts()
    pins = ChainPins(1, bytes(32), bytes(20), bytes(20), (ValidatorSet(0, (bytes(20),)),))
    election = Election(
        ELECTION_KEY.public_key,
        "cec.example",
        words("Election"),
        "2027-01-24",
        "+06:00",
        POLLS_OPEN,
        POLLS_CLOSE,
        (POLLS_OPEN + 3_600, POLLS_OPEN + 7_200),
        0,
        ("early", "polls"),
        1,
        rules,
        ROLES,
        pins,
        len(parts),
        parts_root([part_hash(part) for part in parts]),
        bytes(16),
    )
    return election, small_parts(election.election_id)


@dataclass
class Night:
    """Signs records and folds them, as a log would bring them."""

    fold: Fold
    election_id: Hash
    entries: list[bytes]

    def say(self, body: Body, *signers: Ed25519Signer) -> Outcome:
        return self.take(sign_record(body, signers))

    def take(self, data: bytes) -> Outcome:
        record = verify_record(parse_record(data), self.fold.definition, CryptographyVerifier())
        outcome = self.fold.apply(self.fold.size, record)
        self.entries.append(data)
        return outcome


def small_night(parts_left_out: int = 0, rules: tuple[Rule, ...] = ()) -> Night:
    election, parts = small_election(rules)
    night = Night(Fold(), election.election_id, [])
    night.say(election, ELECTION_KEY)
    for part in parts[: len(parts) - parts_left_out]:
        night.say(part, ELECTION_KEY)
    return night


def tally(night: Night, device: int = 0, unit: str = "101", votes: int = 5, **changes: object) -> TallyReport:
    """A tally in which every selection of contest 1 has ``votes`` early votes and one at the polls."""
    first = ContestTally(1, 3 * votes + 3, 0, 0, ((1, votes, 1), (2, votes, 1), (3, votes, 1)))
    second = ContestTally(2, 30, 1, 2, ((1, 9, 8), (2, 7, 3)))
    report = TallyReport(
        night.election_id, 1, None, f"u{device}", unit, 1, 1_800_000_100, "urn", bytes(32), None, (first, second)
    )
    return msgspec.structs.replace(report, **changes)
