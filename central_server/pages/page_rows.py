"""The rows and figures of which a page's sections are made: plain values, equal exactly when they show the same.

Shares are hundredths of a percent. An ``href`` is another document's path: no language, no ``.html``.
"""

import msgspec

from ledger.election_file import Title


class Meter(msgspec.Struct, frozen=True):
    """Counts (an urn, a precinct and a contest each) that are in, of those expected."""

    reported: int
    expected: int
    share: int | None


class Link(msgspec.Struct, frozen=True):
    """Another document by its name."""

    name: Title
    href: str


class Fact(msgspec.Struct, frozen=True):
    """A figure with its label, a key of the words: ``count``, or ``count`` of ``whole``, or a share."""

    label: str
    count: int | None = None
    whole: int | None = None
    share: int | None = None


class Note(msgspec.Struct, frozen=True):
    """A sentence beside the figures, a key of the words, with a number where the sentence has one."""

    word: str
    count: int | None = None
    tone: str = "plain"


class Line(msgspec.Struct, frozen=True):
    """A selection with its votes, nil where withheld, and what the hand count says where it is in."""

    name: Title
    party: str
    kind: str
    votes: int | None
    share: int | None
    by_type: tuple[int, ...]
    leads: bool
    hand: int | None = None


class Card(msgspec.Struct, frozen=True):
    """A contest in short: its first selections by votes."""

    link: Link
    meter: Meter
    lines: tuple[Line, ...]


class AreaRow(msgspec.Struct, frozen=True):
    """A unit above the precincts: counts that are in, and how many of its parts are in completely."""

    link: Link
    meter: Meter
    complete: int
    parts: int


class AreaVotesRow(msgspec.Struct, frozen=True):
    """A contest in one unit: the shares of the selections that lead in the country, in the columns' order."""

    link: Link
    meter: Meter
    votes: tuple[int, ...]
    shares: tuple[int | None, ...]
    first: int | None


class PrecinctRow(msgspec.Struct, frozen=True):
    """A precinct in a list. ``status`` as ``PrecinctData.status``."""

    link: Link
    status: str
    meter: Meter
    registered: int | None
    marks: int


class TurnoutRow(msgspec.Struct, frozen=True):
    """Ballots cast by a time of day, as told by so many urns, and their share of all registered voters."""

    time: str
    ballots: int
    urns: int
    share: int | None


class MarkRow(msgspec.Struct, frozen=True):
    """A rule's mark at a log entry. ``about``: the contests it is about; ``link``: the precinct where it is known."""

    index: int
    code: str
    words: Title
    about: tuple[Title, ...]
    link: Link | None


class RulingRow(msgspec.Struct, frozen=True):
    """A decision or an act of authority that took effect; ``action`` is a key of the words where it is known."""

    index: int
    action: str
    subject: str
    reason: str
    document: str


class EntryRow(msgspec.Struct, frozen=True):
    """A tally's place in the log: leaf index, the files that hold its entry and its hash, the place within them."""

    index: int
    bundle: str
    tile: str
    offset: int
    counts: bool


class AccountRow(msgspec.Struct, frozen=True):
    """How many of something there are, and the document that lists them."""

    name: Title
    count: int
    href: str | None


class FileRow(msgspec.Struct, frozen=True):
    """A published file and a key of the words that says what it holds."""

    path: str
    word: str
