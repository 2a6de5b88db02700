"""A proof bundle: one file from which anybody can check what the log says of one precinct, with no network at all.

Specified in ``docs/proof-bundle.md``. Shapes and bounds alone; what it proves is found out by ``check``.
"""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.canonical import MAX_ENTRY, Canonical, Count, Hash32, Identifier, decode, encode
from ledger.errors import FormatError
from ledger.note import MAX_NOTE

MAX_BUNDLE_FILE = 4 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_HASHES = 100_000

Entry = Annotated[bytes, Meta(max_length=MAX_ENTRY)]


class LogEntry(Canonical, frozen=True):
    """One entry of the log, byte for byte."""

    index: Count
    data: Entry


class AnchorProof(Canonical, frozen=True):
    """That a block of the chain holds the contract's event of a head of this log.

    ``size`` and ``root`` are the anchored head, ``consistency`` the RFC 6962 proof from it to the checkpoint, and
    ``header`` is the block's in RLP, seals and all; ``path`` leads from its receipts root to receipt ``transaction``,
    of which log ``log`` is the event.
    """

    size: Count
    root: Hash32
    consistency: Annotated[tuple[Hash32, ...], Meta(max_length=64)]
    header: Annotated[bytes, Meta(max_length=16_384)]
    transaction: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    log: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    path: Annotated[tuple[Annotated[bytes, Meta(max_length=65_600)], ...], Meta(max_length=64)]


class ProofBundle(Canonical, frozen=True):
    """``proof`` is the multi-proof of all ``entries`` (ascending) under the checkpoint; see ``ledger.multiproof``.

    ``parts`` are the places, among all part hashes in ascending order, of those ``entries`` that are parts of the
    election, and ``parts_proof`` is their multi-proof under the root of the parts.
    """

    format: Literal["tunuk-proof/1"]
    unit: Identifier
    contest: Count | None
    checkpoint: Annotated[bytes, Meta(max_length=MAX_NOTE)]
    entries: Annotated[tuple[LogEntry, ...], Meta(min_length=1, max_length=MAX_ENTRIES)]
    proof: Annotated[tuple[Hash32, ...], Meta(max_length=MAX_HASHES)]
    parts: Annotated[tuple[Count, ...], Meta(max_length=MAX_ENTRIES)]
    parts_proof: Annotated[tuple[Hash32, ...], Meta(max_length=MAX_HASHES)]
    anchor: AnchorProof | None

    def __post_init__(self) -> None:
        indices = [entry.index for entry in self.entries]
        if indices != sorted(set(indices)):
            raise ValueError("entries are not in ascending order of distinct indices")


def encode_bundle_file(bundle: ProofBundle) -> bytes:
    """Raises FormatError(``BUNDLE_TOO_LONG``)."""
    data = encode(bundle)
    if len(data) > MAX_BUNDLE_FILE:
        raise FormatError("BUNDLE_TOO_LONG", f"the proof would have {len(data)} bytes: ask for one contest")
    return data


def parse_bundle_file(data: bytes) -> ProofBundle:
    """Raises FormatError(``BUNDLE_TOO_LONG``, ``BAD_BUNDLE``)."""
    if len(data) > MAX_BUNDLE_FILE:
        raise FormatError("BUNDLE_TOO_LONG", f"a proof bundle has at most {MAX_BUNDLE_FILE} bytes")
    try:
        return decode(ProofBundle, data)
    except FormatError as error:
        raise FormatError("BAD_BUNDLE", f"this is no proof bundle, or another version's: {error.message}") from error
