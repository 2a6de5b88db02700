"""A demonstration chain for one machine: one block a transaction, kept in a folder.

Responsible for executing transactions and calls and for keeping every block as it was: when ``send_transaction``
returns, the block survives the loss of power, and the chain opened again gives the same hashes. It has no consensus
and no seals, so that whoever holds the folder can make another chain: it demonstrates, it does not prove. JSON-RPC is
spoken elsewhere.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import rlp
from eth.abc import BlockAPI, ReceiptAPI, SignedTransactionAPI
from eth.db.atomic import AtomicDB
from eth.exceptions import HeaderNotFound, TransactionNotFound, VMError
from eth_typing import Address as EthAddress
from eth_typing import BlockNumber, Hash32

from ledger.anchor.chain_execution import (
    Call,
    coded_refusals,
    execution_error,
    parse_transaction,
    require_nonce,
    spoof_transaction,
)
from ledger.anchor.chain_rules import DemonstrationChain, create_genesis, open_chain
from ledger.anchor.chain_store import ChainStore, StoredLog
from ledger.anchor.primitives import Address, ChainHash
from ledger.store.durable import StorageError


@dataclass(frozen=True, slots=True)
class SealedBlock:
    """A block with its receipts; ``size`` is that of its RLP in bytes."""

    block: BlockAPI
    receipts: tuple[ReceiptAPI, ...]
    total_difficulty: int
    size: int


class EmbeddedChain:
    """One open chain, for any number of threads. All methods may raise StorageError."""

    def __init__(self, store: ChainStore, chain: DemonstrationChain, clock: Callable[[], float]) -> None:
        self._store = store
        self._chain = chain
        self._clock = clock
        self._lock = threading.RLock()
        self.chain_id: int = chain.chain_id
        self.genesis_hash = ChainHash(chain.get_canonical_block_hash(BlockNumber(0)))

    @classmethod
    def create(
        cls, directory: Path, chain_id: int, balances: Mapping[Address, int], clock: Callable[[], float]
    ) -> Self:
        """Make a chain in a folder that holds none (``CHAIN_EXISTS``), with these balances in wei."""
        store = ChainStore.open(directory, create=True)
        with _closing_on_error(store):
            if store.read_fact("genesis_hash") is not None:
                raise StorageError("CHAIN_EXISTS", f"{directory} holds a chain already: it must not be replaced")
            with store.transaction():
                chain = create_genesis(AtomicDB(store), chain_id, balances, int(clock()))
                store.write_fact("chain_id", str(chain_id).encode())
                store.write_fact("genesis_hash", chain.get_canonical_block_hash(BlockNumber(0)))
            return cls(store, chain, clock)

    @classmethod
    def open(cls, directory: Path, clock: Callable[[], float]) -> Self:
        """Open a chain that was made before (``CHAIN_MISSING``, ``CHAIN_IN_USE``, ``CHAIN_DAMAGED``)."""
        store = ChainStore.open(directory, create=False)
        with _closing_on_error(store):
            chain_id, genesis_hash = store.read_fact("chain_id"), store.read_fact("genesis_hash")
            if chain_id is None or genesis_hash is None:
                raise StorageError("CHAIN_MISSING", f"{directory} holds no finished chain: create it again")
            opened = cls(store, open_chain(AtomicDB(store), int(chain_id)), clock)
            if opened.genesis_hash != genesis_hash:
                raise StorageError("CHAIN_DAMAGED", f"the first block in {directory} is not the one that was made")
            return opened

    def close(self) -> None:
        with self._lock:
            self._store.close()

    def head_number(self) -> int:
        with self._lock:
            return int(self._chain.get_canonical_head().block_number)

    def send_transaction(self, raw: bytes) -> ChainHash:
        """Execute a signed transaction in a block of its own. Raises TransactionRefusedError."""
        with self._lock:
            builder = self._chain.get_vm_class_for_block_number(BlockNumber(0)).get_transaction_builder()
            transaction = parse_transaction(raw, builder, self.chain_id)
            head = self._chain.get_canonical_head()
            require_nonce(transaction, self.read_account(Address(transaction.sender), head.block_number)[0])
            timestamp = max(int(self._clock()), head.timestamp + 1)
            previous, sealed = self._chain.header, False
            try:
                with self._store.transaction():
                    self._chain.header = self._chain.create_header_from_parent(head, timestamp=timestamp)
                    with coded_refusals():
                        result, receipts, _ = self._chain.mine_all([transaction])
                    for log in list_logs(result.imported_block, receipts):
                        self._store.write_log(log)
                sealed = True
            finally:
                if not sealed:
                    self._chain.header = previous
            return ChainHash(transaction.hash)

    def call(self, call: Call, number: int) -> bytes:
        """Execute on the state after this block. Raises ExecutionError, TransactionRefusedError."""
        with self._lock, coded_refusals():
            vm = self._chain.get_vm(self._chain.get_canonical_block_header_by_number(BlockNumber(number)))
            with vm.in_costless_state() as state:
                computation = state.costless_execute_transaction(self._spoof(call, number))
            if computation.is_error:
                raise execution_error(computation.error)
            return bytes(computation.output)

    def estimate_gas(self, call: Call, number: int) -> int:
        """Gas that is enough, at most 1,000 more than needed. Raises as ``call`` does."""
        with self._lock, coded_refusals():
            header = self._chain.get_canonical_block_header_by_number(BlockNumber(number))
            try:
                return int(self._chain.estimate_gas(self._spoof(call, number), header))
            except VMError as error:
                raise execution_error(error) from error

    def read_account(self, address: Address, number: int) -> tuple[int, int, bytes]:
        """Nonce, balance in wei, and code of an account after this block."""
        with self._lock:
            header = self._chain.get_canonical_block_header_by_number(BlockNumber(number))
            state, account = self._chain.get_vm(header).state, EthAddress(bytes(address))
            return state.get_nonce(account), state.get_balance(account), state.get_code(account)

    def read_block(self, number: int) -> SealedBlock | None:
        with self._lock:
            if not 0 <= number <= self.head_number():
                return None
            block = self._chain.get_canonical_block_by_number(BlockNumber(number))
            receipts = tuple(block.get_receipts(self._chain.chaindb))
            return SealedBlock(block, receipts, self._chain.get_score(block.hash), len(rlp.encode(block)))

    def read_block_hash(self, number: int) -> ChainHash:
        """The hash of a block that exists."""
        with self._lock:
            return ChainHash(self._chain.get_canonical_block_hash(BlockNumber(number)))

    def find_block(self, block_hash: ChainHash) -> int | None:
        """The number of the block with this hash."""
        with self._lock:
            try:
                return int(self._chain.get_block_header_by_hash(Hash32(bytes(block_hash))).block_number)
            except HeaderNotFound:
                return None

    def find_transaction(self, transaction_hash: ChainHash) -> tuple[int, int] | None:
        """Block number, and index in the block."""
        with self._lock:
            try:
                number, index = self._chain.get_canonical_transaction_index(Hash32(bytes(transaction_hash)))
            except TransactionNotFound:
                return None
            return int(number), int(index)

    def read_logs(
        self, blocks: range, addresses: Sequence[Address], matches: Callable[[StoredLog], bool], limit: int
    ) -> list[StoredLog]:
        """At most ``limit`` logs of these blocks that match, in order; of all addresses where none is given."""
        with self._lock:
            found: list[StoredLog] = []
            for log in self._store.read_logs(blocks, addresses):
                if matches(log):
                    found.append(log)
                    if len(found) == limit:
                        break
            return found

    def _spoof(self, call: Call, number: int) -> SignedTransactionAPI:
        header = self._chain.get_canonical_block_header_by_number(BlockNumber(number))
        nonce, _, _ = self.read_account(call.sender, number)
        unsigned = self._chain.create_unsigned_transaction(
            nonce=nonce,
            gas_price=0,
            gas=header.gas_limit if call.gas is None else min(call.gas, header.gas_limit),
            to=EthAddress(b"" if call.to is None else bytes(call.to)),
            value=call.value,
            data=call.data,
        )
        return spoof_transaction(call, unsigned)


def list_logs(block: BlockAPI, receipts: Sequence[ReceiptAPI]) -> Iterator[StoredLog]:
    """The event logs of a block, numbered through it."""
    log_index = 0
    for index, (transaction, receipt) in enumerate(zip(block.transactions, receipts, strict=True)):
        for log in receipt.logs:
            topics = tuple(topic.to_bytes(32, "big") for topic in log.topics)
            yield StoredLog(block.number, log_index, index, transaction.hash, log.address, topics, log.data)
            log_index += 1


@contextmanager
def _closing_on_error(store: ChainStore) -> Iterator[None]:
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            store.close()
