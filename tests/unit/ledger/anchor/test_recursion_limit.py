"""Importing a chain's libraries must not make the whole process mortal."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["chain_server", "evm_connection", "submitter", "worker", "anchor_key"])
def test_deeply_nested_json_is_an_error_and_no_crash(module: str) -> None:
    """In a thread as in the main thread, whatever part of anchoring the process uses."""
    program = (
        f"import json, threading, ledger.anchor.{module}\n"
        "def attack():\n"
        "    try:\n"
        "        json.loads('[' * 1_000_000)\n"
        "    except RecursionError:\n"
        "        print('refused')\n"
        "attack()\n"
        "thread = threading.Thread(target=attack); thread.start(); thread.join()\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout.split()) == (0, ["refused", "refused"]), run.stderr
