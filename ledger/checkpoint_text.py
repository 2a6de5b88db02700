"""The text of a checkpoint (C2SP tlog-checkpoint): the lines that a log and its witnesses sign.

Responsible for its one spelling. Signatures are for note.py and cosignature.py; whose they must be, for checkpoint.py.
"""

import re
from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.merkle import EMPTY_ROOT, MAX_TREE_SIZE
from ledger.primitives import Hash

_LINE = re.compile(r"[^\x00-\x1f]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head that ``origin`` claims; ``extensions`` are opaque lines that nothing here gives a meaning.

    Raises FormatError(``BAD_CHECKPOINT``).
    """

    origin: str
    size: int
    root: Hash
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(_LINE.fullmatch(line) for line in (self.origin, *self.extensions)):
            raise FormatError("BAD_CHECKPOINT", "a checkpoint's lines are not empty and have no control characters")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise FormatError("BAD_CHECKPOINT", f"a tree's size is from 0 to 2**63 - 1, not {self.size}")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise FormatError("BAD_CHECKPOINT", "the root of an empty tree is the hash of nothing")


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read a note's text. Raises FormatError(``BAD_CHECKPOINT``)."""
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("BAD_CHECKPOINT", "a checkpoint is UTF-8") from error
    if len(lines) < 4 or lines.pop() != "":
        raise FormatError("BAD_CHECKPOINT", "a checkpoint is three lines or more, each ended by a newline")
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size):
        raise FormatError("BAD_CHECKPOINT", f"a tree's size is a decimal number without leading zeros: {size[:80]!r}")
    try:
        return Checkpoint(origin, int(size), Hash.from_base64(root), tuple(extensions))
    except FormatError as error:
        raise FormatError("BAD_CHECKPOINT", error.message) from error


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The text that a log and its witnesses sign."""
    lines = (checkpoint.origin, str(checkpoint.size), checkpoint.root.base64(), *checkpoint.extensions)
    return "".join(f"{line}\n" for line in lines).encode()
