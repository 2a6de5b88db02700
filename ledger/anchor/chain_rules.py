"""The rules of the demonstration chain, as classes of py-evm: Berlin, no seals, no block rewards, a constant gas limit.

Berlin is what permissioned networks run that lag behind the public one: no base fee, so that a gas price of 0 is taken.
Responsible for the rules and the first block; keeping blocks and serving them is done elsewhere.
"""

from collections.abc import Mapping
from typing import Any

from eth.abc import AtomicDatabaseAPI, BlockAPI, BlockHeaderAPI
from eth.chains.base import MiningChain
from eth.consensus.applier import ConsensusApplier
from eth.consensus.noproof import NoProofConsensus
from eth.estimators.gas import binary_gas_search_1000_tolerance
from eth.typing import AccountDetails, HeaderParams
from eth.vm.forks.berlin import BerlinVM
from eth_keys.datatypes import PrivateKey
from eth_typing import Address as EthAddress

from ledger.anchor.primitives import MAX_CHAIN_ID, Address
from ledger.anchor.recursion_limit import lower_recursion_limit
from ledger.errors import FormatError

lower_recursion_limit()

GAS_LIMIT = 30_000_000
_DIFFICULTY = 131_072
_EXTRA_DATA = b"tunuk demonstration chain"
_MAX_BALANCE = 10**30
"""A trillion ether, in wei: no demonstration needs more, and sums stay far from the end of 256 bits."""

_WELL_KNOWN = frozenset(
    Address(PrivateKey(number.to_bytes(32, "big")).public_key.to_canonical_address()) for number in range(1, 11)
)
"""Accounts of the private keys 1 … 10, which test chains fund and which therefore belong to everyone."""


class DemonstrationVM(BerlinVM):
    def _assign_block_rewards(self, block: BlockAPI) -> None:
        """Nobody mines here: a reward would put money into the zero address."""


class DemonstrationChain(MiningChain):
    vm_configuration = tuple(ConsensusApplier(NoProofConsensus).amend_vm_configuration(((0, DemonstrationVM),)))

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **header_params: HeaderParams) -> BlockHeaderAPI:
        header_params["gas_limit"] = parent_header.gas_limit
        return super().create_header_from_parent(parent_header, **header_params)


def open_chain(database: AtomicDatabaseAPI, chain_id: int) -> DemonstrationChain:
    """The chain that the database holds already."""
    return _configure(_chain_class(chain_id)(database))


def create_genesis(
    database: AtomicDatabaseAPI, chain_id: int, balances: Mapping[Address, int], timestamp: int
) -> DemonstrationChain:
    """Write the first block. Raises FormatError(``BAD_CHAIN_ID``, ``BAD_GENESIS``, ``WELL_KNOWN_ACCOUNT``)."""
    if not 1 <= chain_id <= MAX_CHAIN_ID:
        raise FormatError("BAD_CHAIN_ID", f"a chain id is from 1 to 2**53 - 1, not {chain_id}")
    if not 0 <= timestamp < 2**53 or not all(0 <= balance <= _MAX_BALANCE for balance in balances.values()):
        raise FormatError("BAD_GENESIS", "the first block's time is in seconds, balances are from 0 to 10**30 wei")
    if shared := _WELL_KNOWN & balances.keys():
        raise FormatError("WELL_KNOWN_ACCOUNT", f"everyone knows the key of {min(shared).hex()}: make one of your own")
    header: dict[str, Any] = {
        "difficulty": _DIFFICULTY,
        "extra_data": _EXTRA_DATA,
        "gas_limit": GAS_LIMIT,
        "timestamp": timestamp,
    }
    state = {
        EthAddress(bytes(address)): AccountDetails(balance=balance, nonce=0, code=b"", storage={})
        for address, balance in balances.items()
    }
    chain = _chain_class(chain_id).from_genesis(database, header, state)
    if not isinstance(chain, DemonstrationChain):
        raise TypeError("from_genesis makes a chain of its own class")
    return _configure(chain)


def _chain_class(chain_id: int) -> type[DemonstrationChain]:
    return type("DeployedDemonstrationChain", (DemonstrationChain,), {"chain_id": chain_id})


def _configure(chain: DemonstrationChain) -> DemonstrationChain:
    # The default estimator is chosen by an environment variable and may be 21,000 too high.
    chain.gas_estimator = binary_gas_search_1000_tolerance
    return chain
