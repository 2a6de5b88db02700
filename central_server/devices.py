"""Who a client is: from its certificate's key to the device that the log names.

The roster is read from the log itself, and is believed because it hashes to the parts' root that the election id pins:
a certificate alone admits nobody. Lookups hold for the life of the process, as the roster does.
"""

from dataclasses import dataclass
from functools import lru_cache

from central_server.certificates import certificate_key
from ledger.definition import Definition
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit
from ledger.errors import FormatError
from ledger.log import read_entries
from ledger.primitives import Hash, KeyId, PublicKey
from ledger.record import parse_record
from ledger.store.contract import Store

_REMEMBERED = 8_192
"""Certificates whose key is remembered: those of all devices that are connected at a time, at 1 KiB each."""


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device of this election, by its id and the key that signs its records."""

    id: str
    key: PublicKey


class Roster:
    """The devices of one election. Raises FormatError(``ELECTION_INCOMPLETE``) for a definition with parts missing."""

    def __init__(self, definition: Definition) -> None:
        if definition.election is None or definition.election_id is None or not definition.complete:
            raise FormatError("ELECTION_INCOMPLETE", "not all parts of the election are logged: finish the roster")
        self.election: Election = definition.election
        self.election_id: Hash = definition.election_id
        self._devices = {
            key_id: KnownDevice(device.id, PublicKey(device.public_key))
            for key_id, device in definition.devices.items()
        }
        self.identify = lru_cache(maxsize=_REMEMBERED)(self._identify)
        """The device that a verified certificate (DER) stands for; None for a key that the log does not name."""

    def __len__(self) -> int:
        return len(self._devices)

    def _identify(self, certificate: bytes) -> KnownDevice | None:
        key = certificate_key(certificate)
        return None if key is None else self._devices.get(KeyId(key.key_id))


def read_roster(store: Store) -> Roster:
    """Read the election and its parts from the start of the log.

    Raises FormatError(``LOG_OF_OTHER_ELECTION``, ``ELECTION_INCOMPLETE``), and as the definition does for broken parts.
    """
    definition = Definition()
    for _, entry in read_entries(store, 0, store.head().size):
        body = parse_record(entry).body
        if isinstance(body, Election):
            definition.add_election(body)
            if body.origin() != store.origin:
                raise FormatError("LOG_OF_OTHER_ELECTION", f"the log {store.origin} starts with another election")
        elif isinstance(body, Contest | ReportingUnit | ReportingDevice):
            definition.add_part(body)
        if definition.complete:
            break
    return Roster(definition)
