"""``observer check``: what a proof bundle proves, found out offline, with nothing but the policy that one trusts.

In this order: the checkpoint's signatures by the policy; every entry under its root; the election that the log's name
pins; the parts that the election pins; each record's signatures by keys that the bundle's own records name before it;
then the anchor, if there is one: its head is a prefix of the checkpoint, its event is in the receipt, the receipt in
the block, and the block is sealed by enough of the validators that the election pins. Raises the family of errors for
the first that does not hold:

    NOT_THIS_ELECTION   the first entry is not the election that the log's name holds
    PART_NOT_PINNED     a contest, unit or device is none of the parts whose root the election names
    FOREIGN_ENTRY       an entry is not about this precinct, its contests, or the keys that count
    ACT_NOT_IN_FORCE    an act of authority is none that took effect, as far as the file shows
    WRONG_GENERATION    the log's name, or its key, is not what the successions in the file say
and those of ``policy``, ``multiproof``, ``record`` and ``anchor_proof``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.checkpoint import VerifiedCheckpoint
from ledger.election import Contest, Election, ReportingUnit, part_hash
from ledger.errors import InclusionError, VerificationError
from ledger.merkle import hash_leaf
from ledger.multiproof import verify_multi_proof
from ledger.observer.anchor_proof import ProvedAnchor, check_anchor
from ledger.observer.bundle import ProofBundle
from ledger.observer.origin import parse_origin
from ledger.observer.precinct_records import PARTS, PrecinctRecords
from ledger.observer.successions import log_key
from ledger.policy import Policy, verify_checkpoint_with_policy
from ledger.primitives import Hash
from ledger.record import SignedRecord, parse_record
from ledger.rulings import Authority, Decision, Return, Succession
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
class Proved:
    """What holds, if ``check_bundle`` returns."""

    checkpoint: VerifiedCheckpoint
    contest: int | None
    unit: ReportingUnit
    contests: Mapping[int, Contest]
    tallies: tuple[ProvedTally, ...]
    acts: Mapping[int, Authority]
    successions: Mapping[int, Succession]
    decisions: Mapping[int, Decision]
    returns: Mapping[int, Return]
    entries: int
    anchor: ProvedAnchor | None


def check_bundle(bundle: ProofBundle, policy: Policy) -> Proved:
    """Raises FormatError, VerificationError, UnjudgeableError for the first thing that does not hold."""
    checkpoint = verify_checkpoint_with_policy(bundle.checkpoint, policy)
    leaves = {entry.index: hash_leaf(entry.data) for entry in bundle.entries}
    verify_multi_proof(leaves, checkpoint.size, [Hash(node) for node in bundle.proof], checkpoint.root)
    records = {entry.index: parse_record(entry.data) for entry in bundle.entries}
    election = _election(records, checkpoint)
    _check_parts(bundle, election, records)
    reading = PrecinctRecords(election, records, bundle.unit, bundle.contest)
    _check_generation(reading, checkpoint)
    definition = reading.definition
    tallies = tuple(
        ProvedTally(index, body.urn, body, index in reading.revoked, reading.rulings_on(index))
        for index, body in reading.tallies.items()
    )
    anchor = None if bundle.anchor is None else check_anchor(bundle.anchor, checkpoint, definition.chains)
    return Proved(
        checkpoint=checkpoint,
        contest=bundle.contest,
        unit=definition.units[bundle.unit],
        contests=definition.contests,
        tallies=tallies,
        acts=reading.acts,
        successions=reading.successions,
        decisions=reading.decisions,
        returns=reading.returns,
        entries=len(records),
        anchor=anchor,
    )


def _election(records: Mapping[int, SignedRecord], checkpoint: VerifiedCheckpoint) -> Election:
    origin, first = parse_origin(checkpoint.origin), records.get(0)
    body = None if first is None else first.body
    if not isinstance(body, Election) or (body.election_id, body.authority) != (origin.election_id, origin.authority):
        raise VerificationError("NOT_THIS_ELECTION", "entry 0 is not the election that the log's name holds")
    return body


def _check_generation(reading: PrecinctRecords, checkpoint: VerifiedCheckpoint) -> None:
    """A successor log's file has every succession; the last names the key by which the log signs."""
    generation = parse_origin(checkpoint.origin).generation
    if reading.generation != generation:
        words = f"the log's name says generation {generation}, and the file's entries say {reading.generation}"
        raise VerificationError("WRONG_GENERATION", words)
    keys = [body.log_key for body in reading.successions.values()]
    if keys and log_key(checkpoint) != keys[-1]:
        raise VerificationError("WRONG_GENERATION", "the log does not sign by the key that its succession names")


def _check_parts(bundle: ProofBundle, election: Election, records: Mapping[int, SignedRecord]) -> None:
    """A later part would be signed by the election key too; only those under the root define anything."""
    hashes = [part_hash(one.body) for one in records.values() if isinstance(one.body, PARTS)]
    places = dict(zip(bundle.parts, hashes, strict=False))
    try:
        if not len(places) == len(bundle.parts) == len(hashes):
            raise InclusionError("BAD_INCLUSION_PROOF", "not one place for each part")
        proof = [Hash(node) for node in bundle.parts_proof]
        verify_multi_proof(places, election.parts, proof, Hash(election.parts_root))
    except InclusionError as error:
        raise VerificationError("PART_NOT_PINNED", f"parts under the election's root: {error.message}") from error
