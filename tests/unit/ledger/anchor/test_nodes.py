"""Several nodes of one chain: which one is used."""

from collections.abc import Sequence

import pytest

from ledger.anchor.node_answers import RpcCall
from ledger.anchor.nodes import ChainNode, ChainNodes
from ledger.anchor.primitives import ChainError


class Network:
    def __init__(self, count: int) -> None:
        self.bad: set[str] = set()
        self.asked: list[str] = []
        self.nodes = ChainNodes([ChainNode(str(place), self._call(str(place))) for place in range(count)])

    def _call(self, name: str) -> RpcCall:
        def call(method: str, params: Sequence[object]) -> object:
            self.asked.append(name)
            if name in self.bad:
                raise ChainError("CHAIN_UNREACHABLE", f"{name} is down", retryable=True)
            return name

        return call

    def open(self) -> object:
        return self.nodes.open(lambda call: call("eth_chainId", []))


def test_the_first_that_is_well_is_used_and_the_next_after_a_failure() -> None:
    network = Network(3)
    network.bad = {"0"}
    assert network.open() == "1" and network.nodes.problems == {"0": "CHAIN_UNREACHABLE"}
    assert network.open() == "2"
    network.bad = set()
    assert network.open() == "0" and network.nodes.problems == {}


def test_all_of_them_are_asked_before_it_fails() -> None:
    network = Network(3)
    network.bad = {"0", "1", "2"}
    with pytest.raises(ChainError, match="2 is down"):
        network.open()
    assert network.asked == ["0", "1", "2"] and len(network.nodes.problems) == 3
    network.bad = {"0", "1"}
    assert network.open() == "2"


def test_a_node_that_fails_while_it_is_used_is_named_until_it_is_well_again() -> None:
    network = Network(2)
    used = network.nodes.open(lambda call: call)
    network.bad = {"0"}
    with pytest.raises(ChainError):
        used("eth_blockNumber", [])
    assert network.nodes.problems == {"0": "CHAIN_UNREACHABLE"}
    assert network.open() == "1" and network.nodes.problems == {"0": "CHAIN_UNREACHABLE"}
    network.bad = set()
    assert network.open() == "0" and network.nodes.problems == {}


def test_one_alone_is_asked_again() -> None:
    network = Network(1)
    assert [network.open(), network.open()] == ["0", "0"]
