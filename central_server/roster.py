"""``central-server roster``: fixes the election for the devices that are enrolled, and makes everything that follows.

The order, of which each step finds what an earlier, interrupted run has done: the election's id and its devices are
written down; election and parts are signed and appended to a new log; the contract is deployed; each device gets its
bundle; the policy is written; the roster is marked as finished. From the first step on, the election stays the same.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from central_server.anchor_keys import load_anchor_key
from central_server.bundles import is_whole, write_bundle
from central_server.chain_node import GAS_PRICE, anchor_target, genesis_hash_of, open_nodes
from central_server.definition_checks import verify_definition
from central_server.definition_file import MAX_DEFINITION, DefinitionFile
from central_server.devices import read_roster
from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.enrolments import match_enrolments, read_enrolments
from central_server.init import LIFETIME, load_authority
from central_server.keys import load_key
from central_server.log_access import open_log, open_signer
from central_server.roster_plan import DeviceEntries, ElectionEntries, plan_election, sign_election
from central_server.roster_state import RosterState, read_state, write_state
from central_server.settings import Settings, read_settings
from central_server.submitters import open_submitter
from central_server.witnessing import OWN_WITNESS, open_cosigners
from ledger.anchor.evm import deploy_contract
from ledger.anchor.evm_transactions import wait_for_receipt
from ledger.anchor.nodes import ChainNodes
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.transactions import Submitter, contract_address
from ledger.election import ChainPins, Election, ValidatorSet
from ledger.errors import ConflictError
from ledger.log import initialise_guard
from ledger.policy import Policy, PolicyLog, PolicyWitness, encode_policy
from ledger.primitives import PublicKey
from ledger.signing import Ed25519Signer
from ledger.store.contract import MAX_BATCH
from ledger.store.durable import StorageError, read_file, write_file
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from ledger.vkey import KeyType, NoteKey

DEPLOY_SECONDS = 120.0
"""How long a block of an external network is waited for."""


def finish_roster(
    directory: ElectionDirectory,
    enrolments: Path,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    password_file: Path | None = None,
) -> RosterState:
    """Fix the election, or go on where an earlier run was interrupted; again afterwards changes nothing.

    ``clock`` gives Unix seconds, ``monotonic`` seconds that are never set back; ``password_file`` opens the submitter's
    keystore, where it has one.
    Raises ConflictError(``ROSTER_FIXED``) for other enrolments than those of before, FormatError for enrolments that do
    not match the definition, KeyFileError, ChainError, StorageError.
    """
    settings = read_settings(directory.settings)
    with hold_directory(directory.lock):
        file = verify_definition(read_file(directory.definition, MAX_DEFINITION) or b"")
        keys = match_enrolments((device.id for device in file.devices), read_enrolments(enrolments))
        begun = read_state(directory.roster)
        if begun is not None:
            begun.require_devices(keys)
            if begun.finished:
                return begun
        with (
            open_submitter(directory, settings, password_file) as submitter,
            open_nodes(directory, settings, 0, clock) as nodes,
        ):
            # Asked first: what a wrong password would stop later has fixed nothing yet.
            account = submitter()
            genesis = nodes.open(lambda call: genesis_hash_of(call, settings.chain.chain_id))
            pins = _pins(directory, settings, genesis, account.address)
            election, entries, state = _fix_election(directory, settings, file, keys, pins)
            _append(directory, state.origin, entries)
            _deploy(directory, nodes, election, account, monotonic)
            policy = _policy(directory, state.origin)
            _write_bundles(directory, settings, DeviceEntries(file, entries), keys, policy, clock)
            write_file(directory.policy, policy)
            state = msgspec.structs.replace(state, finished=True)
            write_state(directory.roster, state)
            return state


def _fix_election(
    directory: ElectionDirectory,
    settings: Settings,
    file: DefinitionFile,
    devices: Mapping[str, PublicKey],
    pins: ChainPins,
) -> tuple[Election, ElectionEntries, RosterState]:
    election_key = Ed25519Signer(load_key(directory.election_key, "ed25519"))
    publisher_key = open_signer(directory, "publisher").public_key
    salt = bytes.fromhex(settings.salt)
    election = plan_election(file, devices, election_key.public_key, publisher_key, pins, salt)
    state = _fix(directory, election, devices)
    return election, sign_election(election, file, devices, election_key), state


def _pins(directory: ElectionDirectory, settings: Settings, genesis: ChainHash, submitter: Address) -> ChainPins:
    sets = tuple(
        ValidatorSet(one.first_block, tuple(bytes.fromhex(address[2:]) for address in one.addresses))
        for one in settings.chain.validator_sets
    )
    contract, anchor_address = contract_address(submitter), load_anchor_key(directory).address
    return ChainPins(settings.chain.chain_id, genesis, contract, anchor_address, sets)


def _fix(directory: ElectionDirectory, election: Election, devices: Mapping[str, PublicKey]) -> RosterState:
    """Write down which election this is, before anything is signed; or find the same one written down.

    Raises ConflictError(``ROSTER_FIXED``): definition, keys, settings or chain have changed since.
    """
    state = RosterState(
        "tunuk-roster/1",
        election.election_id.hex(),
        election.origin(),
        "0x" + election.chain.contract.hex(),
        False,
        {device: key.hex() for device, key in sorted(devices.items())},
    )
    begun = read_state(directory.roster)
    if begun is None:
        write_state(directory.roster, state)
    elif begun != state:
        raise ConflictError(
            "ROSTER_FIXED",
            f"the election {begun.election_id} was begun, but definition, keys, settings or chain have changed since: "
            "put them back as they were, or make another directory with central-server init",
        )
    return state


def _append(directory: ElectionDirectory, origin: str, entries: ElectionEntries) -> None:
    """Election and parts, in their order; what the log has already is not added again."""
    with SqliteStore.create(directory.log, origin) as store:
        if store.head().size == 0:
            initialise_guard(store, FileGuard(directory.guard, origin))
        log = open_log(directory, store)
        pending = entries.all()
        for first in range(0, len(pending), MAX_BATCH):
            log.append(pending[first : first + MAX_BATCH])
        if read_roster(store).election_id.hex() not in origin:
            raise StorageError("STORE_CORRUPT", f"{directory.log} does not hold the election that was appended")


def _deploy(
    directory: ElectionDirectory,
    nodes: ChainNodes,
    election: Election,
    submitter: Submitter,
    monotonic: Callable[[], float],
) -> None:
    """Deploy the anchor contract at the pinned address, or find it there with the right code."""
    target = anchor_target(election.chain, election.origin(), open_signer(directory, "log").public_key)
    pause = threading.Event().wait
    wait = partial(wait_for_receipt, clock=monotonic, wait=pause, timeout=DEPLOY_SECONDS, pause=0.2)
    nodes.open(lambda call: deploy_contract(call, target, submitter, GAS_PRICE, wait))


def _policy(directory: ElectionDirectory, origin: str) -> bytes:
    """Asks for the log's signature, and for the truth of its second one where a checkpoint has it: receipts do not."""
    key = NoteKey(origin, KeyType.ED25519, open_signer(directory, "log").public_key)
    own = [PolicyWitness(OWN_WITNESS, signer.key) for signer in open_cosigners(directory, origin, lambda: 0)]
    return encode_policy(Policy((PolicyLog(key),), tuple(own)))


def _write_bundles(
    directory: ElectionDirectory,
    settings: Settings,
    entries: DeviceEntries,
    devices: Mapping[str, PublicKey],
    policy: bytes,
    clock: Callable[[], float],
) -> None:
    authority = load_authority(directory)
    now = datetime.fromtimestamp(clock(), UTC)
    for device, key in devices.items():
        folder = directory.bundles / device
        if not is_whole(folder):
            write_bundle(
                folder,
                device=device,
                certificate=authority.issue_device(device, key, now, LIFETIME),
                authority=authority.certificate,
                policy=policy,
                entries=entries.of(device),
                server_url=settings.server_url,
            )
