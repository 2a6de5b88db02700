"""The JSON-RPC methods of the embedded chain: those that a stock Ethereum client needs, and no others.

Responsible for reading parameters, for choosing what the chain is asked, and for the error numbers that clients know.
"""

from collections.abc import Callable

from ledger.anchor.chain_answers import encode_block, encode_log, encode_receipt, encode_transaction
from ledger.anchor.chain_execution import MAX_TRANSACTION, Call, ExecutionError, TransactionRefusedError
from ledger.anchor.contract_code import parse_revert_reason
from ledger.anchor.embedded_chain import EmbeddedChain, SealedBlock
from ledger.anchor.json_rpc import INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, MethodError
from ledger.anchor.log_filter import parse_log_filter
from ledger.anchor.primitives import Address
from ledger.anchor.rpc_values import (
    encode_data,
    encode_quantity,
    parse_address,
    parse_data,
    parse_fields,
    parse_hash,
    parse_quantity,
)
from ledger.errors import FormatError
from ledger.store.durable import StorageError

CLIENT_VERSION = "tunuk-demonstration-chain/1"
MAX_LOGS = 10_000
"""Logs in one answer, about 6 MB; a client asks for fewer blocks at a time."""

SERVER_ERROR, REVERTED, LIMIT_EXCEEDED = -32000, 3, -32005
_HEAD_TAGS = {"latest", "pending", "safe", "finalized"}
"""Blocks here are final at once and nothing is pending, so that all of these are the last block."""

Method = Callable[[list[object]], object]


class ChainMethods:
    """Answers methods from one chain. A call raises MethodError and nothing else."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._methods: dict[str, tuple[int, int, Method]] = {
            "web3_clientVersion": (0, 0, lambda _: CLIENT_VERSION),
            "net_version": (0, 0, lambda _: str(chain.chain_id)),
            "eth_chainId": (0, 0, lambda _: encode_quantity(chain.chain_id)),
            "eth_blockNumber": (0, 0, lambda _: encode_quantity(chain.head_number())),
            "eth_gasPrice": (0, 0, lambda _: encode_quantity(0)),
            "eth_getBlockByNumber": (2, 2, self._block_by_number),
            "eth_getBlockByHash": (2, 2, self._block_by_hash),
            "eth_getBlockReceipts": (1, 1, self._block_receipts),
            "eth_getTransactionByHash": (1, 1, self._transaction),
            "eth_getTransactionReceipt": (1, 1, self._receipt),
            "eth_getLogs": (1, 1, self._logs),
            "eth_getBalance": (1, 2, lambda params: encode_quantity(self._account(params)[1])),
            "eth_getTransactionCount": (1, 2, lambda params: encode_quantity(self._account(params)[0])),
            "eth_getCode": (1, 2, lambda params: encode_data(self._account(params)[2])),
            "eth_call": (1, 2, lambda params: encode_data(chain.call(_parse_call(params[0]), self._number(params)))),
            "eth_estimateGas": (
                1, 2, lambda params: encode_quantity(chain.estimate_gas(_parse_call(params[0]), self._number(params))),
            ),
            "eth_sendRawTransaction": (1, 1, self._send),
        }  # fmt: skip

    def __call__(self, name: str, params: list[object]) -> object:
        if name not in self._methods:
            raise MethodError(METHOD_NOT_FOUND, f"the demonstration chain has no method {name[:80]}")
        fewest, most, method = self._methods[name]
        if not fewest <= len(params) <= most:
            raise MethodError(INVALID_PARAMS, f"{name} takes from {fewest} to {most} parameters, not {len(params)}")
        try:
            return method(params)
        except FormatError as error:
            raise MethodError(INVALID_PARAMS, error.message) from error
        except TransactionRefusedError as error:
            raise MethodError(SERVER_ERROR, error.message) from error
        except ExecutionError as error:
            raise _execution_failure(error) from error
        except StorageError as error:
            raise MethodError(INTERNAL_ERROR, error.message) from error

    def _number(self, params: list[object]) -> int:
        """The block of a state that is asked for: the second parameter, or the last block."""
        number = self._tagged(params[1] if len(params) == 2 else "latest")
        if number > self._chain.head_number():
            raise MethodError(SERVER_ERROR, "header not found")
        return number

    def _tagged(self, value: object) -> int:
        if isinstance(value, str) and value in _HEAD_TAGS:
            return self._chain.head_number()
        return 0 if value == "earliest" else parse_quantity(value, "block")

    def _account(self, params: list[object]) -> tuple[int, int, bytes]:
        return self._chain.read_account(parse_address(params[0], "address"), self._number(params))

    def _block_by_number(self, params: list[object]) -> object:
        full = _parse_flag(params[1])
        sealed = self._chain.read_block(self._tagged(params[0]))
        return None if sealed is None else encode_block(sealed, full=full)

    def _block_by_hash(self, params: list[object]) -> object:
        full = _parse_flag(params[1])
        sealed = self._find_block(params[0])
        return None if sealed is None else encode_block(sealed, full=full)

    def _find_block(self, block_hash: object) -> SealedBlock | None:
        number = self._chain.find_block(parse_hash(block_hash, "block hash"))
        return None if number is None else self._chain.read_block(number)

    def _block_receipts(self, params: list[object]) -> object:
        by_hash = isinstance(params[0], str) and len(params[0]) == 66
        sealed = self._find_block(params[0]) if by_hash else self._chain.read_block(self._tagged(params[0]))
        return None if sealed is None else [encode_receipt(sealed, index) for index in range(len(sealed.receipts))]

    def _find_transaction(self, transaction_hash: object) -> tuple[SealedBlock, int] | None:
        place = self._chain.find_transaction(parse_hash(transaction_hash, "transaction hash"))
        sealed = None if place is None else self._chain.read_block(place[0])
        return None if place is None or sealed is None else (sealed, place[1])

    def _transaction(self, params: list[object]) -> object:
        found = self._find_transaction(params[0])
        return None if found is None else encode_transaction(*found)

    def _receipt(self, params: list[object]) -> object:
        found = self._find_transaction(params[0])
        return None if found is None else encode_receipt(*found)

    def _logs(self, params: list[object]) -> object:
        wanted = parse_log_filter(params[0])
        blocks = range(0)
        if wanted.block_hash is not None:
            number = self._chain.find_block(wanted.block_hash)
            if number is None:
                raise MethodError(SERVER_ERROR, "unknown block")
            blocks = range(number, number + 1)
        else:
            last = min(self._tagged(wanted.to_block), self._chain.head_number())
            blocks = range(self._tagged(wanted.from_block), last + 1)
        found = self._chain.read_logs(blocks, wanted.addresses, wanted.matches, MAX_LOGS + 1)
        if len(found) > MAX_LOGS:
            raise MethodError(LIMIT_EXCEEDED, f"more than {MAX_LOGS} logs: ask for fewer blocks")
        return [encode_log(log, self._chain.read_block_hash(log.block_number)) for log in found]

    def _send(self, params: list[object]) -> object:
        # One byte more than is possible, so that the chain's own refusal of a longer one is heard.
        return encode_data(self._chain.send_transaction(parse_data(params[0], "transaction", MAX_TRANSACTION + 1)))


def _parse_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise FormatError("BAD_RPC_VALUE", "whether whole transactions are wanted is true or false")
    return value


def _parse_call(value: object) -> Call:
    fields = parse_fields(value, "call")
    data = fields.get("input", fields.get("data"))
    gas, sender, to = fields.get("gas"), fields.get("from"), fields.get("to")
    return Call(
        sender=Address(bytes(20)) if sender is None else parse_address(sender, "from"),
        to=None if to is None else parse_address(to, "to"),
        data=b"" if data is None else parse_data(data, "data", MAX_TRANSACTION),
        value=parse_quantity(fields.get("value", "0x0"), "value"),
        gas=None if gas is None else parse_quantity(gas, "gas"),
    )


def _execution_failure(error: ExecutionError) -> MethodError:
    if error.data is None:
        return MethodError(SERVER_ERROR, error.message)
    reason = parse_revert_reason(error.data)
    message = error.message if reason is None else f"{error.message}: {reason}"
    return MethodError(REVERTED, message, encode_data(error.data))
