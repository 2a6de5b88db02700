"""From what an official says, in terms that are published (entries of the log, precincts, urns), to a ruling's body.

Responsible for finding the leaf hashes that a ruling names, and for trying the ruling on the state of the log: what the
fold would hold is refused here, with the fold's own code and words, before anybody signs it. Refusals of its own:

    BAD_OPTIONS      an action needs another option, or takes none of this name
    NO_SUCH_ENTRY    the log has no entry of this index
    NO_SUCH_DEVICE   no device of this election has this name
    NO_SUCH_UNIT     no reporting unit of this election has this name
    NO_OFFICIALS     nobody may sign this ruling: the election names too few officials, or no commission
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, TypeVar, get_args

import msgspec

from central_server.definition_file import ContestField, UnitField
from central_server.enrolments import MAX_ENROLMENT, parse_enrolment
from central_server.rule_file import Strict
from central_server.ruling_file import NamedKey
from central_server.ruling_protocol import parse_protocol
from ledger.election import ChainPins, RoleKey, ValidatorSet
from ledger.errors import FormatError, TunukError
from ledger.fold import Fold
from ledger.merkle import hash_leaf
from ledger.observer.published_log import PublishedLog
from ledger.primitives import Hash, KeyId, PublicKey
from ledger.record import VerifiedRecord
from ledger.rulings import MAX_TARGETS, Authority, AuthorityAction, Decision, DecisionAction, Return, Ruling, Succession
from ledger.store.durable import StorageError, read_file

MAX_PART = 1024 * 1024
_R = TypeVar("_R", Authority, Decision, Return)

DECISIONS = get_args(DecisionAction)
ACTS = get_args(AuthorityAction)
RETURN = "return"

_NEEDS: Mapping[str, frozenset[str]] = {
    "release": frozenset({"entry"}),
    "correct": frozenset({"entry", "supersedes"}),
    "annul": frozenset({"unit"}),
    "reinstate": frozenset({"entry"}),
    "out_of_use": frozenset({"urn"}),
    "grant_role": frozenset({"role", "holder", "public_key"}),
    "revoke_key": frozenset({"public_key"}),
    "replace_device": frozenset({"device", "enrolment"}),
    "amend_contest": frozenset({"part"}),
    "amend_unit": frozenset({"part"}),
    "succeed_chain": frozenset({"part"}),
    RETURN: frozenset({"unit", "protocol"}),
}
_MAY_HAVE: Mapping[str, frozenset[str]] = {"annul": frozenset({"contests"})}


class _ValidatorsField(Strict, frozen=True):
    first_block: int
    addresses: tuple[str, ...]


class _ChainField(Strict, frozen=True):
    """A chain's pins as JSON; hashes and addresses in hexadecimal."""

    chain_id: int
    genesis_hash: str
    contract: str
    anchor_address: str
    validator_sets: tuple[_ValidatorsField, ...] = ()

    def pins(self) -> ChainPins:
        """Raises ValueError for what is not hexadecimal."""
        sets = tuple(
            ValidatorSet(one.first_block, tuple(_bytes(address) for address in one.addresses))
            for one in self.validator_sets
        )
        genesis_hash, contract, anchor = map(_bytes, (self.genesis_hash, self.contract, self.anchor_address))
        return ChainPins(self.chain_id, genesis_hash, contract, anchor, sets)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@dataclass(frozen=True, slots=True)
class RulingOptions:
    """``entry`` and ``supersedes`` are indices of the log; ``public_key`` is of who is granted or revoked."""

    action: str
    reason: str
    document: str
    entry: int | None = None
    supersedes: int | None = None
    unit: str | None = None
    urn: str | None = None
    contests: tuple[int, ...] | None = None
    device: str | None = None
    role: str | None = None
    holder: str | None = None
    public_key: str | None = None
    enrolment: Path | None = None
    part: Path | None = None
    protocol: Path | None = None

    def require(self) -> None:
        """Raises FormatError(``BAD_OPTIONS``)."""
        given = {one.name for one in fields(self)[3:] if getattr(self, one.name) is not None}
        needed = _NEEDS[self.action]
        for name in sorted(needed - given):
            raise FormatError("BAD_OPTIONS", f"{self.action} needs --{name.replace('_', '-')}")
        for name in sorted(given - needed - _MAY_HAVE.get(self.action, frozenset())):
            raise FormatError("BAD_OPTIONS", f"{self.action} takes no --{name.replace('_', '-')}")


def build_ruling(options: RulingOptions, log: PublishedLog) -> tuple[Ruling, list[bytes]]:
    """The body, and the entries of the log that it names. Raises TunukError for what cannot be."""
    options.require()
    try:
        if options.action in DECISIONS:
            return _decision(options, log)
        if options.action == RETURN:
            return _return(options, log)
        return _act(options, log), []
    except (ValueError, msgspec.ValidationError) as error:
        raise FormatError("BAD_OPTIONS", f"such a ruling cannot be: {error}") from error


def _election_id(fold: Fold) -> Hash:
    if fold.definition.election_id is None:
        raise FormatError("ELECTION_INCOMPLETE", "the published log has no election yet")
    return fold.definition.election_id


def _decision(options: RulingOptions, log: PublishedLog) -> tuple[Decision, list[bytes]]:
    named = [log.entry(index) for index in (options.entry, options.supersedes) if index is not None]
    targets = [hash_leaf(entry) for entry in named[:1]]
    if options.unit is not None:
        live = sorted((key, tally) for key, tally in log.fold.live.items() if key[1] == options.unit)
        if len(live) > MAX_TARGETS:
            words = f"unit {options.unit} has {len(live)} tallies; a ruling names at most {MAX_TARGETS}"
            raise FormatError("TOO_MANY_TARGETS", words)
        named = [log.entry(tally.index) for _, tally in live]
        targets = [tally.leaf_hash for _, tally in live]
    body = Decision(
        _election_id(log.fold),
        options.action,  # type: ignore[arg-type]  # one of DECISIONS
        options.reason,
        options.document,
        tuple(sorted(targets)),
        None if options.supersedes is None else hash_leaf(named[1]),
        options.unit,
        options.urn,
        options.contests,
    )
    return _checked(body), named


def _return(options: RulingOptions, log: PublishedLog) -> tuple[Return, list[bytes]]:
    if options.protocol is None or options.unit not in log.fold.definition.units:
        raise FormatError("NO_SUCH_UNIT", f"no reporting unit of this election is called {options.unit}")
    live = [tally for (_, unit), tally in log.fold.live.items() if unit == options.unit]
    contests = parse_protocol(_read(options.protocol, MAX_PART), options.protocol.name)
    hashes = tuple(sorted(tally.leaf_hash for tally in live)[:MAX_TARGETS])
    body = Return(_election_id(log.fold), options.unit, options.document, hashes, contests)
    return _checked(body), [log.entry(tally.index) for tally in live[:MAX_TARGETS]]


def _act(options: RulingOptions, log: PublishedLog) -> Authority:
    election_id = _election_id(log.fold)
    subjects: dict[str, object] = {}
    match options.action:
        case "grant_role":
            key = PublicKey.from_hex(options.public_key or "")
            subjects["role"] = RoleKey(options.role, options.holder, key)  # type: ignore[arg-type]  # decoded below
        case "revoke_key":
            subjects["key_id"] = bytes(PublicKey.from_hex(options.public_key or "").key_id)
        case "replace_device":
            subjects |= _replacement(options, log.fold)
        case "amend_contest":
            contest = msgspec.json.decode(_read(options.part, MAX_PART), type=ContestField)
            subjects["contest"] = contest.part(election_id)
        case "succeed_chain":
            subjects["chain"] = msgspec.json.decode(_read(options.part, MAX_PART), type=_ChainField).pins()
        case _:
            unit = msgspec.json.decode(_read(options.part, MAX_PART), type=UnitField)
            subjects["unit"] = unit.part(election_id)
    action: AuthorityAction = options.action  # type: ignore[assignment]  # one of ACTS
    return _checked(Authority(election_id, action, options.reason, options.document, **subjects))  # type: ignore[arg-type]


def _replacement(options: RulingOptions, fold: Fold) -> dict[str, object]:
    path = options.enrolment or Path()
    enrolment = parse_enrolment(_read(path, MAX_ENROLMENT), path.name)
    speaking = set(fold.definition.speaker_of.values())
    for key_id, device in fold.definition.devices.items():
        if device.id == options.device and key_id in speaking:
            new = msgspec.structs.replace(device, id=enrolment.device, public_key=bytes(enrolment.key))
            return {"key_id": bytes(key_id), "device": new}
    raise FormatError("NO_SUCH_DEVICE", f"no device that speaks for an urn is called {options.device}")


def _checked(body: _R) -> _R:
    """As every reader will decode it: what the types say of bounds and patterns holds from here on."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(body, enc_hook=bytes), type=type(body))


def _read(path: Path | None, limit: int) -> bytes:
    data = None if path is None else read_file(path, limit)
    if data is None:
        raise StorageError("FILE_MISSING", f"{path} does not exist")
    return data


def signers_of(kind: type[Ruling], fold: Fold) -> list[NamedKey]:
    """The keys in force that may sign a ruling of this kind. Raises FormatError(``NO_OFFICIALS``)."""
    keys, election = fold.definition.keys, fold.definition.election
    wanted: Literal["official", "commission"] = "commission" if kind is Return else "official"
    found = [
        NamedKey(key_id.hex(), role.holder, wanted)
        for key_id, role in keys.roles.items()
        if role.role == wanted and key_id not in keys.revoked
    ]
    holders = {named.holder for named in found}
    if kind in (Authority, Succession) and election is not None and not fold.polls_opened:
        found.append(NamedKey(PublicKey(election.election_key).key_id.hex(), "election-key", "election"))
    elif len(holders) < (1 if kind is Return else 2):
        asked = "a commission" if kind is Return else "two officials"
        raise FormatError("NO_OFFICIALS", f"it takes {asked} to sign this, and the election names too few")
    return sorted(found, key=lambda named: (named.role, named.holder))


def try_ruling(body: Ruling, signers: list[NamedKey], fold: Fold) -> None:
    """Let ``fold`` take the ruling as its next entry. Raises TunukError with the code under which it would be held."""
    first = signers[0] if isinstance(body, Return) else next((one for one in signers if one.role == "election"), None)
    chosen = [first] if first is not None else list({one.holder: one for one in signers}.values())[:2]
    key_ids = tuple(KeyId.from_hex(one.key_id) for one in chosen)
    outcome = fold.apply(fold.size, VerifiedRecord(body, key_ids, hash_leaf(b"")))
    if outcome.status == "held":
        raise TunukError(outcome.code, outcome.message)
