"""The node that this server anchors on: the embedded chain, served on this machine, or a node of an external network.

Either way it is spoken to over JSON-RPC at an address, so that nothing but the address and the pins differs.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from central_server.directory import ElectionDirectory
from central_server.keys import load_key
from central_server.settings import Settings
from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.chain_server import ChainServer
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.evm import AnchorTarget
from ledger.anchor.evm_connection import EvmConnection
from ledger.anchor.node_answers import RpcCall, parse_block_hash
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.submitter import Submitter
from ledger.election import Election
from ledger.primitives import PublicKey

GAS_PRICE = 0
"""Permissioned networks and the embedded chain take transactions that pay nothing."""


@dataclass(frozen=True, slots=True)
class ChainNode:
    """``url`` of the JSON-RPC, and a call to it for the use of one thread."""

    url: str
    call: RpcCall

    def genesis_hash(self) -> ChainHash:
        """Raises ChainError, FormatError."""
        return parse_block_hash(self.call("eth_getBlockByNumber", ["0x0", False]))


@contextmanager
def open_node(
    directory: ElectionDirectory, settings: Settings, rpc_port: int, clock: Callable[[], float]
) -> Iterator[ChainNode]:
    """Serve the embedded chain on ``rpc_port`` (0: a free one), unless the settings name a node. Raises TunukError."""
    if settings.chain.rpc is not None:
        with closing(EvmConnection(settings.chain.rpc)) as connection:
            yield ChainNode(settings.chain.rpc, connection.call)
        return
    chain = EmbeddedChain.open(directory.chain, clock)
    try:
        server = ChainServer(chain, rpc_port)
    except BaseException:
        chain.close()
        raise
    server.start()
    try:
        with closing(EvmConnection(server.url)) as connection:
            yield ChainNode(server.url, connection.call)
    finally:
        server.stop()


def anchor_target(election: Election, log_public_key: PublicKey) -> AnchorTarget:
    """What the election record pins: the chain, and what the contract was deployed with."""
    pins = election.chain
    return AnchorTarget(
        pins.chain_id,
        ChainHash(pins.genesis_hash),
        Address(pins.contract),
        election.origin(),
        log_public_key,
        Address(pins.anchor_address),
    )


def load_submitter(directory: ElectionDirectory) -> Submitter:
    """The account that deploys the contract and sends anchors. Raises KeyFileError."""
    return Submitter(load_key(directory.key("submitter"), "secp256k1"))


def load_anchor_key(directory: ElectionDirectory) -> AnchorKey:
    """The key that signs anchors. Raises KeyFileError."""
    return AnchorKey(load_key(directory.key("anchor"), "secp256k1"))
