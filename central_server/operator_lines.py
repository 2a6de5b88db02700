"""The two forms of the operator's lines: text for people, and one JSON object a line for programs. Pure but the clock.

A JSON line has ``time`` (UTC), ``level``, ``event`` (a code, for programs to go by), ``source``, ``message``, and
``fields`` where the event has facts.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell. ``event`` is ``NEWS`` where no code is needed; ``source`` the part of the server."""

    level: Level
    event: str
    source: str
    message: str
    fields: Mapping[str, int | str | None]


def encode_text(event: Event) -> str:
    """A line for people; a traceback follows on lines of its own."""
    code = "" if event.event == "NEWS" else f"{event.event}: "
    trace = event.fields.get("trace")
    return f"{event.source}: {code}{event.message}" + (f"\n{trace}".rstrip() if trace else "")


def json_encoder(clock: Callable[[], float]) -> Callable[[Event], str]:
    """Makes one line of JSON of an event, whatever is in it; ``clock`` gives Unix seconds."""

    def encode(event: Event) -> str:
        facts: dict[str, object] = {
            "time": datetime.fromtimestamp(clock(), UTC).isoformat(timespec="milliseconds"),
            "level": event.level,
            "event": event.event,
            "source": event.source,
            "message": event.message,
        }
        return json.dumps(facts | ({"fields": event.fields} if event.fields else {}))

    return encode
