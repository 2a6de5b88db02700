"""``observer prove``: what the log says of one precinct, put into one file with everything that proves it.

Responsible for choosing the records that bear on a precinct, and for asking a node for the newest anchor's block. What
is put in is not judged here: the same program that checks the file does that.
"""

from collections.abc import Iterator

from ledger.anchor.anchor_reader import AnchorReader
from ledger.anchor.block_header import header_of_block
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.node_answers import RpcCall, parse_receipt
from ledger.anchor.primitives import Address, ChainError, ChainHash
from ledger.anchor.receipt_trie import MAX_RECEIPTS, encode_receipt, receipt_path
from ledger.anchor.rpc_values import encode_data, encode_quantity, parse_fields, parse_hash, parse_list
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit
from ledger.errors import FormatError, TunukError
from ledger.merkle import consistency_proof, hash_leaf
from ledger.multiproof import multi_proof
from ledger.observer.bundle import AnchorProof, LogEntry, ProofBundle
from ledger.observer.published_log import PublishedLog
from ledger.record import Body, Snapshot, parse_record, verify_record
from ledger.rulings import Authority, Decision, Return
from ledger.signing import CryptographyVerifier
from ledger.tally import Opening, TallyReport
from ledger.tiles import TileReader


def make_bundle(log: PublishedLog, unit: str, contest: int | None, call: RpcCall | None) -> ProofBundle:
    """``call`` asks a node of the chain; without it the bundle has no anchor.

    Raises FormatError(``NO_SUCH_UNIT``, ``NO_SUCH_CONTEST``), ChainError.
    """
    chosen = _choose(log, unit, contest)
    subtree = TileReader(log.tree.size, log.tree.content).subtree
    entries = tuple(LogEntry(index, log.entries[index]) for index in chosen)
    proof = multi_proof(chosen, log.checkpoint.size, subtree)
    anchor = None if call is None else _anchor(log, call)
    return ProofBundle("tunuk-proof/1", unit, contest, log.checkpoint.note, entries, proof, anchor)


def _choose(log: PublishedLog, unit: str, contest: int | None) -> list[int]:
    definition = log.fold.definition
    known = definition.units.get(unit)
    if known is None or not known.ballot:
        raise FormatError("NO_SUCH_UNIT", f"no precinct of this election is called {unit}")
    contests = {line.contest for line in known.ballot} if contest is None else {contest}
    if not contests <= {line.contest for line in known.ballot}:
        raise FormatError("NO_SUCH_CONTEST", f"contest {contest} is not on the ballot of precinct {unit}")
    urns, units = set(definition.urns_of.get(unit, ())), set(definition.ancestry(unit))
    chosen: list[int] = []
    targets: set[bytes] = set()
    last_snapshot: int | None = None
    for index, body in _bodies(log):
        match body:
            case Election() | Authority():
                taken = True
            case Contest():
                taken = body.number in contests
            case ReportingUnit():
                taken = body.id in units
            case ReportingDevice():
                taken = any(line.urn in urns for line in body.urns)
            case Opening():
                taken = body.urn in urns and unit in body.units
            case TallyReport() | Return():
                taken = body.unit == unit
            case Decision():
                taken = body.unit == unit or body.urn in urns or not targets.isdisjoint(body.targets)
            case Snapshot():
                taken, last_snapshot = False, index
            case _:
                taken = False
        if taken:
            chosen.append(index)
            if isinstance(body, TallyReport | Decision):
                targets.add(hash_leaf(log.entries[index]))
    return sorted({*chosen, *(() if last_snapshot is None else (last_snapshot,))})


def _bodies(log: PublishedLog) -> Iterator[tuple[int, Body | None]]:
    """Of each entry; None for what is no record by somebody who may sign it."""
    verifier = CryptographyVerifier()
    for index, entry in enumerate(log.entries):
        try:
            yield index, verify_record(parse_record(entry), log.fold.definition, verifier).body
        except TunukError:
            yield index, None


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
