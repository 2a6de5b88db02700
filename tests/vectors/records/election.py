"""The election of the vectors: two precincts, two contests, an urn that serves both, and one that is a spare."""

from datetime import UTC, datetime

from msgspec import structs

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
from ledger.primitives import KeyId, PublicKey, sha256
from ledger.signing import Ed25519Signer
from ledger.validation import Rule, Term
from ledger.words import Words

POLLS_OPEN = int(datetime(2027, 1, 24, 2, tzinfo=UTC).timestamp())
POLLS_CLOSE = POLLS_OPEN + 12 * 3600
NOON, AFTERNOON = POLLS_OPEN + 4 * 3600, POLLS_OPEN + 8 * 3600
NAMES = (
    "election", "publisher", "official-1", "official-1-second", "official-2", "commission", "device-1", "device-2",
    "device-3", "device-3-new", "official-3", "stranger", "log-2",
)  # fmt: skip
KEYS = {name: Ed25519Signer(sha256(f"tunuk record vectors, {name}".encode())) for name in NAMES}
NOBODY = bytes(32)


def key(name: str) -> bytes:
    return bytes(KEYS[name].public_key)


def key_id(name: str) -> KeyId:
    return PublicKey(KEYS[name].public_key).key_id


def words(ky: str, ru: str, en: str) -> Words:
    return Words(ky, ru, en)


def same(text: str) -> Words:
    return Words(text, text, text)


def terms(*pairs: tuple[int, str]) -> tuple[Term, ...]:
    return tuple(Term(factor, quantity) for factor, quantity in pairs)  # type: ignore[arg-type]  # names of quantities


RULES = (
    Rule(
        "F.201", "contest", None, terms((1, "votes"), (1, "undervotes"), (1, "overvotes_x_allowed")), "=",
        terms((1, "ballots_x_allowed")), same("votes, undervotes and overvotes do not add up to the ballots"),
    ),
    Rule("W.301", "tally", None, terms((1, "ballots")), "<=", terms((1, "registered")), same("more than registered")),
    Rule(
        "W.302", "contest", "ballots", terms((100, "overvotes"), (100, "undervotes")), "<",
        terms((50, "ballots_x_allowed")), same("half of the ballots are invalid"),
    ),
    Rule("W.304", "clock", None, terms((1, "time")), "<=", terms((1, "snapshot_after"), (600, "one")), same("fast")),
    Rule("W.307", "tally", None, terms((1, "turnout")), "<=", terms((1, "ballots")), same("more by day")),
    Rule("W.403", "return", None, terms((1, "votes")), "=", terms((1, "valid")), same("votes are not the valid")),
)  # fmt: skip

ROLES = (
    RoleKey("publisher", "server", key("publisher")),
    RoleKey("official", "o1", key("official-1")),
    RoleKey("official", "o1", key("official-1-second")),
    RoleKey("official", "o2", key("official-2")),
    RoleKey("commission", "tec-1", key("commission")),
)
CHAIN = ChainPins(1337, bytes([1]) * 32, bytes([2]) * 20, bytes([3]) * 20, (ValidatorSet(0, (bytes([4]) * 20,)),))


def make_parts(election_id: bytes = NOBODY) -> list[Part]:
    first = (
        ContestSelection(1, words("Асанова А.", "Асанова А.", "A. Asanova"), "", "candidate"),
        ContestSelection(2, words("Бакиров Б.", "Бакиров Б.", "B. Bakirov"), "Бирдик", "candidate"),
        ContestSelection(9, words("Баарына каршы", "Против всех", "Against all"), "", "against_all"),
    )
    second = tuple(ContestSelection(place, same(f"Party {place}"), f"P{place}", "party") for place in (1, 2, 3))
    contests = [
        Contest(election_id, 1, words("Президент", "Президент", "President"), "President", "", 1, first),
        Contest(election_id, 2, words("Кеңеш", "Кенеш", "Council"), "Council", "1", 2, second),
    ]
    full = (BallotContest(1), BallotContest(2))
    units = [
        ReportingUnit(election_id, "KG", "country", words("Кыргызстан", "Кыргызстан", "Kyrgyzstan"), None, None, ()),
        ReportingUnit(election_id, "north", "region", words("Түндүк", "Север", "North"), "KG", None, ()),
        ReportingUnit(election_id, "1001", "precinct", same("School no. 1, Bishkek"), "north", 120, full),
        ReportingUnit(
            election_id, "1002", "precinct", same("Library"), "north", None, (full[0], BallotContest(2, (3,)))
        ),
    ]
    return [*contests, *units, *make_devices(election_id)]


def make_devices(election_id: bytes) -> list[Part]:
    both = (UnitAssignment("1001", "primary"), UnitAssignment("1002", "remote", (2,)))
    urns = [
        UrnAssignment("u1", both),
        UrnAssignment("u2", (UnitAssignment("1002", "primary"),)),
        UrnAssignment("u3", (UnitAssignment("1001", "spare"),)),
    ]
    return [
        ReportingDevice(election_id, f"d{place}", key(f"device-{place}"), (urn,)) for place, urn in enumerate(urns, 1)
    ]


def make_election(parts: list[Part], **changes: object) -> tuple[Election, list[Part]]:
    """An election of these parts, and the parts with its id."""
    election = Election(
        key("election"), "cec.example", words("Шайлоо", "Выборы", "Election"), "2027-01-24", "+06:00", POLLS_OPEN,
        POLLS_CLOSE, (NOON, AFTERNOON), 5, ("stationary", "mobile"), 1, RULES, ROLES, CHAIN, len(parts),
        parts_root([part_hash(part) for part in parts]), bytes(range(16)),
    )  # fmt: skip
    election = structs.replace(election, **changes)
    return election, [structs.replace(part, election_id=election.election_id) for part in parts]
