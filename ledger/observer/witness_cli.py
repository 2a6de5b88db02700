"""``observer witness-key`` and ``observer witness``: composition, and what they print."""

import argparse
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ledger.command_help import WRONG_USAGE, explained
from ledger.errors import FormatError, TunukError
from ledger.observer.rate_limit import RateLimit
from ledger.observer.witness import Witness
from ledger.observer.witness_evidence import EvidenceFolder
from ledger.observer.witness_keys import create_keys, load_signers
from ledger.observer.witness_server import WitnessServer
from ledger.observer.witness_store import SqliteHeadStore
from ledger.policy import MAX_POLICY, parse_policy
from ledger.vkey import KeyType, NoteKey, encode_vkey, parse_vkey

_KEY_STATUSES = {
    0: "the keys are made, and their public halves printed",
    1: "there are keys already, or the folder cannot be written",
    2: WRONG_USAGE,
}
_STATUSES = {
    0: "told to stop, and stopped",
    1: "keys, logs, store or address cannot be used",
    2: WRONG_USAGE,
}
_POLL_SECONDS = 0.1
_PER_LOG = (5.0, 20)
"""Cosignatures a second for one log, and at once. A log asks once a second at most."""
_TOGETHER = (100.0, 200)
"""Requests a second from all together: more than its processors and its disk could serve with room to spare."""
MAX_EVIDENCE_FILES = 100


def add_witness_parsers(commands: Any) -> None:
    """``commands``: the action that ``add_subparsers()`` returned."""
    words = "make a witness's two keys, for cosignatures of both types, in one file for its owner's eyes"
    examples = ("observer witness-key --data /var/lib/witness --name witness.example/1",)
    parser = commands.add_parser("witness-key", help=words, **explained(words, examples, _KEY_STATUSES))
    parser.add_argument("--data", metavar="DIR", required=True, type=Path, help="the witness's folder")
    parser.add_argument("--name", required=True, help="the witness's name: an address without https:// that is yours")
    parser.set_defaults(run=make_keys)
    words = "be a witness: cosign checkpoints of logs that only grow (C2SP tlog-witness), on plain HTTP"
    serve_examples = (
        "observer witness --data /var/lib/witness --policy FILE --listen 127.0.0.1:7380",
        "observer witness --data DIR --log log.example/1+6b7fd7c8+ATTfJu6JcjjfnzD2e+PMvAdz --listen [::1]:0",
    )
    parser = commands.add_parser("witness", help=words, **explained(words, serve_examples, _STATUSES))
    parser.add_argument("--data", metavar="DIR", required=True, type=Path, help="the witness's folder, with its keys")
    parser.add_argument(
        "--policy", metavar="FILE", type=Path, action="append", default=[], help="cosign the logs of this policy file"
    )
    parser.add_argument("--log", metavar="VKEY", action="append", default=[], help="cosign the log that has this key")
    parser.add_argument(
        "--listen", metavar="HOST:PORT", required=True, help="where to listen; port 0 takes a free one and prints it"
    )
    parser.set_defaults(run=serve)


def make_keys(options: argparse.Namespace) -> int:
    """The exit status."""
    try:
        create_keys(options.data, options.name, secrets.token_bytes)
        for signer in load_signers(options.data, _now):
            print(encode_vkey(signer.key))
    except TunukError as error:
        return _fail(error)
    return 0


def serve(options: argparse.Namespace) -> int:
    """The exit status, once a signal says that it is over."""
    try:
        host, port = parse_address(options.listen)
        logs = _read_logs(options)
        signers = load_signers(options.data, _now)
        evidence = EvidenceFolder(options.data / "evidence", MAX_EVIDENCE_FILES, _tell)
        with SqliteHeadStore(options.data / "witness.sqlite") as store:
            witness = Witness(logs, signers, store, RateLimit(*_PER_LOG, time.monotonic), evidence.keep)
            try:
                server = WitnessServer(
                    (host, port), witness, RateLimit(*_TOGETHER, time.monotonic), time.monotonic, _tell
                )
            except OSError as error:
                raise FormatError("CANNOT_LISTEN", f"cannot listen at {options.listen}: {error.strerror}") from error
            with server:
                stop = threading.Event()
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, lambda *_: stop.set())
                for signer in signers:
                    print(encode_vkey(signer.key))
                bound = server.server_address
                print(f"http://{_in_address(str(bound[0]))}:{bound[1]}/add-checkpoint", flush=True)
                _serve_until(stop, server)
    except TunukError as error:
        return _fail(error)
    return 0


def _serve_until(stop: threading.Event, server: WitnessServer) -> None:
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    stop.wait()
    server.shutdown()
    thread.join()


def _read_logs(options: argparse.Namespace) -> list[NoteKey]:
    """The logs' keys, each once. Raises FormatError, UnjudgeableError."""
    keys = [parse_vkey(text) for text in options.log]
    for path in options.policy:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_POLICY + 1)
        except OSError as error:
            raise FormatError("POLICY_UNREADABLE", f"cannot read {path}: {error.strerror}") from error
        keys += [log.key for log in parse_policy(data).logs]
    if not keys:
        raise FormatError("NO_LOGS", "name at least one log, by --policy or by --log")
    wrong = next((key for key in keys if key.key_type is KeyType.COSIGNATURE_ED25519), None)
    if wrong is not None:
        raise FormatError("BAD_LOG_KEY", f"the key of {wrong.name} is a witness's, not a log's")
    return list(dict.fromkeys(keys))


def parse_address(text: str) -> tuple[str, int]:
    """``HOST:PORT``, with brackets around an IPv6 address. Raises FormatError(``BAD_ADDRESS``)."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise FormatError("BAD_ADDRESS", f"an address to listen at is HOST:PORT, such as 127.0.0.1:7380: {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _now() -> int:
    return int(time.time())


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _fail(error: TunukError) -> int:
    _tell(f"[{error.code}] {error.message}")
    return 1
