"""``observer prove``: what the log says of one precinct, put into one file with everything that proves it.

Responsible for choosing the records that bear on a precinct, and for asking a node for the newest anchor's block. What
is put in is not judged here: the same program that checks the file does that.
"""

from bisect import bisect, bisect_left
from collections.abc import Sequence

from ledger.anchor.anchor_reader import AnchorReader
from ledger.anchor.block_header import header_of_block
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.node_answers import RpcCall, parse_receipt
from ledger.anchor.primitives import Address, ChainError, ChainHash
from ledger.anchor.receipt_trie import MAX_RECEIPTS, encode_receipt, receipt_path
from ledger.anchor.rpc_values import encode_data, encode_quantity, parse_fields, parse_hash, parse_list
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit, part_hash
from ledger.errors import FormatError
from ledger.merkle import consistency_proof, merkle_root
from ledger.multiproof import multi_proof
from ledger.observer.bundle import AnchorProof, LogEntry, ProofBundle
from ledger.observer.precinct_records import PARTS, serves, speaks_of
from ledger.observer.published_log import PublishedLog
from ledger.primitives import Hash, KeyId
from ledger.record import SignedRecord, Snapshot, parse_record
from ledger.rulings import Authority, Decision, Return, Succession
from ledger.tally import Opening, TallyReport
from ledger.tiles import TileReader


def make_bundle(log: PublishedLog, unit: str, contest: int | None, call: RpcCall | None) -> ProofBundle:
    """``call`` asks a node of the chain; without it the bundle has no anchor.

    Raises FormatError(``NO_SUCH_UNIT``, ``NO_SUCH_CONTEST``, ``ELECTION_INCOMPLETE``), ChainError.
    """
    chosen = sorted(_Choice(log, unit, contest).indices())
    subtree = TileReader(log.tree.size, log.tree.content).subtree
    entries = tuple(LogEntry(index, log.entries[index]) for index in chosen)
    proof = multi_proof(chosen, log.checkpoint.size, subtree)
    anchor = None if call is None else _anchor(log, call)
    parts, parts_proof = _prove_parts(log, entries)
    return ProofBundle("tunuk-proof/1", unit, contest, log.checkpoint.note, entries, proof, parts, parts_proof, anchor)


class _Choice:
    """The records that bear on a precinct, and those that say who may sign them."""

    def __init__(self, log: PublishedLog, unit: str, contest: int | None) -> None:
        self._log, self._unit, self._definition = log, unit, log.fold.definition
        known = self._definition.units.get(unit)
        if known is None or not known.ballot:
            raise FormatError("NO_SUCH_UNIT", f"no precinct of this election is called {unit}")
        if not self._definition.complete:
            raise FormatError("ELECTION_INCOMPLETE", "not all parts of the election are logged yet: ask again later")
        ballot = {line.contest for line in known.ballot}
        self._contests = ballot if contest is None else {contest}
        if not self._contests <= ballot:
            raise FormatError("NO_SUCH_CONTEST", f"contest {contest} is not on the ballot of precinct {unit}")
        self._units = set(self._definition.ancestry(unit))
        self._urns = set(self._definition.urns_of.get(unit, ()))
        # What the fold held of acts and parts defines nothing; held tallies and decisions stay evidence.
        self._held = {one.index for one in log.fold.held}
        self._leaves: set[bytes] = set()

    def indices(self) -> set[int]:
        chosen: set[int] = set()
        snapshots: list[int] = []
        alone: list[int] = []
        for index, entry in enumerate(self._log.entries):
            if index in self._log.refused:
                continue
            record = parse_record(entry)
            if isinstance(record.body, Snapshot):
                snapshots.append(index)
            elif self._bears(index, record):
                chosen.add(index)
                if isinstance(record.body, Authority | Succession) and len(record.signatures) == 1:
                    alone.append(index)
                if isinstance(record.body, TallyReport | Decision):
                    self._leaves.add(record.leaf_hash)
        for index in alone:
            at = bisect(snapshots, index)
            chosen.update(snapshots[max(at - 1, 0) : at + 1])
        return chosen | set(snapshots[-1:])

    def _bears(self, index: int, record: SignedRecord) -> bool:
        match record.body:
            case Election():
                return index == 0
            case Contest() as body:
                return body.number in self._contests and index not in self._held
            case ReportingUnit() as body:
                return body.id in self._units and index not in self._held
            case ReportingDevice() as body:
                return serves(body, self._unit) and index not in self._held
            case Authority() as body:
                return index not in self._held and self._act_bears(body)
            case Succession():
                return index not in self._held
            case Opening() | TallyReport() as body:
                return speaks_of(self._definition, KeyId(record.signatures[0].key_id), body, self._unit)
            case Return() as body:
                return body.unit == self._unit
            case Decision() as body:
                named = {*body.targets, *(() if body.supersedes is None else (body.supersedes,))}
                return body.unit == self._unit or body.urn in self._urns or not self._leaves.isdisjoint(named)
            case _:
                return False

    def _act_bears(self, body: Authority) -> bool:
        if body.contest is not None:
            return body.contest.number in self._contests
        if body.unit is not None:
            return body.unit.id in self._units
        if body.device is not None:
            return serves(body.device, self._unit)
        device = None if body.key_id is None else self._definition.devices.get(KeyId(body.key_id))
        return device is None or serves(device, self._unit)


def _prove_parts(log: PublishedLog, entries: Sequence[LogEntry]) -> tuple[tuple[int, ...], tuple[Hash, ...]]:
    """The places of the parts among all part hashes in ascending order, and their multi-proof."""
    hashes = log.fold.definition.part_hashes
    bodies = (parse_record(entry.data).body for entry in entries)
    places = tuple(bisect_left(hashes, part_hash(body)) for body in bodies if isinstance(body, PARTS))

    def subtree(level: int, index: int) -> Hash:
        return merkle_root(hashes[index << level : (index + 1) << level])

    return places, multi_proof(sorted(places), len(hashes), subtree)


def _anchor(log: PublishedLog, call: RpcCall) -> AnchorProof:
    """The newest anchor that the published log covers. Raises ChainError(``NO_ANCHOR``)."""
    pins = log.fold.definition.chains[-1]
    reader = AnchorReader(call, pins.chain_id, Address(pins.contract))
    claims = [claim for claim in reader.claims_after(None, reader.block_number()) if claim.head.size <= log.tree.size]
    if not claims:
        raise ChainError("NO_ANCHOR", "the chain holds no anchor of this log that is published", retryable=True)
    claim = claims[-1]
    block = call("eth_getBlockByNumber", [encode_quantity(claim.block_number), False])
    hashes = [
        parse_hash(one, "block.transactions")
        for one in parse_list(parse_fields(block, "block").get("transactions"), "block.transactions", MAX_RECEIPTS)
    ]
    answers = [call("eth_getTransactionReceipt", [encode_data(one)]) for one in hashes]
    place = _place(hashes, claim)
    first = sum(len(parse_receipt(answer).logs) for answer in answers[:place])
    subtree = TileReader(log.tree.size, log.tree.content).subtree
    return AnchorProof(
        claim.head.size,
        claim.head.root,
        consistency_proof(claim.head.size, log.tree.size, subtree),
        header_of_block(block).encode(),
        place,
        claim.log_index - first,
        receipt_path([encode_receipt(answer) for answer in answers], place),
    )


def _place(hashes: list[ChainHash], claim: AnchorClaim) -> int:
    if claim.transaction_hash not in hashes:
        raise ChainError("ANCHOR_TX_ELSEWHERE", "the anchor's transaction is not in its block any more", retryable=True)
    return hashes.index(claim.transaction_hash)
