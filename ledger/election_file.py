"""``results/election.json``: what of the election's definition people need beside the results, published once a state.

The place of every precinct and its names in three languages, the times of the polls, and what the election's own rules
say in words. All of it is in the log's entries as well; this file is for readers who do not parse the log.
"""

import msgspec

from ledger.definition import Definition
from ledger.errors import FormatError
from ledger.words import Words

ELECTION = "results/election.json"
FORMAT = "tunuk-election-file/1"


class Title(msgspec.Struct, frozen=True):
    """One text in the three languages of the project."""

    ky: str
    ru: str
    en: str

    def __getitem__(self, language: str) -> str:
        text: str = getattr(self, language)
        return text


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


def _title(words: Words) -> Title:
    return Title(words.ky, words.ru, words.en)
