"""Reading a publication over HTTP or HTTPS: the one module that speaks it for the audit.

Responsible for limits against a server that is slow, endless or confused: a time-out for each step and for each file,
bounded bodies, a few attempts where the server or the network fails. Nothing here trusts the server: all that it sends
is checked against the policy by others.
"""

from collections.abc import Callable
from typing import Self
from urllib.parse import quote

import httpx

from ledger.observer.fetch import UnreachableError, missing, too_long

STEP_TIMEOUT_S = 20.0
FILE_TIMEOUT_S = 300.0
"""The largest entry bundle, 16 MiB, passes a line of half a megabit per second in this time."""

RETRY_PAUSES_S = (0.2, 1.0, 3.0)
"""Pauses between attempts: long enough for a server that restarts, short enough to wait for."""

MAX_CONNECTIONS = 16
_ABSENT = {404, 410}


class HttpSource:
    """A publication at an address. Files are asked for below it, whether or not it ends with a slash."""

    def __init__(
        self,
        url: str,
        *,
        pause: Callable[[float], object],
        clock: Callable[[], float],
        pauses_s: tuple[float, ...] = RETRY_PAUSES_S,
        step_timeout_s: float = STEP_TIMEOUT_S,
        file_timeout_s: float = FILE_TIMEOUT_S,
    ) -> None:
        """``pause`` waits for seconds, ``clock`` counts them. Raises UnreachableError(``BAD_ADDRESS``)."""
        self._pause, self._pauses_s = pause, pauses_s
        self._clock, self._file_timeout_s = clock, file_timeout_s
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise UnreachableError("BAD_ADDRESS", f"not an address: {url[:200]!r} ({error})") from error
        if address.scheme not in ("http", "https") or not address.host or address.query or address.fragment:
            raise UnreachableError("BAD_ADDRESS", f"an address is http:// or https:// and a path: {url[:200]!r}")
        self._base = str(address).rstrip("/")
        self._client = httpx.Client(
            follow_redirects=True,
            max_redirects=5,
            timeout=step_timeout_s,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
            # A compressed body could grow without a bound while it is unpacked.
            headers={"Accept-Encoding": "identity", "User-Agent": "tunuk-observer"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def read(self, path: str, limit: int) -> bytes:
        for pause_s in self._pauses_s:
            try:
                return self._attempt(path, limit)
            except _PassingError:
                self._pause(pause_s)
        try:
            return self._attempt(path, limit)
        except _PassingError as error:
            raise self._unreachable(path, error) from error

    def _attempt(self, path: str, limit: int) -> bytes:
        try:
            return self._get(path, limit)
        except httpx.TransportError as error:
            raise _PassingError(str(error) or type(error).__name__) from error
        except httpx.HTTPError as error:
            raise self._unreachable(path, error) from error

    def _unreachable(self, path: str, reason: object) -> UnreachableError:
        return UnreachableError("UNREACHABLE", f"cannot read {self._base}/{path}: {str(reason)[:300]}")

    def _get(self, path: str, limit: int) -> bytes:
        deadline = self._clock() + self._file_timeout_s
        with self._client.stream("GET", f"{self._base}/{quote(path)}") as response:
            if response.status_code in _ABSENT:
                raise missing(path)
            if response.status_code >= 500 or response.status_code == 429:
                raise _PassingError(f"the server answered {response.status_code}")
            if response.status_code != 200:
                raise self._unreachable(path, f"the server answered {response.status_code}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise self._unreachable(path, "the answer is compressed, which nobody asked for")
            data = bytearray()
            for piece in response.iter_raw(64 * 1024):
                data += piece
                if len(data) > limit:
                    raise too_long(path, limit)
                if self._clock() > deadline:
                    raise _PassingError(f"it took more than {self._file_timeout_s:g} s")
        return bytes(data)


class _PassingError(Exception):
    """The server failed in a way that may pass: the same request is worth another attempt."""
