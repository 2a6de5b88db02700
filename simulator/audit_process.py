"""The audit as anyone would run it: ``observer verify``, a process that gets publication, policy and chain."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.measures import Usage
from simulator.server_process import START_SECONDS, NightError, command, last_words


@dataclass(frozen=True, slots=True)
class AuditResult:
    """``status`` is the exit status of ``observer verify``, ``verdict`` its JSON object."""

    status: int
    verdict: dict[str, object]
    usage: Usage


def audit(publication: Path, policy: Path, rpc: str) -> AuditResult:
    """Run the audit to its end. Raises NightError(``AUDIT_FAILED``) where it gives no verdict that can be read."""
    arguments = [command("observer"), "verify", str(publication), "--policy", str(policy), "--rpc", rpc, "--json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        output = process.stdout.read() if process.stdout is not None else b""
        _, state, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(state)
    try:
        verdict = json.loads(output)
    except ValueError as error:
        raise NightError("AUDIT_FAILED", f"the audit ended with {process.returncode} and no verdict") from error
    return AuditResult(process.returncode, verdict, Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))


@contextlib.contextmanager
def serving_chain(directory: Path, log: Path) -> Iterator[str]:
    """``central-server chain``: the address of the embedded chain while the block runs. Raises NightError."""
    arguments = [command("central-server"), "chain", "--dir", str(directory), "--rpc-port", "0"]
    with log.open("ab") as words, subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=words) as process:
        try:
            yield _await_address(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _await_address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    if process.stdout is None:
        raise NightError("CHAIN_DID_NOT_START", "the chain's process has no output to read")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(START_SECONDS) else b""
    try:
        return str(json.loads(line)["rpc"])
    except (ValueError, KeyError, TypeError) as error:
        raise NightError(
            "CHAIN_DID_NOT_START", f"the chain did not say where it listens:\n{last_words(log)}"
        ) from error
