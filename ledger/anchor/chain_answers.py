"""Blocks, transactions, receipts and logs of the embedded chain as JSON-RPC gives them.

Everything that goes into a hash is given whole (extra data unpadded, all 256 bytes of the bloom), so that a client can
compute the header's hash and the receipts root from the answers.
"""

from eth.abc import BlockHeaderAPI, SignedTransactionAPI
from eth.vm.forks.berlin.transactions import TypedTransaction
from eth_utils.crypto import keccak
from rlp import encode as encode_rlp

from ledger.anchor.chain_store import StoredLog
from ledger.anchor.embedded_chain import SealedBlock, list_logs
from ledger.anchor.rpc_values import encode_data, encode_quantity

JsonObject = dict[str, object]


def encode_block(sealed: SealedBlock, *, full: bool) -> JsonObject:
    """``full``: with whole transactions, else with their hashes."""
    header, transactions = sealed.block.header, sealed.block.transactions
    return {
        **_encode_header(header),
        "hash": encode_data(header.hash),
        "totalDifficulty": encode_quantity(sealed.total_difficulty),
        "size": encode_quantity(sealed.size),
        "transactions": [
            encode_transaction(sealed, index) if full else encode_data(transaction.hash)
            for index, transaction in enumerate(transactions)
        ],
        "uncles": [],
    }


def _encode_header(header: BlockHeaderAPI) -> JsonObject:
    return {
        "parentHash": encode_data(header.parent_hash),
        "sha3Uncles": encode_data(header.uncles_hash),
        "miner": encode_data(header.coinbase),
        "stateRoot": encode_data(header.state_root),
        "transactionsRoot": encode_data(header.transaction_root),
        "receiptsRoot": encode_data(header.receipt_root),
        "logsBloom": _encode_bloom(header.bloom),
        "difficulty": encode_quantity(header.difficulty),
        "number": encode_quantity(header.block_number),
        "gasLimit": encode_quantity(header.gas_limit),
        "gasUsed": encode_quantity(header.gas_used),
        "timestamp": encode_quantity(header.timestamp),
        "extraData": encode_data(header.extra_data),
        "mixHash": encode_data(header.mix_hash),
        "nonce": encode_data(header.nonce),
    }


def encode_transaction(sealed: SealedBlock, index: int) -> JsonObject:
    transaction = sealed.block.transactions[index]
    answer: JsonObject = {
        **_encode_place(sealed, index),
        "hash": encode_data(transaction.hash),
        "type": encode_quantity(_type_of(transaction)),
        "chainId": encode_quantity(transaction.chain_id or 0),
        "nonce": encode_quantity(transaction.nonce),
        "from": encode_data(transaction.sender),
        "to": encode_data(transaction.to) if transaction.to else None,
        "value": encode_quantity(transaction.value),
        "gas": encode_quantity(transaction.gas),
        "gasPrice": encode_quantity(transaction.gas_price),
        "input": encode_data(transaction.data),
        "r": encode_quantity(transaction.r),
        "s": encode_quantity(transaction.s),
    }
    if isinstance(transaction, TypedTransaction):
        parity = encode_quantity(transaction.y_parity)
        access_list = [
            {"address": encode_data(address), "storageKeys": [encode_data(slot.to_bytes(32, "big")) for slot in slots]}
            for address, slots in transaction.access_list
        ]
        return {**answer, "v": parity, "yParity": parity, "accessList": access_list}
    return {**answer, "v": encode_quantity(_legacy_v(transaction))}


def encode_receipt(sealed: SealedBlock, index: int) -> JsonObject:
    transaction, receipt = sealed.block.transactions[index], sealed.receipts[index]
    gas_before = sealed.receipts[index - 1].gas_used if index else 0
    created = None
    if not transaction.to:
        created = encode_data(keccak(encode_rlp([transaction.sender, transaction.nonce]))[12:])
    return {
        **_encode_place(sealed, index),
        "transactionHash": encode_data(transaction.hash),
        "type": encode_quantity(_type_of(transaction)),
        "from": encode_data(transaction.sender),
        "to": encode_data(transaction.to) if transaction.to else None,
        "contractAddress": created,
        "status": encode_quantity(int.from_bytes(receipt.state_root, "big")),
        "gasUsed": encode_quantity(receipt.gas_used - gas_before),
        "cumulativeGasUsed": encode_quantity(receipt.gas_used),
        "effectiveGasPrice": encode_quantity(transaction.gas_price),
        "logsBloom": _encode_bloom(receipt.bloom),
        "logs": [
            encode_log(log, sealed.block.hash)
            for log in list_logs(sealed.block, sealed.receipts)
            if log.transaction_index == index
        ],
    }


def encode_log(log: StoredLog, block_hash: bytes) -> JsonObject:
    return {
        "address": encode_data(log.address),
        "topics": [encode_data(topic) for topic in log.topics],
        "data": encode_data(log.data),
        "blockNumber": encode_quantity(log.block_number),
        "blockHash": encode_data(block_hash),
        "transactionHash": encode_data(log.transaction_hash),
        "transactionIndex": encode_quantity(log.transaction_index),
        "logIndex": encode_quantity(log.log_index),
        "removed": False,
    }


def _encode_place(sealed: SealedBlock, index: int) -> JsonObject:
    return {
        "blockHash": encode_data(sealed.block.hash),
        "blockNumber": encode_quantity(sealed.block.number),
        "transactionIndex": encode_quantity(index),
    }


def _encode_bloom(bloom: int) -> str:
    return encode_data(bloom.to_bytes(256, "big"))


def _type_of(transaction: SignedTransactionAPI) -> int:
    return int(transaction.type_id or 0) if isinstance(transaction, TypedTransaction) else 0


def _legacy_v(transaction: SignedTransactionAPI) -> int:
    """EIP-155: the chain id and the parity of the signature's point in one number."""
    return 35 + 2 * (transaction.chain_id or 0) + transaction.y_parity
