"""What a page shows, before it is drawn: plain values that are equal exactly when nothing that is shown has changed.

A ``Document`` is one subject (the country, a contest, an area, a precinct, a list). It is drawn in every language, and
as several pages where it is long: its sections are made of rows between which it may be split. Shares are hundredths
of a percent. An ``href`` is another document's path: no language, no ``.html``.
"""

from typing import ClassVar

import msgspec

from central_server.pages.page_rows import (
    AccountRow,
    AreaRow,
    AreaVotesRow,
    Card,
    EntryRow,
    Fact,
    FileRow,
    Line,
    Link,
    MarkRow,
    Meter,
    Note,
    PrecinctRow,
    RulingRow,
    TurnoutRow,
)
from ledger.election_file import Title


class ResultSection(msgspec.Struct, frozen=True):
    """One contest's votes. ``types``: vote types with columns of their own. ``hand``: whether a hand count is in."""

    kind: ClassVar[str] = "result"
    title: Title
    href: str
    meter: Meter | None
    facts: tuple[Fact, ...]
    notes: tuple[Note, ...]
    types: tuple[str, ...]
    hand: bool
    rows: tuple[Line, ...]
    continued: bool = False


class CardSection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "cards"
    title: Title
    rows: tuple[Card, ...]
    continued: bool = False


class AreaSection(msgspec.Struct, frozen=True):
    """Areas, or offices with many contests. ``parts``: a key of the words for what ``complete`` counts in a row."""

    kind: ClassVar[str] = "areas"
    title: Title
    parts: str
    rows: tuple[AreaRow, ...]
    continued: bool = False


class AreaVotesSection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "area_votes"
    title: Title
    columns: tuple[Title, ...]
    rows: tuple[AreaVotesRow, ...]
    continued: bool = False


class PrecinctSection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "precincts"
    title: Title
    rows: tuple[PrecinctRow, ...]
    continued: bool = False


class TurnoutSection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "turnout"
    title: Title
    rows: tuple[TurnoutRow, ...]
    continued: bool = False


class MarkSection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "marks"
    title: Title
    rows: tuple[MarkRow, ...]
    continued: bool = False


class RulingSection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "rulings"
    title: Title
    rows: tuple[RulingRow, ...]
    continued: bool = False


class EntrySection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "entries"
    title: Title
    rows: tuple[EntryRow, ...]
    continued: bool = False


class AccountSection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "account"
    title: Title
    rows: tuple[AccountRow, ...]
    continued: bool = False


class FileSection(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "files"
    title: Title
    rows: tuple[FileRow, ...]
    continued: bool = False


Section = (
    ResultSection
    | CardSection
    | AreaSection
    | AreaVotesSection
    | PrecinctSection
    | TurnoutSection
    | MarkSection
    | RulingSection
    | EntrySection
    | AccountSection
    | FileSection
)


class Document(msgspec.Struct, frozen=True):
    """``path``: where it lies below a language's folder, without ``.html``. ``eyebrow``: what sort of thing it is.

    ``status`` is a precinct's, as ``PrecinctData.status``.
    """

    path: str
    kind: str
    title: Title
    eyebrow: Title | None
    crumbs: tuple[Link, ...]
    meter: Meter | None
    facts: tuple[Fact, ...]
    notes: tuple[Note, ...]
    sections: tuple[Section, ...]
    status: str = ""
