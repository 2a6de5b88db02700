"""The name of an election's log, read back: what pins the election record. Its shape is made by ``ledger.election``."""

import re
from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.primitives import Hash

_ORIGIN = re.compile(r"([a-z0-9][a-z0-9.-]{0,62})/([0-9a-f]{64})/([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Origin:
    """``<authority>/<election id in hex>/<generation>``."""

    text: str
    authority: str
    election_id: Hash
    generation: int

    def of_generation(self, generation: int) -> str:
        """The name of another log of the same election."""
        return f"{self.authority}/{self.election_id.hex()}/{generation}"


def parse_origin(text: str) -> Origin:
    """Raises FormatError(``BAD_ORIGIN``)."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        raise FormatError("BAD_ORIGIN", f"a log's name is authority/election id/generation: {text[:120]!r}")
    return Origin(text, match[1], Hash.from_hex(match[2]), int(match[3]))
