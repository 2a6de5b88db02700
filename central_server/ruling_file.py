"""A ruling on its way from whoever prepares it to the officials who sign and the server that logs it: one JSON file.

``body`` is the record's body in canonical form, in hexadecimal; ``entries`` are the log's entries that it names by
their leaf hashes, so that whoever signs without a network sees what they say; ``officials`` are the keys that may sign
as of the log that it was prepared from. Entries are believed for their hashes, officials for nothing: the server asks
the log.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger import canonical
from ledger.errors import ConflictError, FormatError, SignatureError
from ledger.merkle import hash_leaf
from ledger.record import KINDS, SignatureLine, join_record, signed_message
from ledger.rulings import Authority, Decision, Return, Ruling, Succession
from ledger.signing import Signer
from ledger.store.durable import StorageError, read_file, write_file

MAX_FILE = 32 * 1024 * 1024
"""Bytes: 200 targets of 64 KiB, in hexadecimal."""

_Hex = Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})*\Z")]
_Key = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


RulingKind = Literal["authority/1", "decision/1", "return/1", "succession/1"]


class NamedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that may sign, and whose it is."""

    key_id: _Key
    holder: Annotated[str, Meta(max_length=64)]
    role: Literal["official", "commission", "election"]


class SignatureText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key_id: _Key
    signature: Annotated[str, Meta(pattern=r"\A[0-9a-f]{128}\Z")]


class RulingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["tunuk-ruling/1"]
    kind: RulingKind
    body: _Hex
    entries: Annotated[tuple[_Hex, ...], Meta(max_length=201)]
    officials: Annotated[tuple[NamedKey, ...], Meta(max_length=1_000)]
    signatures: Annotated[tuple[SignatureText, ...], Meta(max_length=8)] = ()

    @property
    def ruling(self) -> Ruling:
        """Raises FormatError(``NOT_CANONICAL``)."""
        body: Ruling = canonical.decode(KINDS[self.kind], bytes.fromhex(self.body))  # type: ignore[assignment]
        return body

    def entry(self, leaf_hash: bytes) -> bytes | None:
        """The entry of this leaf hash, where the file has it."""
        entries = (bytes.fromhex(text) for text in self.entries)
        return next((entry for entry in entries if hash_leaf(entry) == leaf_hash), None)

    def sign(self, signer: Signer) -> "RulingFile":
        """The file with one more signature.

        Raises ConflictError(``SIGNED_ALREADY``, ``ONE_PERSON``), SignatureError(``NOT_AN_OFFICIAL``).
        """
        key_id = signer.public_key.key_id
        holders = {named.key_id: named.holder for named in self.officials}
        holder = holders.get(key_id.hex())
        if holder is None:
            known = ", ".join(sorted({f"{named.holder} ({named.role})" for named in self.officials})) or "nobody"
            raise SignatureError("NOT_AN_OFFICIAL", f"the key {key_id.hex()} may not sign this; {known} may")
        for line in self.signatures:
            if line.key_id == key_id.hex():
                raise ConflictError("SIGNED_ALREADY", f"{holder} has signed this file with this key already")
            if holders.get(line.key_id) == holder:
                raise ConflictError("ONE_PERSON", f"{holder} has signed with another key: it takes two persons")
        signature = signer.sign(signed_message(self.kind, bytes.fromhex(self.body), key_id))
        line = SignatureText(key_id.hex(), signature.hex())
        signatures = sorted((*self.signatures, line), key=lambda line: line.key_id)
        return msgspec.structs.replace(self, signatures=tuple(signatures))

    def record(self) -> bytes:
        """The log entry. Raises FormatError(``NOT_SIGNED``)."""
        if not self.signatures:
            raise FormatError("NOT_SIGNED", "nobody has signed this file yet: run central-server decide sign")
        lines = [SignatureLine(bytes.fromhex(line.key_id), bytes.fromhex(line.signature)) for line in self.signatures]
        return join_record(self.kind, bytes.fromhex(self.body), lines)


def make_ruling_file(body: Ruling, entries: list[bytes], officials: list[NamedKey]) -> RulingFile:
    kind: RulingKind
    match body:
        case Authority():
            kind = "authority/1"
        case Decision():
            kind = "decision/1"
        case Return():
            kind = "return/1"
        case Succession():
            kind = "succession/1"
    hexes = tuple(entry.hex() for entry in entries)
    return RulingFile("tunuk-ruling/1", kind, canonical.encode(body).hex(), hexes, tuple(officials))


def write_ruling(path: Path, file: RulingFile) -> None:
    """Durably, in place of what was there. Raises StorageError."""
    write_file(path, msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n")


def read_ruling(path: Path) -> RulingFile:
    """Raises StorageError(``RULING_MISSING``), FormatError(``BAD_RULING``)."""
    data = read_file(path, MAX_FILE)
    if data is None:
        raise StorageError("RULING_MISSING", f"{path} does not exist: central-server decide prepare makes one")
    try:
        file = msgspec.json.decode(data, type=RulingFile)
        _ = file.ruling
    except (msgspec.DecodeError, UnicodeDecodeError, FormatError) as error:
        raise FormatError("BAD_RULING", f"{path} is not a ruling, or damaged: {error}") from error
    return file
