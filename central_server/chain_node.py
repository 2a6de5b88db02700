"""The node that this server anchors on: the embedded chain, served on this machine, or a node of an external network.

Either way it is spoken to over JSON-RPC at an address, so that nothing but the address and the pins differs.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from central_server.directory import ElectionDirectory
from central_server.settings import Settings
from ledger.anchor.chain_server import ChainServer
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.evm import AnchorTarget, verify_chain_id
from ledger.anchor.evm_connection import EvmConnection
from ledger.anchor.node_answers import RpcCall, parse_block_hash
from ledger.anchor.nodes import ChainNode, ChainNodes
from ledger.anchor.primitives import Address, ChainHash
from ledger.election import ChainPins
from ledger.primitives import PublicKey

GAS_PRICE = 0
"""Permissioned networks and the embedded chain take transactions that pay nothing."""


@contextmanager
def open_nodes(
    directory: ElectionDirectory, settings: Settings, rpc_port: int, clock: Callable[[], float]
) -> Iterator[ChainNodes]:
    """Serve the embedded chain on ``rpc_port`` (0: a free one), unless the settings name nodes. Raises TunukError."""
    if settings.chain.nodes:
        with ExitStack() as stack:
            connections = [(url, stack.enter_context(closing(EvmConnection(url)))) for url in settings.chain.nodes]
            yield ChainNodes([ChainNode(url, connection.call) for url, connection in connections])
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
            yield ChainNodes([ChainNode(server.url, connection.call)])
    finally:
        server.stop()


def anchor_target(pins: ChainPins, origin: str, log_public_key: PublicKey) -> AnchorTarget:
    """What the log pins: the chain, and what the contract was deployed with."""
    return AnchorTarget(
        pins.chain_id,
        ChainHash(pins.genesis_hash),
        Address(pins.contract),
        origin,
        log_public_key,
        Address(pins.anchor_address),
    )


def genesis_hash_of(call: RpcCall, chain_id: int) -> ChainHash:
    """Of the chain with this id. Raises ChainError(``CHAIN_ID_MISMATCH``), FormatError."""
    verify_chain_id(call, chain_id)
    return parse_block_hash(call("eth_getBlockByNumber", ["0x0", False]))
