"""Evidence that a log contradicted itself: one file that convinces everybody who has the log's public key.

Responsible for the file and for the arithmetic of a fork. Everything in the file is the log's own words under the log's
own signatures; who found it does not matter, and nothing of it is believed before it was verified. Three kinds:

- ``fork``: two signed heads of which one cannot extend the other. For two sizes, a consistency proof shows which root
  the tree of the larger head had at the smaller size: not the one that was signed.
- ``succession``: the same of a successor log, up to the record that hands over, and a signed head of the log before,
  which that record does not name or contradicts.
- ``entry``: a signed head, the first entries of its tree up to one that breaks a rule, and a consistency proof from
  these to the head. Which rule is broken is for the observer's audit to say, which adds them up again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from ledger.checkpoint import VerifiedCheckpoint, verify_checkpoint
from ledger.errors import ConsistencyError, FormatError, VerificationError
from ledger.merkle import MAX_TREE_SIZE, hash_leaf, merkle_root, verify_consistency
from ledger.primitives import Hash, encode_base64, parse_base64
from ledger.vkey import NoteKey

MAX_EVIDENCE = 256 * 1024 * 1024
"""Bytes of a file."""
MAX_ENTRIES_BYTES = 128 * 1024 * 1024
"""Of the entries in one file, before base64."""
_MAX_HASHES = MAX_TREE_SIZE.bit_length() + 1

_Hashes = Annotated[tuple[str, ...], msgspec.Meta(max_length=_MAX_HASHES)]


class Fork(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="fork"):
    """``first`` and ``second``: signed notes, the smaller first. ``proof`` leads from ``prefix_root`` to the second."""

    first: str
    second: str
    prefix_root: str
    proof: _Hashes


class BadEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="entry"):
    """``entries`` (base64): the log's first ones; the last breaks the rule that ``code`` names."""

    note: str
    code: str
    entries: tuple[str, ...]
    proof: _Hashes


class BadSuccession(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="succession"):
    """``entries`` (base64): a successor log's first ones, the succession last; ``head``: a note of the log before."""

    head: str
    note: str
    entries: tuple[str, ...]
    proof: _Hashes


Evidence = Fork | BadEntry | BadSuccession


class EvidenceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["tunuk-evidence/1"]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ProvenFork:
    """Both heads are signed by the log. ``prefix_root``: of second's tree at first's size; it is not first's root."""

    first: VerifiedCheckpoint
    second: VerifiedCheckpoint
    prefix_root: Hash


@dataclass(frozen=True, slots=True)
class ProvenEntries:
    """These are the log's first entries, says its signature under ``checkpoint``."""

    checkpoint: VerifiedCheckpoint
    entries: tuple[bytes, ...]


def encode_evidence(evidence: Evidence) -> bytes:
    return msgspec.json.encode(EvidenceFile("tunuk-evidence/1", evidence)) + b"\n"


def parse_evidence(data: bytes) -> Evidence:
    """Raises FormatError(``BAD_EVIDENCE``)."""
    if len(data) > MAX_EVIDENCE:
        raise _bad(f"a file of evidence is at most {MAX_EVIDENCE} bytes long")
    try:
        return msgspec.json.decode(data, type=EvidenceFile).evidence
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(str(error)[:200]) from error


def make_fork(first: bytes, second: bytes, prefix_root: Hash, proof: Iterable[Hash]) -> Fork:
    """For heads of one size, ``prefix_root`` is the second's root and ``proof`` is empty."""
    hashes = tuple(node.base64() for node in proof)
    return Fork(first.decode(), second.decode(), prefix_root.base64(), hashes)


def verify_fork(fork: Fork, log_keys: Iterable[NoteKey]) -> ProvenFork:
    """Raises FormatError, SignatureError, VerificationError(``PROVES_NOTHING``), UnjudgeableError."""
    keys = list(log_keys)
    first, second = (verify_checkpoint(note.encode(), keys) for note in (fork.first, fork.second))
    prefix_root = Hash.from_base64(fork.prefix_root)
    if first.origin != second.origin:
        raise _nothing(f"the heads are of two logs: {first.origin} and {second.origin}")
    if not 0 < first.size <= second.size:
        raise _nothing("the smaller head comes first, and an empty tree contradicts nothing")
    if prefix_root == first.root:
        raise _nothing(f"at {first.size} entries both trees have the same root")
    try:
        verify_consistency(first.size, prefix_root, second.size, second.root, _parse_hashes(fork.proof))
    except ConsistencyError as error:
        raise _nothing(error.message) from error
    return ProvenFork(first, second, prefix_root)


def make_bad_entry(note: bytes, code: str, entries: Iterable[bytes], proof: Iterable[Hash]) -> BadEntry:
    texts = tuple(encode_base64(entry) for entry in entries)
    return BadEntry(note.decode(), code, texts, tuple(node.base64() for node in proof))


def make_bad_succession(head: bytes, note: bytes, entries: Iterable[bytes], proof: Iterable[Hash]) -> BadSuccession:
    texts = tuple(encode_base64(entry) for entry in entries)
    return BadSuccession(head.decode(), note.decode(), texts, tuple(node.base64() for node in proof))


def verify_entries(bad: BadEntry | BadSuccession, log_keys: Iterable[NoteKey]) -> ProvenEntries:
    """That the entries are the log's. Raises as verify_fork() does."""
    checkpoint = verify_checkpoint(bad.note.encode(), list(log_keys))
    entries = tuple(parse_base64(text) for text in bad.entries)
    if not 0 < len(entries) <= checkpoint.size:
        raise _nothing(f"{len(entries)} entries are not the first of {checkpoint.size}")
    root = merkle_root([hash_leaf(entry) for entry in entries])
    try:
        verify_consistency(len(entries), root, checkpoint.size, checkpoint.root, _parse_hashes(bad.proof))
    except ConsistencyError as error:
        raise _nothing(f"the entries are not the log's: {error.message}") from error
    return ProvenEntries(checkpoint, entries)


def _parse_hashes(texts: Iterable[str]) -> list[Hash]:
    return [Hash.from_base64(text) for text in texts]


def _bad(message: str) -> FormatError:
    return FormatError("BAD_EVIDENCE", f"this is no file of evidence: {message}")


def _nothing(message: str) -> VerificationError:
    return VerificationError("PROVES_NOTHING", f"the file does not prove what it claims: {message}")
