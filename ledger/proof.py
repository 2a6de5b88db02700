"""Proofs of inclusion as one text (C2SP tlog-proof): an entry's index, its path and a checkpoint. A receipt is this.

Responsible for the text and for following it from an entry to a checkpoint that a policy accepts. What the entry means,
and whether the checkpoint agrees with others, is for the caller.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ledger.checkpoint import VerifiedCheckpoint, parse_checkpoint
from ledger.errors import FormatError
from ledger.merkle import MAX_TREE_SIZE, hash_leaf, verify_inclusion
from ledger.note import MAX_NOTE, parse_note
from ledger.policy import Policy, log_only_policy, verify_checkpoint_with_policy
from ledger.primitives import Hash, encode_base64, parse_base64
from ledger.signing import CryptographyVerifier, Verifier
from ledger.vkey import NoteKey

MAX_HASHES = MAX_TREE_SIZE.bit_length()
"""The height of the tallest tree."""
MAX_EXTRA = 16 * 1024
"""Bytes of extra data, which nothing of ours writes or reads; the format lets others put some."""
MAX_PROOF = 32 * 1024 + MAX_NOTE
"""Bytes: the header's lines with extra data in base64, and the checkpoint."""

_VERIFIER = CryptographyVerifier()
_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class TlogProof:
    """``hashes`` from the leaf's sibling up, ``note``: the checkpoint, ``extra``: signed by nobody.

    Raises FormatError(``BAD_PROOF``), and FormatError where ``note`` is no signed checkpoint.
    """

    index: int
    hashes: tuple[Hash, ...]
    note: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_TREE_SIZE:
            raise FormatError("BAD_PROOF", f"an index is from 0 to 2**63 - 2, not {self.index}")
        if len(self.hashes) > MAX_HASHES:
            raise FormatError("BAD_PROOF", f"a path has at most {MAX_HASHES} hashes, not {len(self.hashes)}")
        if self.extra is not None and not 1 <= len(self.extra) <= MAX_EXTRA:
            raise FormatError("BAD_PROOF", f"extra data is from 1 to {MAX_EXTRA} bytes long, not {len(self.extra)}")
        _require_checkpoint(self.note)


@functools.lru_cache(maxsize=16)
def _require_checkpoint(note: bytes) -> None:
    """All receipts of a batch carry the same note: it is parsed once for them."""
    parse_checkpoint(parse_note(note).text)


class VerifiedInclusion(NamedTuple):
    """The entry is the log's entry ``leaf_index`` under ``checkpoint``. Made by verify_tlog_proof() only."""

    leaf_index: int
    checkpoint: VerifiedCheckpoint


def parse_tlog_proof(data: bytes) -> TlogProof:
    """Raises FormatError(``PROOF_TOO_LONG``, ``BAD_PROOF``), and the checkpoint's codes."""
    if len(data) > MAX_PROOF:
        raise FormatError("PROOF_TOO_LONG", f"a proof is at most {MAX_PROOF} bytes long, not {len(data)}")
    head, divider, note = data.partition(b"\n\n")
    if not divider:
        raise FormatError("BAD_PROOF", "a proof is lines, an empty line, and a checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("BAD_PROOF", "the lines before a proof's checkpoint are ASCII") from error
    if first != _FIRST_LINE:
        raise FormatError("BAD_PROOF", f"a proof starts with {_FIRST_LINE}, not {first[:80]!r}")
    extra = None
    try:
        if lines and lines[0].startswith("extra "):
            extra = parse_base64(lines.pop(0).removeprefix("extra "))
        index = _INDEX.fullmatch(lines[0]) if lines else None
        if index is None:
            raise FormatError("BAD_PROOF", "an index line follows, with a decimal number without leading zeros")
        hashes = tuple(Hash.from_base64(line) for line in lines[1:])
    except FormatError as error:
        raise FormatError("BAD_PROOF", f"the lines before the checkpoint: {error.message}") from error
    return TlogProof(int(index[1]), hashes, note, extra)


class _Lines(dict[Hash, str]):
    """Hashes as lines. The proofs of a batch have most of theirs in common: each is written once."""

    def __missing__(self, node: Hash) -> str:
        line = self[node] = node.base64() + "\n"
        return line


def encode_tlog_proof(proof: TlogProof) -> bytes:
    """The proof's one byte string."""
    [data] = encode_tlog_proofs([proof])
    return data


def encode_tlog_proofs(proofs: Iterable[TlogProof]) -> list[bytes]:
    """Many at once, for much less than one by one."""
    lines = _Lines()
    encoded = []
    for proof in proofs:
        extra = "" if proof.extra is None else f"extra {encode_base64(proof.extra)}\n"
        path = "".join([lines[node] for node in proof.hashes])
        encoded.append(f"{_FIRST_LINE}\n{extra}index {proof.index}\n{path}\n".encode() + proof.note)
    return encoded


def verify_tlog_proof(
    data: bytes, entry: bytes, trust: Policy | NoteKey, verifier: Verifier = _VERIFIER
) -> VerifiedInclusion:
    """``trust``: a policy, or the key of the one log whose signature is enough.

    Raises FormatError, SignatureError, UnjudgeableError as verify_checkpoint_with_policy() does,
    InclusionError(``BAD_INCLUSION_PROOF``).
    """
    proof = parse_tlog_proof(data)
    policy = log_only_policy(trust) if isinstance(trust, NoteKey) else trust
    checkpoint = verify_checkpoint_with_policy(proof.note, policy, verifier)
    verify_inclusion(hash_leaf(entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return VerifiedInclusion(proof.index, checkpoint)
