"""What a ruling says, for the people who sign it, in Kyrgyz, Russian and English.

Everything is read from the ruling's own bytes and from entries whose leaf hashes it names, so that what is shown is
what is signed, on a machine that knows nothing else.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Literal

from central_server.ruling_file import RulingFile
from ledger.errors import TunukError
from ledger.record import parse_record
from ledger.rulings import Authority, Decision, Return, Ruling, Succession
from ledger.tally import ContestTally, TallyReport

Language = Literal["ky", "ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ky", "ru", "en")

_TEXTS: Mapping[str, Mapping[str, str]] = json.loads((files(__package__) / "ruling_words.json").read_text("utf-8"))


def describe(file: RulingFile, language: Language) -> list[str]:
    """Lines for a terminal: what is ruled, why, about what, and who has signed."""
    body = file.ruling
    lines = [_say(_action(body), language), _line("election", language, body.election_id.hex())]
    if not isinstance(body, Return):
        lines.append(_line("reason", language, body.reason))
    lines.append(_line("document", language, body.document))
    lines += [_line(name, language, value) for name, value in _subjects(body)]
    for leaf_hash, is_superseded in _named(body):
        lines.append(_line("supersedes" if is_superseded else "target", language, leaf_hash.hex()))
        lines += [f"    {line}" for line in _describe_entry(file.entry(leaf_hash), language)]
    holders = {named.key_id: named.holder for named in file.officials}
    signed = ", ".join(holders.get(line.key_id, line.key_id) for line in file.signatures)
    lines.append(_line("signed", language, signed or "-"))
    return lines


def _action(body: Ruling) -> str:
    match body:
        case Return():
            return "return"
        case Succession():
            return "succeed_log"
        case _:
            return body.action


def tell_done(name: str, language: Language, **facts: object) -> str:
    """A sentence of the table, filled in."""
    return _say(name, language).format(**facts)


def _say(name: str, language: Language) -> str:
    return _TEXTS[name][language]


def _line(name: str, language: Language, value: object) -> str:
    return f"{_say(name, language)}: {value}"


def _named(body: Ruling) -> Iterator[tuple[bytes, bool]]:
    if isinstance(body, Decision):
        yield from ((target, False) for target in body.targets)
        if body.supersedes is not None:
            yield body.supersedes, True
    elif isinstance(body, Return):
        yield from ((tally, False) for tally in body.tallies)


def _subjects(body: Ruling) -> Iterator[tuple[str, object]]:
    if isinstance(body, Decision):
        found: list[tuple[str, object]] = [("unit", body.unit), ("urn", body.urn)]
        contests = None if body.contests is None else ", ".join(map(str, body.contests))
        yield from (pair for pair in (*found, ("contests", contests)) if pair[1] is not None)
    elif isinstance(body, Return):
        yield "unit", body.unit
        for contest in body.contests:
            votes = ", ".join(f"{row.selection}: {row.votes}" for row in contest.votes)
            lines = ", ".join(f"{row.line}: {row.count}" for row in contest.lines)
            yield "contest", f"{contest.contest} ({votes}; {lines})"
    elif isinstance(body, Succession):
        yield "generation", body.generation
        yield "key", body.log_key.hex()
        yield "taken", f"{body.tree_size}, {body.root_hash.hex()}"
        yield "last_head", f"{body.last_size}, {body.last_root.hex()}"
        yield "chain", f"{body.chain.chain_id}, 0x{body.chain.contract.hex()}"
    elif isinstance(body, Authority):
        yield from _act_subjects(body)


def _act_subjects(body: Authority) -> Iterator[tuple[str, object]]:
    if body.key_id is not None:
        yield "key", body.key_id.hex()
    if body.role is not None:
        yield "role", f"{body.role.role}, {body.role.holder}, {body.role.public_key.hex()}"
    if body.device is not None:
        yield "device", f"{body.device.id}, {body.device.public_key.hex()}"
        yield "urn", ", ".join(line.urn for line in body.device.urns)
    if body.contest is not None:
        names = ", ".join(f"{row.id}: {row.name.en} ({row.kind})" for row in body.contest.selections)
        yield "contest", f"{body.contest.number}: {body.contest.title.en}: {names}"
    if body.unit is not None:
        yield "unit", f"{body.unit.id}: {body.unit.name.en}; {body.unit.registered_voters}"
    if body.chain is not None:
        yield "chain", f"{body.chain.chain_id}, 0x{body.chain.contract.hex()}"


def _describe_entry(entry: bytes | None, language: Language) -> list[str]:
    """The tally that is meant, or what else it is."""
    if entry is None:
        return [_say("not_shown", language)]
    try:
        body = parse_record(entry).body
    except TunukError as error:
        return [f"{error.code}: {error.message}"]
    if isinstance(body, Decision):
        subject = body.unit or body.urn or ""
        return [f"{_say(body.action, language)} {subject}"]
    if not isinstance(body, TallyReport):
        return [type(body).__name__]
    lines = [f"{_line('urn', language, body.urn)}; {_line('unit', language, body.unit)}"]
    contests = (f"{_line('contest', language, one.contest)}: {_votes(one, language)}" for one in body.contests)
    return [*lines, *contests]


def _votes(contest: ContestTally, language: Language) -> str:
    ballots = f"{contest.ballots} {_say('ballots', language)}"
    if contest.selections is None:
        return f"{ballots}, {_say('withheld', language)}"
    return f"{ballots}, " + ", ".join(f"{row[0]}: {sum(row[1:])}" for row in contest.selections)
