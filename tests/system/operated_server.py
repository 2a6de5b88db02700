"""A running server and its directory, as an operator and a monitor ask them."""

import json
from typing import Any

import httpx

from central_server.directory import ElectionDirectory
from ledger.primitives import Hash
from tests.unit.central_server.server_factory import small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, run_command


def election_id_of(directory: ElectionDirectory) -> Hash:
    return Hash.from_hex(json.loads(directory.roster.read_bytes())["election_id"])


def send_tally(directory: ElectionDirectory, server: ServerProcess, place: int = 0, **changes: int) -> int:
    """A tally of one device; its index."""
    with open_device(directory, server.url, place) as client:
        [[word, index, _]] = post_records(client, [small_tally(election_id_of(directory), place, **changes)])
    assert word == "receipt"
    return int(index)


def ask_ops(server: ServerProcess, path: str) -> httpx.Response:
    return httpx.get(server.addresses["ops"] + path, trust_env=False, timeout=30)


def well(server: ServerProcess) -> bool:
    """Everything is logged, published and anchored."""
    health = ask_ops(server, "/healthz").json()
    sizes = {health[part]["size"] for part in ("log", "publication", "anchoring")}
    return len(sizes) == 1 and health["publication"]["lag"] == health["anchoring"]["lag"] == 0


def read_metrics(server: ServerProcess) -> dict[str, float]:
    text = ask_ops(server, "/metrics").text
    rows = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in rows}


def read_status(directory: ElectionDirectory) -> tuple[int, dict[str, Any]]:
    """Of the command: its exit status and its JSON."""
    status, said, errors = run_command("status", "--dir", str(directory.root), "--json")
    assert said, errors
    return status, json.loads(said)
