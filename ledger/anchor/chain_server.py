"""The embedded chain as a server: ``python -m ledger.anchor.chain_server --data DIR --port PORT``.

Responsible for starting and stopping, in a thread of this process or as a process of its own, and for binding to
loopback addresses only: the chain has no accounts of its own to protect, but it is for this machine.
"""

import argparse
import ipaddress
import json
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ledger.anchor.chain_http import LoopbackServer
from ledger.anchor.chain_methods import ChainMethods
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.primitives import ChainError
from ledger.errors import FormatError, TunukError

_POLL_SECONDS = 0.05
"""How soon the accepting thread notices that it must stop."""


class ChainServer:
    """Serves an open chain until stop(), which also closes the chain. Binds at once, answers after start().

    Port 0 takes a free one. Raises FormatError(``CHAIN_NOT_LOOPBACK``) and ChainError(``CHAIN_PORT_TAKEN``).
    """

    def __init__(self, chain: EmbeddedChain, port: int, host: str = "127.0.0.1") -> None:
        self._chain = chain
        self._thread: threading.Thread | None = None
        try:
            address = ipaddress.ip_address(host)
        except ValueError as error:
            raise FormatError("CHAIN_NOT_LOOPBACK", f"give an address such as 127.0.0.1, not {host!r}") from error
        if not address.is_loopback:
            raise FormatError("CHAIN_NOT_LOOPBACK", f"the chain listens on this machine only, not on {host}")
        try:
            self._server = LoopbackServer((host, port), ChainMethods(chain))
        except OSError as error:
            message = f"could not listen on {host} port {port}: {error.strerror or error}"
            raise ChainError("CHAIN_PORT_TAKEN", message, retryable=True) from error
        shown = f"[{host}]" if address.version == 6 else host
        self.url = f"http://{shown}:{self._server.server_port}"

    def start(self) -> None:
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="embedded-chain", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End all connections, wait for what is being executed, and close the chain."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.end_connections()
        self._server.server_close()
        self._chain.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve an existing chain until SIGTERM or SIGINT; says where in one line of JSON. Status 1: could not start."""
    parser = argparse.ArgumentParser(description="Serve the embedded demonstration chain on this machine.")
    parser.add_argument("--data", type=Path, required=True, help="the folder in which the chain was created")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    options = parser.parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        chain = EmbeddedChain.open(options.data, time.time)
        server = ChainServer(chain, options.port, options.host)
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 1
    server.start()
    facts = {"url": server.url, "chain_id": chain.chain_id, "genesis_hash": "0x" + chain.genesis_hash.hex()}
    print(json.dumps(facts), flush=True)
    stopping.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
