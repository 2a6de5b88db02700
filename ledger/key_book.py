"""The keys that the log has named, and which of them may sign what.

Who may sign a kind is asked before a signature is verified; whether a key was revoked is a matter for the fold, which
holds the record, for evidence is never thrown away. Keys are never forgotten.
"""

from collections.abc import Sequence

from ledger.election import Contest, Election, ReportingDevice, ReportingUnit, Role, RoleKey
from ledger.errors import SignatureError
from ledger.primitives import KeyId, PublicKey
from ledger.record import SignedRecord, Snapshot
from ledger.rulings import Authority, Decision, Return, Succession


class NamedKeys:
    """Keys by id, with what they are for."""

    def __init__(self) -> None:
        self.election_key: PublicKey | None = None
        self.roles: dict[KeyId, RoleKey] = {}
        self.devices: dict[KeyId, ReportingDevice] = {}
        self.revoked: set[KeyId] = set()

    def name_role(self, role: RoleKey) -> None:
        self.roles[PublicKey(role.public_key).key_id] = role

    def knows(self, key_id: KeyId) -> bool:
        return key_id in self.roles or key_id in self.devices

    def signing_keys(self, record: SignedRecord) -> tuple[PublicKey, ...]:
        """As ``record.KeyBook``."""
        key_ids = [KeyId(line.key_id) for line in record.signatures]
        match record.body:
            case Election():
                # The first election record names its key itself; its id, which an observer pins, covers that.
                own = PublicKey(record.body.election_key)
                return self._election_key(record.kind, key_ids, self.election_key or own)
            case Contest() | ReportingUnit() | ReportingDevice():
                return self._election_key(record.kind, key_ids, self.election_key)
            case Authority() | Succession() if len(key_ids) == 1:
                return self._election_key(record.kind, key_ids, self.election_key)
            case Authority() | Succession() | Decision():
                return self._two_officials(record.kind, key_ids)
            case Snapshot():
                return (self._role(record.kind, key_ids, "publisher"),)
            case Return():
                return (self._role(record.kind, key_ids, "commission"),)
            case _:
                return (self._device(record.kind, key_ids),)

    def _election_key(self, kind: str, key_ids: Sequence[KeyId], key: PublicKey | None) -> tuple[PublicKey, ...]:
        _require_count(kind, key_ids, 1)
        if key is None or key.key_id != key_ids[0]:
            raise SignatureError("UNKNOWN_KEY", f"{kind}: {key_ids[0].hex()} is not the election key")
        return (key,)

    def _two_officials(self, kind: str, key_ids: Sequence[KeyId]) -> tuple[PublicKey, ...]:
        _require_count(kind, key_ids, 2)
        found = [self._named_role(kind, key_id, "official") for key_id in key_ids]
        if len({role.holder for role in found}) != 2:
            raise SignatureError("ONE_PERSON", f"{kind}: both keys are {found[0].holder}'s; it takes two officials")
        return tuple(PublicKey(role.public_key) for role in found)

    def _role(self, kind: str, key_ids: Sequence[KeyId], wanted: Role) -> PublicKey:
        _require_count(kind, key_ids, 1)
        return PublicKey(self._named_role(kind, key_ids[0], wanted).public_key)

    def _named_role(self, kind: str, key_id: KeyId, wanted: Role) -> RoleKey:
        role = self.roles.get(key_id)
        if role is None or role.role != wanted:
            raise SignatureError("UNKNOWN_KEY", f"{kind}: no {wanted} of this election has the key {key_id.hex()}")
        return role

    def _device(self, kind: str, key_ids: Sequence[KeyId]) -> PublicKey:
        _require_count(kind, key_ids, 1)
        device = self.devices.get(key_ids[0])
        if device is None:
            raise SignatureError("UNKNOWN_KEY", f"{kind}: no device of this election has the key {key_ids[0].hex()}")
        return PublicKey(device.public_key)


def _require_count(kind: str, key_ids: Sequence[KeyId], count: int) -> None:
    if len(key_ids) != count:
        raise SignatureError("WRONG_SIGNATURE_COUNT", f"a {kind} record has {count} signatures, not {len(key_ids)}")
