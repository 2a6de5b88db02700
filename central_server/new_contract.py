"""``central-server new-contract``: a contract that can succeed the one in force, whose anchor key is stolen or spoiled.

Makes an anchor key and a submitter's key of its own and deploys the contract on the same chain. Nothing follows from
that alone: two officials sign an act (``succeed-chain``) with what is printed here, and the server anchors on the new
contract from then on. An interrupted run is gone on with; a contract that no act has named is given again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from central_server.anchor_keys import load_anchor_key, suffixes
from central_server.chain_node import GAS_PRICE, anchor_target, open_nodes
from central_server.devices import RosterReader
from central_server.directory import ElectionDirectory
from central_server.keys import create_key, load_key
from central_server.log_access import open_signer
from central_server.roster import DEPLOY_SECONDS
from central_server.roster_state import read_finished_state
from central_server.running_file import read_running
from central_server.settings import Settings, read_settings
from ledger.anchor.evm import deploy_contract
from ledger.anchor.evm_connection import EvmConnection
from ledger.anchor.evm_transactions import wait_for_receipt
from ledger.anchor.nodes import ChainNode, ChainNodes
from ledger.anchor.primitives import ChainHash
from ledger.anchor.submitter import KeySubmitter
from ledger.anchor.transactions import contract_address
from ledger.election import ChainPins, ValidatorSet
from ledger.errors import ConflictError
from ledger.store.sqlite import SqliteStore


def make_contract(
    directory: ElectionDirectory, clock: Callable[[], float], monotonic: Callable[[], float]
) -> dict[str, object]:
    """The pins, as ``decide prepare succeed-chain --part`` takes them. Raises TunukError."""
    settings, state = read_settings(directory.settings), read_finished_state(directory.roster)
    with SqliteStore(directory.log, state.origin) as store:
        chains = RosterReader(store).chains
    suffix = _free_suffix(directory, chains)
    # The validators are those of the chain, whichever contract stands on it.
    sets = next((pins.validator_sets for pins in reversed(chains) if pins.validator_sets), ())
    with _nodes(directory, settings, clock) as nodes:
        place = ChainPlace(chains[-1].chain_id, ChainHash(chains[-1].genesis_hash), sets)
        pins = deploy_anchor(directory, suffix, place, state.origin, nodes, monotonic)
    return describe_pins(pins)


@dataclass(frozen=True, slots=True)
class ChainPlace:
    """The chain that a contract is deployed on."""

    chain_id: int
    genesis_hash: ChainHash
    validator_sets: tuple[ValidatorSet, ...]


def deploy_anchor(
    directory: ElectionDirectory,
    suffix: str,
    place: ChainPlace,
    origin: str,
    nodes: ChainNodes,
    monotonic: Callable[[], float],
) -> ChainPins:
    """Make the keys with this suffix, or find them, and with them the contract that anchors the log ``origin``.

    Raises TunukError.
    """
    for name in ("anchor", "submitter"):
        create_key(directory.key(f"{name}{suffix}"), "secp256k1")
    submitter = KeySubmitter(load_key(directory.key(f"submitter{suffix}"), "secp256k1"))
    contract, anchor_address = contract_address(submitter.address), load_anchor_key(directory, suffix).address
    pins = ChainPins(place.chain_id, place.genesis_hash, contract, anchor_address, place.validator_sets)
    target = anchor_target(pins, origin, open_signer(directory, "log").public_key)
    pause = threading.Event().wait
    wait = partial(wait_for_receipt, clock=monotonic, wait=pause, timeout=DEPLOY_SECONDS, pause=0.2)
    nodes.open(lambda call: deploy_contract(call, target, submitter, GAS_PRICE, wait))
    return pins


def describe_pins(pins: ChainPins) -> dict[str, object]:
    """As ``decide prepare succeed-chain --part`` takes them."""
    return {
        "chain_id": pins.chain_id,
        "genesis_hash": f"0x{pins.genesis_hash.hex()}",
        "contract": f"0x{pins.contract.hex()}",
        "anchor_address": f"0x{pins.anchor_address.hex()}",
        "validator_sets": [
            {"first_block": one.first_block, "addresses": [f"0x{address.hex()}" for address in one.addresses]}
            for one in pins.validator_sets
        ],
    }


def _free_suffix(directory: ElectionDirectory, chains: tuple[ChainPins, ...]) -> str:
    """Of the first keys that no contract in the log has. Raises ConflictError(``TOO_MANY_CONTRACTS``)."""
    known = {pins.anchor_address for pins in chains}
    for suffix in suffixes()[1:]:
        if not directory.key(f"anchor{suffix}").exists() or load_anchor_key(directory, suffix).address not in known:
            return suffix
    raise ConflictError("TOO_MANY_CONTRACTS", "a contract cannot be succeeded any more: make another election")


@contextmanager
def _nodes(directory: ElectionDirectory, settings: Settings, clock: Callable[[], float]) -> Iterator[ChainNodes]:
    """The embedded chain is with the server, where that runs."""
    running = None if settings.chain.nodes else read_running(directory.running)
    if running is None or running.rpc is None:
        with open_nodes(directory, settings, 0, clock) as nodes:
            yield nodes
        return
    with closing(EvmConnection(running.rpc)) as connection:
        yield ChainNodes([ChainNode(running.rpc, connection.call)])
