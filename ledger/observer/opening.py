"""Where a publication and a node are read from: a folder, or an address.

The HTTP client is loaded when an address is given: it would take half of the time of a command that needs none.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ledger.anchor.node_answers import RpcCall
from ledger.observer.fetch import FolderSource, Source


def is_address(publication: str) -> bool:
    return publication.startswith(("http://", "https://"))


def open_source(
    publication: str, stack: contextlib.ExitStack, pause: Callable[[float], object] | None = None
) -> Source:
    """``pause`` waits for seconds: by default for an event that nobody sets, so that a signal can end it."""
    if not is_address(publication):
        return FolderSource(Path(publication))
    from ledger.observer.fetch_http import HttpSource

    waiting = threading.Event().wait if pause is None else pause
    return stack.enter_context(HttpSource(publication, pause=waiting, clock=time.monotonic))


def open_rpc(url: str, stack: contextlib.ExitStack) -> RpcCall:
    """Raises FormatError(``BAD_RPC_URL``)."""
    from ledger.observer.rpc import HttpRpc

    return stack.enter_context(HttpRpc(url))
