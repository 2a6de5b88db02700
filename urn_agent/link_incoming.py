"""A report on its way to the agent: what was offered, and the bytes that have arrived of it so far.

What has arrived outlives a lost connection, so that a long report over a poor line goes on where it stopped. Whether
the pieces belong together is told by the digest of the whole. Bounded by the size that was offered.
"""

import hashlib

from urn_agent.link_events import ReportIdentity
from urn_agent.link_messages import Data, Offer
from urn_agent.link_table import RemoteProtocolError


class IncomingReport:
    """Starts empty; ``append`` takes the parts in order."""

    def __init__(self, identity: ReportIdentity, offer: Offer) -> None:
        self.identity = identity
        self.offer = offer
        self._content = bytearray()

    @property
    def offset(self) -> int:
        """The next byte that is wanted; less than the offered size until the report is whole."""
        return len(self._content)

    @property
    def content(self) -> bytes:
        return bytes(self._content)

    @property
    def is_whole(self) -> bool:
        return len(self._content) == self.offer.size

    @property
    def is_intact(self) -> bool:
        """Whether the whole is what was offered."""
        return hashlib.sha256(self._content).digest() == self.offer.digest

    def append(self, data: Data) -> None:
        """Raises RemoteProtocolError(``LINK_WRONG_DATA``) for a part that is not the next one, or too long."""
        size = self.offset + len(data.chunk)
        if data.number != self.offer.number or data.offset != self.offset or size > self.offer.size:
            raise RemoteProtocolError("LINK_WRONG_DATA", f"report {data.number}: byte {data.offset} is not next")
        self._content += data.chunk
