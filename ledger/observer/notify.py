"""Telling an alarm to somebody: a command of this machine, or an address (``webhook``). Both get one JSON object.

Responsible for bounds, and for knowing whether it was taken: an alarm that was not is offered again.
"""

import shlex
import subprocess
from collections.abc import Callable

import msgspec

COMMAND_SECONDS = 60.0

Notify = Callable[[dict[str, object]], None]
"""Raises NotifyError where the alarm was not taken."""


class NotifyError(Exception):
    """The alarm was not taken; the message says why."""


def command_notifier(command: str) -> Notify:
    """``command`` is split as a shell would, but no shell runs it. The alarm is its standard input.

    Raises NotifyError for a command that cannot be split.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise NotifyError(f"not a command: {error}") from error
    if not words:
        raise NotifyError("the command is empty")

    def notify(alarm: dict[str, object]) -> None:
        try:
            # Standard output is for the rounds: what the command prints goes where complaints go.
            ended = subprocess.run(words, input=msgspec.json.encode(alarm), stdout=2, timeout=COMMAND_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise NotifyError(f"{words[0]}: {error}") from error
        if ended.returncode != 0:
            raise NotifyError(f"{words[0]} ended with status {ended.returncode}")

    return notify
