"""Asking a witness for cosignatures (C2SP tlog-witness): the bodies of ``add-checkpoint``, and what a status means.

Responsible for texts. What is asked over, and whether the checkpoint extends what the witness has seen, is for others.
"""

import re
from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.merkle import MAX_TREE_SIZE
from ledger.note import NoteSignature, parse_signatures
from ledger.primitives import Hash

MAX_HASHES = 63
"""Of a consistency proof, as the specification says."""
MAX_REQUEST = 64 * 1024
"""Bytes: 63 hashes, and a checkpoint with sixteen ML-DSA-44 signatures."""
MAX_ANSWER = 64 * 1024
SIZE_TYPE = "text/x.tlog.size"
"""Content type of a conflict's answer."""

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """``note`` extends the head of ``old_size``, says ``proof``; nothing of it is verified.

    Raises FormatError(``BAD_WITNESS_REQUEST``).
    """

    old_size: int
    proof: tuple[Hash, ...]
    note: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.old_size <= MAX_TREE_SIZE:
            raise _bad(f"a tree's size is from 0 to 2**63 - 1, not {self.old_size}")
        if len(self.proof) > MAX_HASHES:
            raise _bad(f"a consistency proof has at most {MAX_HASHES} hashes, not {len(self.proof)}")


def encode_request(request: AddCheckpoint) -> bytes:
    hashes = "".join(f"{node.base64()}\n" for node in request.proof)
    return f"old {request.old_size}\n{hashes}\n".encode() + request.note


def parse_request(data: bytes) -> AddCheckpoint:
    """Raises FormatError(``BAD_WITNESS_REQUEST``). The note is what follows, whatever that is."""
    if len(data) > MAX_REQUEST:
        raise _bad(f"a request is at most {MAX_REQUEST} bytes long, not {len(data)}")
    head, divider, note = data.partition(b"\n\n")
    try:
        first, *hashes = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _bad("the lines before the checkpoint are ASCII") from error
    old = _OLD.fullmatch(first)
    if not divider or old is None:
        raise _bad("a request is a line with the old size, lines of hashes, an empty line, and a checkpoint")
    try:
        return AddCheckpoint(int(old[1]), tuple(Hash.from_base64(line) for line in hashes), note)
    except FormatError as error:
        raise _bad(error.message) from error


def parse_cosignatures(data: bytes) -> tuple[NoteSignature, ...]:
    """The lines of the answer 200, unverified. Raises FormatError(``BAD_WITNESS_ANSWER``)."""
    try:
        return parse_signatures(data)
    except FormatError as error:
        raise FormatError("BAD_WITNESS_ANSWER", f"not lines of signatures: {error.message}") from error


def encode_size(size: int) -> bytes:
    """The body of the answer 409."""
    return b"%d\n" % size


def parse_size(data: bytes) -> int:
    """The size that the witness has cosigned last. Raises FormatError(``BAD_WITNESS_ANSWER``)."""
    size = _SIZE.fullmatch(data)
    if size is None or int(size[1]) > MAX_TREE_SIZE:
        raise FormatError("BAD_WITNESS_ANSWER", f"a conflict's answer is a tree size: {data[:80]!r}")
    return int(size[1])


def _bad(message: str) -> FormatError:
    return FormatError("BAD_WITNESS_REQUEST", message)
