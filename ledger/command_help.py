"""How the commands of all packages explain themselves: one sentence, examples that work, and every exit status.

Responsible for the shape of ``--help`` alone. Docs, shell completion and tests read the same parsers.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

WRONG_USAGE = "wrong usage: the arguments are not as --help says"


def explained(words: str, examples: Sequence[str], statuses: Mapping[int, str]) -> dict[str, Any]:
    """Arguments for an ``ArgumentParser``. ``words`` begin with a small letter, as in a list of commands."""
    lines = ["examples:", *(f"  {example}" for example in examples), "", "exit status:"]
    lines += [f"  {status}  {meaning}" for status, meaning in sorted(statuses.items())]
    return {
        "description": words[0].upper() + words[1:] + ".",
        "epilog": "\n".join(lines),
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }
