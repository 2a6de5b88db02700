"""A permissioned network of four validators on loopback: go-ethereum with Clique, a process each.

Each has its own folder, keys and ports. Blocks come every second, gas costs nothing, every validator knows the others
by address and nobody else. All of them die with the process that made them.
"""

import ctypes
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from coincurve import PrivateKey
from eth_account import Account

from ledger.anchor.block_header import keccak
from ledger.anchor.primitives import Address

CHAIN_ID = 7_341
PERIOD_S = 1
NODES = 4
START_SECONDS = 60
_PASSWORD = "validator"  # of keys that seal nothing but this network
_PORTS = range(20_000, 32_000)
"""Below those that the system takes for outgoing connections."""
_SET_PDEATHSIG = 1
_PAUSE = threading.Event()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    """By trying: nobody else on this machine takes ports of this range by themselves."""
    found: list[int] = []
    start = (time.time_ns() // 1_000_000) % (len(_PORTS) - 200)
    for port in _PORTS[start:]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free ports")


class Validator:
    """One node, by its number from 0. ``url``: its JSON-RPC."""

    def __init__(self, geth: Path, folder: Path, place: int, ports: Sequence[int]) -> None:
        self._geth, self.folder = geth, folder
        self.peer_port, rpc_port, self._engine_port = ports
        self._rpc_port = rpc_port
        self.url = f"http://127.0.0.1:{rpc_port}"
        self.key = bytes([place + 1]) * 32
        self._node_key = bytes([place + 101]) * 32
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Address:
        return Address(keccak(PrivateKey(self.key).public_key.format(compressed=False)[1:])[12:])

    @property
    def enode(self) -> str:
        public = PrivateKey(self._node_key).public_key.format(compressed=False)[1:].hex()
        return f"enode://{public}@127.0.0.1:{self.peer_port}"

    def prepare(self, genesis: Path, peers: Sequence[str]) -> None:
        keys = self.folder / "keystore"
        keys.mkdir(parents=True)
        keystore = Account.encrypt(self.key, _PASSWORD, kdf="scrypt", iterations=2)
        (keys / "validator.json").write_text(json.dumps(keystore))
        (self.folder / "password").write_text(_PASSWORD)
        (self.folder / "node.toml").write_text(
            "[Node.P2P]\n"
            "MaxPeers = 10\nNoDiscovery = true\n"
            f'ListenAddr = "127.0.0.1:{self.peer_port}"\n'
            f"StaticNodes = {json.dumps(list(peers))}\nTrustedNodes = {json.dumps(list(peers))}\n"
        )
        command = [self._geth, "--datadir", self.folder, "--state.scheme", "hash", "init", genesis]
        subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=60)

    def start(self) -> None:
        """Without sealing: that begins when all of them know each other."""
        account = f"0x{self.address.hex()}"
        command = [
            self._geth, "--config", self.folder / "node.toml", "--datadir", self.folder,
            "--networkid", str(CHAIN_ID), "--nodiscover", "--nat", "none", "--netrestrict", "127.0.0.0/8",
            "--nodekeyhex", self._node_key.hex(), "--ipcdisable",
            "--http", "--http.addr", "127.0.0.1", "--http.port", str(self._rpc_port),
            "--http.api", "eth,net,web3,clique,admin,debug,txpool,miner,personal",
            "--authrpc.addr", "127.0.0.1", "--authrpc.port", str(self._engine_port),
            "--syncmode", "full", "--gcmode", "archive", "--state.scheme", "hash", "--snapshot=false", "--cache", "16",
            "--miner.etherbase", account, "--miner.gasprice", "1", "--txpool.pricelimit", "1",
            "--unlock", account, "--password", self.folder / "password", "--allow-insecure-unlock",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log, preexec_fn=_die_with_parent)
        until(lambda: self.answers(), f"{self.url} does not answer: see {self.folder / 'log'}")

    def seal(self) -> None:
        self.ask("miner_start")

    def stop(self) -> None:
        """SIGKILL: as a power cut ends it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, method: str, *params: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            document = json.load(answer)
        if "error" in document:
            raise RuntimeError(f"{method}: {document['error']}")
        return document["result"]

    def answers(self) -> bool:
        try:
            self.ask("eth_chainId")
        except OSError:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2_000:]) from None
            return False
        return True

    def height(self) -> int:
        return int(self.ask("eth_blockNumber"), 16)

    def peers(self) -> int:
        return int(self.ask("net_peerCount"), 16)


class CliqueNetwork:
    """Four validators that seal. A context manager."""

    def __init__(self, geth: Path, folder: Path, balances: Sequence[Address] = ()) -> None:
        ports = _free_ports(3 * NODES)
        self.nodes = [
            Validator(geth, folder / f"validator-{place}", place, ports[3 * place : 3 * place + 3])
            for place in range(NODES)
        ]
        genesis = folder / "genesis.json"
        folder.mkdir(parents=True, exist_ok=True)
        genesis.write_text(json.dumps(self._genesis(balances)))
        peers = [node.enode for node in self.nodes]
        for node in self.nodes:
            node.prepare(genesis, [one for one in peers if one != node.enode])

    def __enter__(self) -> Self:
        try:
            self.start(self.nodes)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.stop()
            shutil.rmtree(node.folder, ignore_errors=True)

    @property
    def urls(self) -> list[str]:
        return [node.url for node in self.nodes]

    def start(self, nodes: Sequence[Validator]) -> None:
        """These too; sealing goes on when all that run know each other."""
        for node in nodes:
            node.start()
        running = [node for node in self.nodes if node.process is not None]
        for node in running:
            until(lambda node=node: node.peers() >= len(running) - 1, "the validators do not find each other")  # type: ignore[misc]
        for node in nodes:
            node.seal()
        if len(running) > NODES // 2:
            self.grow(running[0], 1)

    def grow(self, node: Validator, blocks: int) -> None:
        target = node.height() + blocks
        until(lambda: node.height() >= target, f"no {blocks} blocks came")

    def _genesis(self, balances: Sequence[Address]) -> dict[str, object]:
        forks = [
            "homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock", "constantinopleBlock",
            "petersburgBlock", "istanbulBlock", "berlinBlock",
        ]  # fmt: skip
        signers = b"".join(sorted(bytes(node.address) for node in self.nodes))
        return {
            "config": {"chainId": CHAIN_ID, **dict.fromkeys(forks, 0), "clique": {"period": PERIOD_S, "epoch": 30_000}},
            "difficulty": "0x1",
            "gasLimit": "0x1c9c380",
            "extraData": "0x" + (bytes(32) + signers + bytes(65)).hex(),
            "timestamp": hex(int(time.time()) - 1),
            "alloc": {address.hex(): {"balance": hex(10**24)} for address in balances},
        }


def until(holds: Callable[[], bool], words: str, seconds: float = START_SECONDS) -> None:
    """Wait for a condition. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(words)
        _PAUSE.wait(0.05)
