"""Who a client is: from its certificate's key to the device that the log names.

The roster is read from the log itself, and is believed because it hashes to the parts' root that the election id pins,
and because what changes it later is signed by two officials: a certificate alone admits nobody. It follows the log, so
that a device that takes another's place is known without a new start. A key is never forgotten: what a revoked one
signs is taken, and held by the fold, as evidence.
"""

from dataclasses import dataclass
from functools import lru_cache

from central_server.certificates import certificate_key
from ledger.definition import Definition
from ledger.election import ChainPins, Election
from ledger.errors import FormatError
from ledger.fold import Fold
from ledger.key_book import NamedKeys
from ledger.log import read_entries
from ledger.primitives import Hash, KeyId, PublicKey
from ledger.record import parse_record, trust_record
from ledger.store.contract import Store

_REMEMBERED = 8_192
"""Certificates whose key is remembered: those of all devices that are connected at a time, at 1 KiB each."""

_NAMING_KINDS = ("election/1", "contest/1", "unit/1", "device/1", "authority/1", "succession/1", "snapshot/1")
"""What says which keys are named; a snapshot's time ends what the election key may do alone."""

# A record starts as an array of three whose first element is a short text: its kind.
_NAMING_ENTRIES = tuple(bytes([0x93, 0xA0 | len(kind)]) + kind.encode() for kind in _NAMING_KINDS)


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device of this election, by its id and the key that signs its records.

    ``urns`` are how many it speaks for, ``cells`` how many units all these serve, a unit once for each urn.
    """

    id: str
    key: PublicKey
    urns: int
    cells: int


class Roster:
    """The devices of one election. Raises FormatError(``ELECTION_INCOMPLETE``) for a definition with parts missing."""

    def __init__(self, definition: Definition) -> None:
        if definition.election is None or definition.election_id is None or not definition.complete:
            raise FormatError("ELECTION_INCOMPLETE", "not all parts of the election are logged: finish the roster")
        self.election: Election = definition.election
        self.election_id: Hash = definition.election_id
        self._devices: dict[KeyId, KnownDevice] = {}
        self.learn(definition)

    def learn(self, definition: Definition) -> None:
        """Know the devices that are new in ``definition``. May be called from another thread than the rest."""
        for key_id in definition.devices.keys() - self._devices.keys():
            device = definition.devices[key_id]
            cells = sum(len(urn.units) for urn in device.urns)
            self._devices[key_id] = KnownDevice(device.id, PublicKey(device.public_key), len(device.urns), cells)

    def __len__(self) -> int:
        """Devices, each with all the keys that it has had."""
        return len({device.id for device in self._devices.copy().values()})

    def identify(self, certificate: bytes) -> KnownDevice | None:
        """The device that a verified certificate (DER) stands for; None for a key that the log does not name."""
        key_id = _key_id(certificate)
        return None if key_id is None else self._devices.get(key_id)


@lru_cache(maxsize=_REMEMBERED)
def _key_id(certificate: bytes) -> KeyId | None:
    key = certificate_key(certificate)
    return None if key is None else key.key_id


class RosterReader:
    """Reads the roster from the log and follows it. ``read_on`` is called from one thread at a time."""

    def __init__(self, store: Store) -> None:
        """Read all that the log holds. Raises as read_roster() does."""
        self._fold = Fold()
        self._advance(store)
        self.roster = Roster(self._fold.definition)
        if self.roster.election.origin(self._fold.generation) != store.origin:
            raise FormatError("LOG_OF_OTHER_ELECTION", f"the log {store.origin} starts with another election")

    def read_on(self, store: Store) -> None:
        """Take what the log has gained. Raises StorageError, FormatError."""
        self._advance(store)
        self.roster.learn(self._fold.definition)

    @property
    def keys(self) -> NamedKeys:
        """Every key that the log names so far."""
        return self._fold.definition.keys

    @property
    def chains(self) -> tuple[ChainPins, ...]:
        """The pins of this log's contracts, from the first on; the last one is in force."""
        return tuple(self._fold.definition.chains)

    def _advance(self, store: Store) -> None:
        for index, entry in read_entries(store, self._fold.size, store.head().size):
            if entry.startswith(_NAMING_ENTRIES):
                self._fold.apply(index, trust_record(parse_record(entry)))
            else:
                self._fold.skip(index)


def read_roster(store: Store) -> Roster:
    """The devices that the log names up to its end.

    Raises FormatError(``LOG_OF_OTHER_ELECTION``, ``ELECTION_INCOMPLETE``), StorageError.
    """
    return RosterReader(store).roster
