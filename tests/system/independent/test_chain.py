"""Foundry's cast reads the embedded chain as it would read any other: contract, event, receipt and block."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.audit_process import serving_chain
from tests.system.independent.conftest import Run

pytestmark = [pytest.mark.independent, pytest.mark.slow]


@pytest.fixture(scope="module")
def chain(demo_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_chain(demo_night, tmp_path_factory.mktemp("cast") / "log") as address:
        yield address


@pytest.fixture
def claim(demo_night: Path) -> dict[str, object]:
    """The newest anchor, as the publication claims it."""
    anchors = demo_night / "publication" / "anchors"
    size = json.loads((anchors / "index.json").read_text())["sizes"][-1]
    [path] = [path for path in anchors.glob("*.json") if path.stem.lstrip("0") == str(size)]
    found: dict[str, object] = json.loads(path.read_text())
    return found


def ask(cast: Run, chain: str, *words: object) -> str:
    status, output = cast(*map(str, words), "--rpc-url", chain)
    assert status == 0, output
    return output.strip()


def test_the_contract_holds_the_claimed_head(cast: Run, chain: str, claim: dict[str, object]) -> None:
    size, root = ask(cast, chain, "call", claim["contract"], "head()(uint256,bytes32)").splitlines()
    assert (int(size.split()[0]), root) == (claim["size"], claim["root"])
    assert ask(cast, chain, "call", claim["contract"], "roots(uint256)(bytes32)", claim["size"]) == claim["root"]
    assert int(ask(cast, chain, "chain-id")) == claim["chain_id"]


def test_the_event_is_found_by_its_signature(cast: Run, chain: str, claim: dict[str, object]) -> None:
    signature = "Anchored(uint256 indexed,bytes32,uint256,bytes32)"
    words = "logs", "--json", "--from-block", 0, "--to-block", "latest", "--address", claim["contract"], signature
    events = json.loads(ask(cast, chain, *words))
    last = events[-1]
    assert int(last["topics"][1], 16) == claim["size"]
    assert last["data"][:66] == claim["root"]
    assert last["transactionHash"] == claim["transaction_hash"]
    assert last["blockHash"] == claim["block_hash"]


def test_receipt_and_block_are_read(cast: Run, chain: str, claim: dict[str, object]) -> None:
    receipt = json.loads(ask(cast, chain, "receipt", "--json", claim["transaction_hash"]))
    assert int(receipt["status"], 16) == 1 and receipt["blockHash"] == claim["block_hash"]
    block = json.loads(ask(cast, chain, "block", "--json", claim["block_number"]))
    assert block["hash"] == claim["block_hash"] and claim["transaction_hash"] in block["transactions"]
