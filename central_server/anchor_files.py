"""The anchor claims in the public folder: ``anchors/<size>.json`` each, and their list, ``anchors/index.json``.

The index is written after the claim that it lists. Both are copies of what the chain says: where they are damaged or
missing they are written anew from there.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from central_server.publication import Write
from ledger.anchor.claim import MAX_CLAIM, AnchorClaim, encode_claim, parse_claim
from ledger.anchor.primitives import Address
from ledger.anchor.signed_statement import PATH, SignedStatement, encode_signed_statement
from ledger.errors import FormatError
from ledger.store.durable import make_directory, read_file, write_file

FOLDER = "anchors"
INDEX = "index.json"

MAX_INDEX = 16 * 1024 * 1024
"""Bytes of the index: a million anchors."""


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sizes: list[int]


class AnchorFiles:
    """The claims of one public folder. ``last_claim`` is the newest one that is completely there, None for none.

    ``contract``: the one in force, or None for whichever. Claims of those that it succeeded stay, and are none of its
    own. Raises StorageError.
    """

    def __init__(self, directory: Path, contract: Address | None, write: Write = write_file) -> None:
        self._folder = directory / FOLDER
        self._contract = contract
        self._write = write
        self._sizes, self.last_claim = self._read()

    def write(self, claim: AnchorClaim) -> None:
        """Durable when it returns. Writing the same claim again changes nothing."""
        make_directory(self._folder)
        self._write(self._folder / f"{claim.head.size}.json", encode_claim(claim))
        sizes = sorted({*self._sizes, claim.head.size})
        self._write(self._folder / INDEX, encode_index(sizes))
        self._sizes, self.last_claim = sizes, claim

    def write_statement(self, statement: SignedStatement) -> None:
        """What the anchor key has signed last, for whoever wants to have it anchored."""
        make_directory(self._folder)
        self._write(self._folder / Path(PATH).name, encode_signed_statement(statement))

    def replace(self, claims: Sequence[AnchorClaim]) -> None:
        """Put these in the place of all that were written of this contract, in ascending order of their sizes."""
        make_directory(self._folder)
        others = [size for size in self._sizes if self._read_claim(size).contract != self._contract]
        for claim in claims:
            self._write(self._folder / f"{claim.head.size}.json", encode_claim(claim))
        sizes = sorted({*others, *(claim.head.size for claim in claims)})
        self._write(self._folder / INDEX, encode_index(sizes))
        self._sizes, self.last_claim = sizes, claims[-1] if claims else None

    def _read(self) -> tuple[list[int], AnchorClaim | None]:
        index = read_file(self._folder / INDEX, MAX_INDEX)
        if index is None:
            return [], None
        try:
            sizes = msgspec.json.decode(index, type=_Index).sizes
            if not sizes or encode_index(sorted(set(sizes))) != index:
                return [], None
            claim = self._read_claim(sizes[-1])
        except (msgspec.DecodeError, FormatError):
            return [], None
        return sizes, claim if self._contract in (None, claim.contract) else None

    def _read_claim(self, size: int) -> AnchorClaim:
        """Raises FormatError."""
        data = read_file(self._folder / f"{size}.json", MAX_CLAIM)
        return parse_claim(b"" if data is None else data)


def encode_index(sizes: list[int]) -> bytes:
    """The index of claims with these sizes, ascending."""
    return json.dumps({"sizes": sizes}).encode() + b"\n"
