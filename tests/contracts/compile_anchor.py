"""Compiles the anchor contract and compares the result with the artifact, or writes it.

``python tests/contracts/compile_anchor.py [--write]`` ends with status 0 when the artifact is what the compiler makes.
"""

import hashlib
import json
import sys
from pathlib import Path

from eth_utils.abi import event_abi_to_log_topic
from eth_utils.crypto import keccak
from vyper import __version__, compile_code
from vyper.compiler.settings import OptimizationLevel, Settings

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
EVM_VERSION = "london"


def compile_artifact() -> str:
    source = (CONTRACTS / "CheckpointAnchor.vy").read_text(encoding="utf-8")
    formats = ["abi", "bytecode", "bytecode_runtime", "layout", "method_identifiers"]
    settings = Settings(evm_version=EVM_VERSION, optimize=OptimizationLevel.GAS)
    compiled = compile_code(source, output_formats=formats, settings=settings, no_bytecode_metadata=True)
    events = [entry for entry in compiled["abi"] if entry["type"] == "event"]
    topics = {}
    for event in events:
        signature = f"{event['name']}({','.join(field['type'] for field in event['inputs'])})"
        topics[signature] = "0x" + event_abi_to_log_topic(event).hex()
        if event_abi_to_log_topic(event) != keccak(text=signature):
            raise SystemExit(f"two topics for {signature}")
    document = {
        "contract": "CheckpointAnchor",
        "compiler": {
            "name": "vyper",
            "version": __version__,
            "evm_version": EVM_VERSION,
            "optimize": "gas",
            "bytecode_metadata": False,
        },
        "source_sha256": hashlib.sha256(source.encode()).hexdigest(),
        "abi": compiled["abi"],
        "selectors": {name: "0x" + value[2:].rjust(8, "0") for name, value in compiled["method_identifiers"].items()},
        "topics": topics,
        "immutables": compiled["layout"]["code_layout"],
        "immutables_note": "Deployed code: runtime_bytecode, then the immutables at these offsets, one word each.",
        "storage": compiled["layout"]["storage_layout"],
        "creation_bytecode": compiled["bytecode"],
        "runtime_bytecode": compiled["bytecode_runtime"],
    }
    return json.dumps(document, indent=2) + "\n"


def main() -> int:
    artifact, path = compile_artifact(), CONTRACTS / "CheckpointAnchor.json"
    if "--write" in sys.argv[1:]:
        path.write_text(artifact, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != artifact:
        print(f"{path} is not what the compiler makes of the source", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
