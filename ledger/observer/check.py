"""``observer check``: what a proof bundle proves, found out offline, with nothing but the policy that one trusts.

In this order: the checkpoint's signatures by the policy; every entry under its root; the election that the log's name
pins; each record's signatures by keys that the bundle's own records name before it; then the anchor, if there is one:
its head is a prefix of the checkpoint, its event is in the receipt, the receipt in the block, and the block is sealed
by enough of the validators that the election pins. Raises the family of errors for the first that does not hold:

    NOT_THIS_ELECTION   the first entry is not the election that the log's name holds
    FOREIGN_ENTRY       an entry is not about this precinct, its contests, or the keys that count
    ANCHOR_NOT_PINNED   the event is of a contract, or a block of validators, that no record pins
    ANCHOR_EVENT_DIFFERS the event says another head than the bundle
and those of ``policy``, ``multiproof``, ``record``, ``qbft`` and ``receipt_trie``.
"""

from dataclasses import dataclass, field

from ledger.anchor.block_header import parse_header
from ledger.anchor.contract_code import parse_anchored_event
from ledger.anchor.primitives import Address
from ledger.anchor.qbft import verify_seals
from ledger.anchor.receipt_trie import parse_receipt_value, verify_receipt_path
from ledger.checkpoint import VerifiedCheckpoint
from ledger.election import ChainPins, Contest, Election, ReportingDevice, ReportingUnit
from ledger.errors import FormatError, VerificationError
from ledger.key_book import NamedKeys
from ledger.key_check import is_sound_key
from ledger.merkle import hash_leaf, verify_consistency
from ledger.multiproof import verify_multi_proof
from ledger.observer.bundle import AnchorProof, ProofBundle
from ledger.observer.origin import parse_origin
from ledger.policy import Policy, verify_checkpoint_with_policy
from ledger.primitives import Hash, KeyId, PublicKey
from ledger.record import SignedRecord, parse_record, verify_record
from ledger.rulings import Authority, Decision, Return
from ledger.signing import CryptographyVerifier
from ledger.tally import TallyReport


@dataclass(frozen=True, slots=True)
class ProvedTally:
    """A tally of the precinct. ``rulings`` are the entries of decisions that name it."""

    index: int
    urn: str
    report: TallyReport
    revoked: bool
    rulings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProvedAnchor:
    """``sealers`` of ``validators`` pinned ones sealed the block; both 0 where none are pinned (a demonstration)."""

    size: int
    chain_id: int
    block: int
    timestamp: int
    sealers: int
    validators: int


@dataclass(slots=True)
class Proved:
    """What holds, if ``check_bundle`` returns."""

    checkpoint: VerifiedCheckpoint
    unit: str
    contest: int | None
    election: Election
    units: dict[str, ReportingUnit] = field(default_factory=dict)
    contests: dict[int, Contest] = field(default_factory=dict)
    tallies: list[ProvedTally] = field(default_factory=list)
    decisions: dict[int, Decision] = field(default_factory=dict)
    returns: dict[int, Return] = field(default_factory=dict)
    entries: int = 0
    anchor: ProvedAnchor | None = None


def check_bundle(bundle: ProofBundle, policy: Policy) -> Proved:
    """Raises FormatError, VerificationError, UnjudgeableError for the first thing that does not hold."""
    checkpoint = verify_checkpoint_with_policy(bundle.checkpoint, policy)
    leaves = {entry.index: hash_leaf(entry.data) for entry in bundle.entries}
    verify_multi_proof(leaves, checkpoint.size, [Hash(node) for node in bundle.proof], checkpoint.root)
    records = {entry.index: parse_record(entry.data) for entry in bundle.entries}
    reading = _Reading(Proved(checkpoint, bundle.unit, bundle.contest, _election(records, checkpoint)))
    for index, record in records.items():
        reading.take(index, record)
    proved = reading.finish()
    if bundle.anchor is not None:
        proved.anchor = _check_anchor(bundle.anchor, checkpoint, reading.chains)
    return proved


def _election(records: dict[int, SignedRecord], checkpoint: VerifiedCheckpoint) -> Election:
    origin, first = parse_origin(checkpoint.origin), records.get(0)
    body = None if first is None else first.body
    if not isinstance(body, Election) or (body.election_id, body.authority) != (origin.election_id, origin.authority):
        raise VerificationError("NOT_THIS_ELECTION", "entry 0 is not the election that the log's name holds")
    return body


class _Reading:
    """Takes the entries in their order; who may sign is asked of those before."""

    def __init__(self, proved: Proved) -> None:
        self._proved = proved
        self._keys = NamedKeys()
        self._verifier = CryptographyVerifier()
        self._urns: set[str] = set()
        self._leaves: dict[bytes, int] = {}
        self._by_revoked: set[int] = set()
        self._signers: dict[int, tuple[KeyId, ...]] = {}
        self.chains: list[ChainPins] = [proved.election.chain]

    def take(self, index: int, record: SignedRecord) -> None:
        body, proved = record.body, self._proved
        if not isinstance(body, Election) and body.election_id != proved.election.election_id:
            raise VerificationError("NOT_THIS_ELECTION", f"entry {index} is of another election")
        verified = verify_record(record, self._keys, self._verifier)
        if any(key in self._keys.revoked for key in verified.signers):
            self._by_revoked.add(index)
        proved.entries += 1
        self._leaves[bytes(verified.leaf_hash)] = index
        match body:
            case Election():
                if index != 0:
                    raise VerificationError("NOT_THIS_ELECTION", f"entry {index} is a second election record")
                self._name_election(body)
            case Contest():
                proved.contests[body.number] = body
            case ReportingUnit():
                proved.units[body.id] = body
            case ReportingDevice():
                self._name_device(index, body)
            case Authority():
                if index not in self._by_revoked:
                    self._rule(body)
            case TallyReport() | Return():
                self._require(index, body.unit == proved.unit)
            case _:
                pass
        if isinstance(body, TallyReport):
            self._require(index, body.urn in self._urns)
            proved.tallies.append(ProvedTally(index, body.urn, body, index in self._by_revoked, ()))
        elif isinstance(body, Return):
            proved.returns[index] = body
        elif isinstance(body, Decision):
            proved.decisions[index] = body

    def finish(self) -> Proved:
        proved = self._proved
        unit = proved.units.get(proved.unit)
        if unit is None or (proved.contest is not None and proved.contest not in proved.contests):
            raise FormatError("BAD_BUNDLE", f"the bundle lacks the record of unit {proved.unit}, or of its contest")
        named: dict[int, list[int]] = {}
        for index, decision in proved.decisions.items():
            hashes = (*decision.targets, *(() if decision.supersedes is None else (decision.supersedes,)))
            for leaf_hash in hashes:
                if leaf_hash in self._leaves:
                    named.setdefault(self._leaves[leaf_hash], []).append(index)
        proved.tallies = [
            ProvedTally(one.index, one.urn, one.report, one.revoked, tuple(named.get(one.index, ())))
            for one in proved.tallies
        ]
        return proved

    def _name_election(self, election: Election) -> None:
        self._keys.election_key = PublicKey(election.election_key)
        for role in election.roles:
            self._keys.name_role(role)

    def _name_device(self, index: int, device: ReportingDevice) -> None:
        self._keys.devices[PublicKey(device.public_key).key_id] = device
        served = [line.urn for line in device.urns if any(row.unit == self._proved.unit for row in line.units)]
        self._require(index, bool(served))
        self._urns.update(served)

    def _rule(self, body: Authority) -> None:
        """As the fold does, for keys and chains; what it changes of texts is shown by the records themselves."""
        if body.role is not None and is_sound_key(body.role.public_key):
            self._keys.name_role(body.role)
        if body.device is not None and body.key_id is not None:
            if not is_sound_key(body.device.public_key):
                return
            self._keys.revoked.add(KeyId(body.key_id))
            self._keys.devices[PublicKey(body.device.public_key).key_id] = body.device
        elif body.key_id is not None:
            self._keys.revoked.add(KeyId(body.key_id))
        if body.chain is not None:
            self.chains.append(body.chain)

    def _require(self, index: int, holds: bool) -> None:
        if not holds:
            raise VerificationError("FOREIGN_ENTRY", f"entry {index} is not about precinct {self._proved.unit}")


def _check_anchor(anchor: AnchorProof, checkpoint: VerifiedCheckpoint, chains: list[ChainPins]) -> ProvedAnchor:
    proof = [Hash(node) for node in anchor.consistency]
    verify_consistency(anchor.size, Hash(anchor.root), checkpoint.size, checkpoint.root, proof)
    header = parse_header(anchor.header)
    value = verify_receipt_path(header.receipts_root, anchor.transaction, anchor.path)
    receipt = parse_receipt_value(value)
    if not receipt.succeeded or anchor.log >= len(receipt.logs):
        raise VerificationError("ANCHOR_EVENT_DIFFERS", "the transaction failed, or has no such event")
    log = receipt.logs[anchor.log]
    pins = next((one for one in chains if bytes(log.address) == one.contract), None)
    if pins is None:
        raise VerificationError("ANCHOR_NOT_PINNED", f"the event is of contract 0x{log.address.hex()}: not pinned")
    event = parse_anchored_event(log.topics, log.data)
    if (event.size, bytes(event.root)) != (anchor.size, anchor.root):
        raise VerificationError("ANCHOR_EVENT_DIFFERS", f"the event anchors size {event.size}, not {anchor.size}")
    validators = _validators(pins, header.number)
    sealers = len(verify_seals(header, validators).sealers) if validators else 0
    return ProvedAnchor(anchor.size, pins.chain_id, header.number, header.timestamp, sealers, len(validators))


def _validators(pins: ChainPins, number: int) -> list[Address]:
    """Those pinned for a block. Raises VerificationError(``ANCHOR_NOT_PINNED``) before the first set begins."""
    if not pins.validator_sets:
        return []
    begun = [one for one in pins.validator_sets if one.first_block <= number]
    if not begun:
        raise VerificationError("ANCHOR_NOT_PINNED", f"no validators are pinned for block {number}")
    return [Address(address) for address in max(begun, key=lambda one: one.first_block).addresses]
