"""``election.json``: what of the election's definition people need beside the results, published once a state.

The place of every precinct and its names in three languages, the times of the polls, and what the election's own rules
say in words. All of it is in the log's entries as well; this file is for readers who do not parse the log.
"""

import msgspec

from central_server.pages.results_document import Title
from ledger.definition import Definition
from ledger.errors import FormatError, UnjudgeableError
from ledger.words import Words

ELECTION = "election.json"
FORMAT = "tunuk-election-file/1"


class Unit(msgspec.Struct, frozen=True):
    """A reporting unit of any level. ``registered_voters`` is None where the roll is not known."""

    id: str
    type: str
    name: Title
    parent: str | None
    registered_voters: int | None


class RuleWords(msgspec.Struct, frozen=True):
    """A rule of the election by its code, F.xxx or W.xxx."""

    code: str
    words: Title


class ElectionFile(msgspec.Struct, frozen=True):
    """Times are Unix seconds; ``utc_offset`` is written ``+06:00``. Units come in ascending order of their ids."""

    format: str
    election_id: str
    utc_offset: str
    polls_open: int
    polls_close: int
    rules: tuple[RuleWords, ...]
    units: tuple[Unit, ...]


def render_election_file(definition: Definition) -> bytes:
    """Raises FormatError(``ELECTION_INCOMPLETE``)."""
    election, election_id = definition.election, definition.election_id
    if election is None or election_id is None or not definition.complete:
        raise FormatError("ELECTION_INCOMPLETE", "an election file is made once all parts of the election are logged")
    document = ElectionFile(
        FORMAT,
        election_id.hex(),
        election.utc_offset,
        election.polls_open,
        election.polls_close,
        tuple(RuleWords(rule.code, _title(rule.words)) for rule in election.rules),
        tuple(
            Unit(unit.id, unit.type, _title(unit.name), unit.parent, unit.registered_voters)
            for unit in sorted(definition.units.values(), key=lambda unit: unit.id)
        ),
    )
    return msgspec.json.encode(document) + b"\n"


def parse_election_file(data: bytes) -> ElectionFile:
    """Raises FormatError(``BAD_ELECTION_FILE``) and UnjudgeableError(``UNKNOWN_ELECTION_FILE``) for another format."""
    try:
        election = msgspec.json.decode(data, type=ElectionFile)
    except msgspec.DecodeError as error:
        raise FormatError("BAD_ELECTION_FILE", f"not an election file: {error}") from error
    if election.format != FORMAT:
        raise UnjudgeableError("UNKNOWN_ELECTION_FILE", f"files of format {election.format!r} are not known here")
    _require_tree({unit.id: unit.parent for unit in election.units})
    return election


def _require_tree(above: dict[str, str | None]) -> None:
    """Every way up ends at a unit without a parent."""
    sound: set[str | None] = {None}
    for unit in above:
        path: set[str | None] = set()
        current: str | None = unit
        while current not in sound:
            if current in path or current not in above:
                raise FormatError("BAD_ELECTION_FILE", f"the units above {unit} are missing or go in a circle")
            path.add(current)
            current = above[current]
        sound |= path


def _title(words: Words) -> Title:
    return Title(words.ky, words.ru, words.en)
