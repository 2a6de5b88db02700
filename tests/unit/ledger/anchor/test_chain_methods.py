"""The embedded chain's JSON-RPC methods: what a client can compute from the answers, and the errors that it knows."""

from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from trie.hexary import HexaryTrie

from ledger.anchor.chain_methods import ChainMethods
from ledger.anchor.contract_code import encode_anchor_call, encode_head_call, parse_revert_reason, read_artifact
from ledger.anchor.json_rpc import MethodError
from tests.unit.ledger.anchor.chain_bench import CHAIN_ID, Bench

HEADER_FIELDS = [
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
    "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce",
]  # fmt: skip
NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}


@pytest.fixture
def ask(bench: Bench) -> Any:
    """``ask(method, *params)``; typed loosely, as JSON is."""
    bench.anchor(5, 8, 21)
    methods = ChainMethods(bench.chain)
    return lambda method, *params: methods(method, list(params))


def header_hash(block: dict[str, str]) -> str:
    values = [
        rlp.sedes.big_endian_int.serialize(int(block[name], 16)) if name in NUMBERS else bytes.fromhex(block[name][2:])
        for name in HEADER_FIELDS
    ]
    return "0x" + keccak(rlp.encode(values)).hex()


def receipts_root(receipts: list[dict[str, Any]]) -> str:
    trie = HexaryTrie({})
    for receipt in receipts:
        logs = [
            [bytes.fromhex(log["address"][2:]), [bytes.fromhex(topic[2:]) for topic in log["topics"]],
             bytes.fromhex(log["data"][2:])]
            for log in receipt["logs"]
        ]  # fmt: skip
        status, gas = int(receipt["status"], 16), int(receipt["cumulativeGasUsed"], 16)
        trie[rlp.encode(int(receipt["transactionIndex"], 16))] = rlp.encode(
            [status, gas, bytes.fromhex(receipt["logsBloom"][2:]), logs]
        )
    return "0x" + trie.root_hash.hex()


@pytest.mark.independent
def test_hashes_recompute_from_the_answers(ask: Any) -> None:
    """Of every block: its hash from its fields, its parent's hash, its receipts root from its receipts."""
    parent = "0x" + "00" * 32
    for number in range(int(ask("eth_blockNumber"), 16) + 1):
        block = ask("eth_getBlockByNumber", hex(number), False)
        assert block["parentHash"] == parent
        assert header_hash(block) == block["hash"]
        receipts = ask("eth_getBlockReceipts", hex(number))
        assert receipts == ask("eth_getBlockReceipts", block["hash"])
        assert receipts_root(receipts) == block["receiptsRoot"]
        assert [receipt["transactionHash"] for receipt in receipts] == block["transactions"]
        for receipt in receipts:
            assert ask("eth_getTransactionReceipt", receipt["transactionHash"]) == receipt
            transaction = ask("eth_getTransactionByHash", receipt["transactionHash"])
            assert ask("eth_getBlockByHash", block["hash"], True)["transactions"] == [transaction]
        parent = block["hash"]


def test_logs_are_those_of_the_receipts(bench: Bench, ask: Any) -> None:
    contract, topic = "0x" + bench.target.contract.hex(), "0x" + read_artifact().anchored_topic.hex()
    everything = {"fromBlock": "earliest", "toBlock": "latest"}
    logs = ask("eth_getLogs", everything)
    receipts = [receipt for number in range(5) for receipt in ask("eth_getBlockReceipts", hex(number))]
    assert logs == [log for receipt in receipts for log in receipt["logs"]]
    assert len(logs) == 3
    size_8 = "0x" + (8).to_bytes(32, "big").hex()
    cases: list[tuple[dict[str, object], object]] = [
        ({"address": contract}, logs),
        ({"address": [contract, "0x" + "11" * 20]}, logs),
        ({"address": "0x" + "11" * 20}, []),
        ({"topics": [topic]}, logs),
        ({"topics": [None, size_8]}, logs[1:2]),
        ({"topics": [[topic], [size_8, "0x" + "00" * 32]]}, logs[1:2]),
        ({"topics": [size_8]}, []),
        ({"topics": [None, None, None]}, []),
        ({"fromBlock": "0x3"}, logs[1:]),
        ({"fromBlock": "0x3", "toBlock": "0x3"}, logs[1:2]),
        ({"fromBlock": "0x9", "toBlock": "0x2"}, []),
    ]
    for narrower, expected in cases:
        assert ask("eth_getLogs", {**everything, **narrower}) == expected
    assert ask("eth_getLogs", {"blockHash": logs[2]["blockHash"]}) == logs[2:]
    assert ask("eth_getLogs", {}) == logs[2:]


def test_state_of_earlier_blocks_can_be_asked_for(bench: Bench, ask: Any) -> None:
    call = {"to": "0x" + bench.target.contract.hex(), "data": "0x" + encode_head_call().hex()}
    sizes = [int(ask("eth_call", call, hex(number))[2:66], 16) for number in range(1, 5)]
    assert sizes == [0, 5, 8, 21]
    account = "0x" + bench.submitter.address.hex()
    assert [ask("eth_getTransactionCount", account, hex(number)) for number in range(3)] == ["0x0", "0x1", "0x2"]
    assert ask("eth_getBalance", account) == hex(10**18)
    assert ask("eth_getCode", call["to"], "0x0") == "0x"
    assert bytes.fromhex(ask("eth_getCode", call["to"], "latest")[2:]) == bench.target.runtime_code()


def test_a_refusal_gives_its_reason_as_data(bench: Bench, ask: Any) -> None:
    head = bench.log.head(5)
    signature = bench.anchor_key.sign_anchor(bench.deploy().domain, head)
    data = "0x" + encode_anchor_call(head, (), signature).hex()
    for method in ("eth_call", "eth_estimateGas"):
        with pytest.raises(MethodError) as caught:
            ask(method, {"to": "0x" + bench.target.contract.hex(), "data": data}, "latest")
        assert caught.value.number == 3
        assert caught.value.message == "execution reverted: size is not above the last"
        assert isinstance(caught.value.data, str)
        assert parse_revert_reason(bytes.fromhex(caught.value.data[2:])) == "size is not above the last"


def test_what_is_not_there_is_null(ask: Any) -> None:
    nothing = "0x" + "77" * 32
    assert ask("eth_getBlockByNumber", "0x63", False) is None
    assert ask("eth_getBlockByHash", nothing, True) is None
    assert ask("eth_getTransactionByHash", nothing) is None
    assert ask("eth_getTransactionReceipt", nothing) is None
    assert ask("eth_getBlockReceipts", "0x63") is None


def test_identity(ask: Any) -> None:
    assert ask("eth_chainId") == hex(CHAIN_ID)
    assert ask("net_version") == str(CHAIN_ID)
    assert "demonstration" in ask("web3_clientVersion")
    assert ask("eth_gasPrice") == "0x0"


@pytest.mark.parametrize(
    ("method", "params", "number"),
    [
        ("eth_accounts", [], -32601),
        ("eth_sendTransaction", [{}], -32601),
        ("evm_revert", ["0x1"], -32601),
        ("eth_chainId", [1], -32602),
        ("eth_getBlockByNumber", ["0x1"], -32602),
        ("eth_getBlockByNumber", ["0x01", False], -32602),
        ("eth_getBlockByNumber", [1, False], -32602),
        ("eth_getBlockByNumber", ["newest", False], -32602),
        ("eth_getBlockByNumber", ["latest", "yes"], -32602),
        ("eth_getBlockByHash", ["0x12", False], -32602),
        ("eth_getBalance", ["0x12"], -32602),
        ("eth_getBalance", ["0x" + "11" * 20, "0x63"], -32000),
        ("eth_call", ["0x", "latest"], -32602),
        ("eth_call", [{"to": "0x" + "11" * 20, "value": "0x1"}, "latest"], -32000),
        ("eth_call", [{"to": "0x" + "11" * 20, "data": "0x" + "00" * 131_073}, "latest"], -32602),
        ("eth_call", [{"data": "0xfe"}, "latest"], -32000),
        ("eth_getLogs", [{"blockHash": "0x" + "11" * 32, "fromBlock": "0x1"}], -32602),
        ("eth_getLogs", [{"blockHash": "0x" + "11" * 32}], -32000),
        ("eth_getLogs", [{"topics": [[]] * 5}], -32602),
        ("eth_getLogs", [{"topics": ["0x12"]}], -32602),
        ("eth_getLogs", [{"address": ["0x" + "11" * 20] * 101}], -32602),
        ("eth_sendRawTransaction", ["0x"], -32000),
        ("eth_sendRawTransaction", ["00"], -32602),
        ("eth_sendRawTransaction", ["0x" + "00" * 131_073], -32000),
        ("eth_sendRawTransaction", [None], -32602),
    ],
)
def test_errors_have_the_numbers_that_clients_know(ask: Any, method: str, params: list[object], number: int) -> None:
    with pytest.raises(MethodError) as caught:
        ask(method, *params)
    assert caught.value.number == number
