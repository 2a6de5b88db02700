"""Elections of one's own parts for tests, beside the small one of ``election_factory``."""

from collections.abc import Sequence

import msgspec

from ledger.election import Election, Part, parts_root
from ledger.election import part_hash as hash_part
from ledger.fold import Fold
from ledger.record import parse_record, sign_record, verify_record
from ledger.signing import CryptographyVerifier, Ed25519Signer
from tests.unit.ledger.election_factory import ELECTION_KEY, Night, small_election


def election_of(parts: Sequence[Part], **changes: object) -> tuple[Election, list[Part]]:
    """An election record for these parts, and the parts with its id."""
    root = parts_root([hash_part(part) for part in parts])
    election = msgspec.structs.replace(small_election()[0], parts=len(parts), parts_root=root, **changes)
    return election, [msgspec.structs.replace(part, election_id=election.election_id) for part in parts]


def night_of(parts: Sequence[Part], **changes: object) -> Night:
    """All of it folded; whether the definition is complete is for the caller to look at."""
    election, logged = election_of(parts, **changes)
    night = Night(Fold(), election.election_id, [])
    for body in (election, *logged):
        night.say(body, ELECTION_KEY)
    return night


def outcome_code(night: Night, body: object, signer: Ed25519Signer) -> str:
    """What became of a record: its status, or the code of the rule that holds it."""
    data = sign_record(body, [signer])  # type: ignore[arg-type]  # any body, for parametrised tests
    record = verify_record(parse_record(data), night.fold.definition, CryptographyVerifier())
    outcome = night.fold.apply(night.fold.size, record)
    return outcome.code or outcome.status
