"""``central-server bundle``: the bundle of a device that officials have put in another's place, once the log says so.

Made from the log, also while the server runs: the records that concern the device, and the act of authority that names
it, with the grants of the keys that signed. Refusals: ``NOT_IN_FORCE`` where no act that took effect names this device
with this key (``central-server decide prepare replace-device`` comes first), ``BUNDLE_EXISTS`` where it was made
before.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from central_server.bundles import is_whole, write_bundle
from central_server.directory import ElectionDirectory
from central_server.enrolments import MAX_ENROLMENT, parse_enrolment
from central_server.init import LIFETIME, load_authority
from central_server.roster_state import read_finished_state
from central_server.settings import read_settings
from ledger.definition import Definition
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit
from ledger.errors import ConflictError, FormatError
from ledger.fold import Fold
from ledger.log import read_entries
from ledger.policy import MAX_POLICY
from ledger.primitives import KeyId
from ledger.record import Snapshot, parse_record, trust_record
from ledger.rulings import Authority
from ledger.store.contract import Store
from ledger.store.durable import StorageError, read_file
from ledger.store.sqlite import SqliteStore


def make_replacement_bundle(directory: ElectionDirectory, enrolment: Path, clock: Callable[[], float]) -> Path:
    """The folder of the bundle. ``clock`` gives Unix seconds. Raises TunukError."""
    settings, state = read_settings(directory.settings), read_finished_state(directory.roster)
    data = read_file(enrolment, MAX_ENROLMENT)
    if data is None:
        raise StorageError("FILE_MISSING", f"{enrolment} does not exist: urn-agent init makes it on the new device")
    enrolled = parse_enrolment(data, enrolment.name)
    folder = directory.bundles / enrolled.device
    if is_whole(folder):
        raise ConflictError("BUNDLE_EXISTS", f"{folder} was made before")
    with SqliteStore(directory.log, state.origin) as store:
        entries = _choose(store, enrolled.device, enrolled.key.key_id)
    authority, now = load_authority(directory), datetime.fromtimestamp(clock(), UTC)
    write_bundle(
        folder,
        device=enrolled.device,
        certificate=authority.issue_device(enrolled.device, enrolled.key, now, LIFETIME),
        authority=authority.certificate,
        policy=read_file(directory.policy, MAX_POLICY) or b"",
        entries=entries,
        server_url=settings.server_url,
    )
    return folder


def _choose(store: Store, name: str, key_id: KeyId) -> list[bytes]:
    """The election, contests and units of the device, grants of roles, and the act that names the device."""
    records = list(_naming(store))
    fold = Fold()
    for index, entry, _ in records:
        while fold.size < index:
            fold.skip(fold.size)
        fold.apply(index, trust_record(parse_record(entry)))
    device = fold.definition.devices.get(key_id)
    if device is None or device.id != name or key_id not in fold.definition.speaker_of.values():
        raise FormatError(
            "NOT_IN_FORCE",
            f"no act that took effect puts {name} with the key {key_id.hex()} in another device's place: officials "
            "prepare one by central-server decide prepare replace-device",
        )
    contests, units = _concerned(fold.definition, device)
    return [entry for _, entry, body in records if _is_wanted(body, contests, units, device)]


def _naming(store: Store) -> Iterator[tuple[int, bytes, object]]:
    for index, entry in read_entries(store, 0, store.head().size):
        body = parse_record(entry).body
        # A snapshot's time ends what the election key may do alone.
        if isinstance(body, Election | Contest | ReportingUnit | ReportingDevice | Authority | Snapshot):
            yield index, entry, body


def _concerned(definition: Definition, device: ReportingDevice) -> tuple[set[int], set[str]]:
    contests: set[int] = set()
    units: set[str] = set()
    for urn in device.urns:
        for row in urn.units:
            units.update(definition.ancestry(row.unit))
            contests.update(definition.ballot(row))
    return contests, units


def _is_wanted(body: object, contests: set[int], units: set[str], device: ReportingDevice) -> bool:
    match body:
        case Election():
            return True
        case Contest():
            return body.number in contests
        case ReportingUnit():
            return body.id in units
        case Authority():
            return body.role is not None or body.device == device
        case _:
            return False
