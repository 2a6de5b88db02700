"""The bundle that the election authority gives to a device: verified whole before anything of it is used.

It holds the election's records as far as they concern the device, the policy by which receipts are judged, and the
client certificate. All of it is public. What is verified, one code each:

    BUNDLE_RECORDS      the records parse, and are signed by the election key that the election record names
    BUNDLE_NOT_OURS     among them is a device record with this device's key and name, or an act of authority that
                        names it in place of another
    BUNDLE_POLICY       the policy parses, and names a log of this very election; receipts count by the last such log
    BUNDLE_CERTIFICATE  the client certificate is for this device's key
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.definition import Definition
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit
from ledger.errors import FormatError, TunukError
from ledger.policy import MAX_POLICY, Policy, parse_policy
from ledger.primitives import Hash, PublicKey
from ledger.record import parse_record, verify_record
from ledger.rulings import Authority
from ledger.signing import CryptographyVerifier
from urn_agent.assignment import Assignment
from urn_agent.config import MAX_SETTINGS, BundleFolder, BundleNote, parse_file
from urn_agent.files import FolderError, create_file, read_file, sync_folder

MAX_RECORDS = 64 * 1024 * 1024
"""Bytes: a device's own units and contests take kilobytes; this is room for a country's."""

_LIMITS = {"policy": MAX_POLICY, "election.records": MAX_RECORDS}


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a verified bundle says."""

    assignment: Assignment
    policy: Policy
    server: str | None

    @property
    def election_id(self) -> Hash:
        return self.assignment.election_id

    @property
    def urns(self) -> tuple[str, ...]:
        return tuple(self.assignment.urns)


def load_bundle(folder: BundleFolder, device: str, public_key: PublicKey) -> Bundle:
    """Read and verify. Raises FolderError with the codes above, and those of reading files."""
    if not folder.note.exists():
        words = "give run the folder that the authority made for this device, with --bundle"
        raise FolderError("FILE_MISSING", f"{folder.note} is missing: {words}")
    note = parse_file(folder.note, MAX_SETTINGS, BundleNote)
    if note.device != device:
        raise FolderError("BUNDLE_NOT_OURS", f"the bundle is for device {note.device}, and this is {device}")
    election, own = _verify_records(read_file(folder.records, MAX_RECORDS), public_key)
    if own is None or own.id != device:
        raise FolderError("BUNDLE_NOT_OURS", f"the bundle has no device record for {device} with this device's key")
    policy = _verify_policy(read_file(folder.policy, MAX_POLICY), election)
    _verify_certificate(read_file(folder.certificate, MAX_SETTINGS), public_key)
    read_file(folder.authority, MAX_SETTINGS)
    urns = tuple(line.urn for line in own.urns)
    assignment = Assignment(election.election_id, urns, election.turnout_times, election.secrecy_threshold)
    return Bundle(assignment, policy, note.server_url)


def import_bundle(source: BundleFolder, target: BundleFolder, device: str, public_key: PublicKey) -> Bundle:
    """Verify the bundle at ``source`` and copy it, durably. A newer bundle takes an older one's place.

    Raises as ``load_bundle`` does. A crash leaves a mixture of old and new at worst, which does not pass as a bundle or
    is one; importing again completes it.
    """
    bundle = load_bundle(source, device, public_key)
    try:
        target.root.mkdir(mode=0o755, exist_ok=True)
        for path in source.files:
            fresh = target.root / f".new-{path.name}"
            fresh.unlink(missing_ok=True)
            create_file(fresh, read_file(path, _LIMITS.get(path.name, MAX_SETTINGS)))
            fresh.replace(target.root / path.name)
    except OSError as error:
        raise FolderError("FILE_FAILED", f"{target.root} cannot be written: {error.strerror}") from error
    sync_folder(target.root)
    sync_folder(target.root.parent)
    return bundle


def _verify_records(data: bytes, public_key: PublicKey) -> tuple[Election, ReportingDevice | None]:
    definition, verifier = Definition(), CryptographyVerifier()
    own: ReportingDevice | None = None
    try:
        for entry in _split(data):
            body = verify_record(parse_record(entry), definition, verifier).body
            match body:
                case Election():
                    definition.add_election(body)
                case Contest() | ReportingUnit() | ReportingDevice():
                    if body.election_id != definition.election_id:
                        raise FormatError("BUNDLE_RECORDS", "a part is of another election")
                    definition.add_part(body)
                case Authority():
                    if body.election_id != definition.election_id:
                        raise FormatError("BUNDLE_RECORDS", "an act of authority is of another election")
                    if body.role is not None:
                        definition.keys.name_role(body.role)
                case _:
                    raise FormatError("BUNDLE_RECORDS", "the records are an election and its parts, nothing else")
            named = body.device if isinstance(body, Authority) else body
            if isinstance(named, ReportingDevice) and PublicKey(named.public_key) == public_key:
                own = named
    except TunukError as error:
        raise FolderError("BUNDLE_RECORDS", f"the election's records do not hold: {error.message}") from error
    if definition.election is None:
        raise FolderError("BUNDLE_RECORDS", "the bundle has no election record")
    return definition.election, own


def _split(data: bytes) -> Iterator[bytes]:
    """Entries of ``uint16 length ‖ entry``, big-endian, as in an entry bundle of C2SP tlog-tiles."""
    position = 0
    while position < len(data):
        size = int.from_bytes(data[position : position + 2], "big")
        entry = data[position + 2 : position + 2 + size]
        if position + 2 > len(data) or len(entry) != size:
            raise FormatError("BUNDLE_RECORDS", "the file of records is cut off")
        yield entry
        position += 2 + size


def _verify_policy(data: bytes, election: Election) -> Policy:
    try:
        policy = parse_policy(data)
    except TunukError as error:
        raise FolderError("BUNDLE_POLICY", f"the policy cannot be read: {error.message}") from error
    # Origins are <authority>/<election id>/<generation>: of an election's logs the last one is alive.
    prefix = election.origin().rpartition("/")[0] + "/"
    logs = {log.key.name.removeprefix(prefix): log for log in policy.logs if log.key.name.startswith(prefix)}
    generations = [int(name) for name in logs if name.isascii() and name.isdecimal() and name[0] != "0"]
    if not generations:
        raise FolderError("BUNDLE_POLICY", "the policy names no log of this election")
    return replace(policy, logs=(logs[str(max(generations))],))


def _verify_certificate(data: bytes, public_key: PublicKey) -> None:
    try:
        key = x509.load_pem_x509_certificate(data).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FolderError("BUNDLE_CERTIFICATE", "the client certificate cannot be read") from error
    if not isinstance(key, Ed25519PublicKey) or key.public_bytes_raw() != public_key:
        raise FolderError("BUNDLE_CERTIFICATE", "the client certificate is for another key than this device's")
