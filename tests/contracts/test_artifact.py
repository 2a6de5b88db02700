"""The published artifact is what the compiler makes of the published source."""

import json
import subprocess
import sys
from pathlib import Path

from ledger.anchor.contract_code import creation_code, expected_runtime_code
from ledger.anchor.primitives import Address
from ledger.anchor.statement import origin_hash
from ledger.primitives import PublicKey

KEY, ADDRESS = PublicKey(b"\x01" * 32), Address(b"\x02" * 20)


def test_artifact_is_compiled_from_the_source(repository: Path) -> None:
    command = [sys.executable, str(repository / "tests" / "contracts" / "compile_anchor.py")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_immutables_lie_where_the_compiler_puts_them(repository: Path) -> None:
    """The expected code is put together by hand: the compiler's layout must be the one that this follows."""
    document = json.loads((repository / "contracts" / "CheckpointAnchor.json").read_text(encoding="utf-8"))
    words = {
        "origin_hash": origin_hash("example/origin"),
        "log_key_hash": KEY.key_id,
        "anchor_address": bytes(12) + ADDRESS,
    }
    runtime = bytes.fromhex(document["runtime_bytecode"][2:])
    code = expected_runtime_code("example/origin", KEY, ADDRESS)
    assert len(code) == len(runtime) + 32 * len(document["immutables"])
    for name, place in document["immutables"].items():
        start = len(runtime) + place["offset"]
        assert code[start : start + place["length"]] == words[name]
    constructor = next(entry for entry in document["abi"] if entry["type"] == "constructor")
    assert [field["name"].lstrip("_") for field in constructor["inputs"]] == list(words)
    assert creation_code("example/origin", KEY, ADDRESS).endswith(b"".join(words.values()))
