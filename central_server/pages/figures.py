"""Numbers as people read them: shares rounded down, digits in groups, times of day. Nothing is added up here."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ledger.errors import FormatError

Text = Callable[[int], str]

_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
_GROUP = {"ky": "\N{NO-BREAK SPACE}", "ru": "\N{NO-BREAK SPACE}", "en": ","}
_AFTER_NUMBER = {"ky": "\N{NO-BREAK SPACE}%", "ru": "\N{NO-BREAK SPACE}%", "en": "%"}


def share(part: int, whole: int) -> int | None:
    """``part`` of ``whole`` in hundredths of a percent, rounded down; None where the whole is nothing.

    Rounded down, shares of one whole never add up to more than 100 %, and 100 % means all of it.
    """
    return part * 10_000 // whole if whole > 0 else None


def width(hundredths: int | None) -> str:
    """A bar's length as SVG writes a percentage: ``36.9``; more than all is drawn as all."""
    percent, rest = divmod(min(hundredths or 0, 10_000), 100)
    return f"{percent}.{rest:02}".rstrip("0").rstrip(".")


def number_text(language: str) -> Text:
    """Writes a count in the language's way."""
    group = _GROUP[language]
    return lambda count: f"{count:,}".replace(",", group)


def share_text(language: str) -> Callable[[int | None], str]:
    """Writes hundredths of a percent in the language's way, a dash for None."""
    point, after = "." if language == "en" else ",", _AFTER_NUMBER[language]

    def text(hundredths: int | None) -> str:
        if hundredths is None:
            return "—"
        percent, rest = divmod(hundredths, 100)
        return f"{percent}{point}{rest:02}{after}"

    return text


def clock_text(seconds: int, utc_offset: str) -> str:
    """Time of day at the offset, as ``18:00``. Raises FormatError(``BAD_ELECTION_FILE``) for an odd offset."""
    found = _OFFSET.fullmatch(utc_offset)
    if found is None:
        raise FormatError("BAD_ELECTION_FILE", f"not an offset from UTC: {utc_offset[:20]!r}")
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3])) * (-1 if found[1] == "-" else 1)
    try:
        return (datetime.fromtimestamp(seconds, UTC) + ahead).strftime("%H:%M")
    except (OverflowError, ValueError) as error:
        raise FormatError("BAD_RESULTS", f"not a time in Unix seconds: {seconds}") from error
