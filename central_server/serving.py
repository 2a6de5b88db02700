"""The listening server: a socket, a fresh certificate, and uvicorn with our connection protocol and without its habits.

Responsible for transport settings and bounds. Signals, followers and what is served are put together in ``run``.
"""

import asyncio
import contextlib
import ipaddress
import logging
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from central_server.directory import ElectionDirectory
from central_server.http_protocol import ClientProtocol, make_protocol
from central_server.init import LIFETIME, load_authority
from central_server.interpreter import settle_interpreter
from central_server.tls import make_server_context
from ledger.errors import FormatError
from ledger.store.durable import StorageError, write_file

MAX_CONNECTIONS = 4_096
"""At a time; more get a 503. Each costs about 100 KiB for TLS."""

FILES_PER_CONNECTION = 2
"""Open files: a connection takes one, also before its handshake is done, and the log and its followers take some."""

HANDSHAKE_SECONDS = 10.0
"""For the TLS handshake, before which nobody can be told from anybody."""

BACKLOG = 1_024
KEEP_ALIVE_SECONDS = 75
"""Above the pause of an agent that retries, so that it need not shake hands anew."""

GRACE_SECONDS = 15
"""What is being answered when the server is told to stop is answered, within this time."""


class HttpsServer(uvicorn.Server):
    """uvicorn without signal handlers of its own; ``on_ready`` is called once it listens."""

    def __init__(self, config: uvicorn.Config, protocol: type[ClientProtocol], on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._protocol = protocol
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's own for sockets that listen, with a bound on the time of a handshake."""
        _raise_file_limit(FILES_PER_CONNECTION * self._protocol.max_connections)
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                self._make_protocol,
                sock=listening,
                ssl=self.config.ssl,
                backlog=self.config.backlog,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
            for listening in sockets or ()
        ]
        self.started = True
        settle_interpreter()
        self._on_ready()

    def _make_protocol(self) -> asyncio.Protocol:
        return self._protocol(self.config, self.server_state, {}, asyncio.get_running_loop())

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(
    app: ASGIApp,
    context: ssl.SSLContext,
    on_ready: Callable[[], None],
    max_connections: int = MAX_CONNECTIONS,
    grace_seconds: int = GRACE_SECONDS,
) -> HttpsServer:
    # Its warnings are of clients that do not speak HTTP, a line each: such lines would be theirs to fill a disk with.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    protocol = make_protocol(max_connections)
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
        ssl_context_factory=lambda *_: context,
    )
    return HttpsServer(config, protocol, on_ready)


def _raise_file_limit(wanted: int) -> None:
    """To what the connections need, as far as the system lets this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on an address of this machine. Raises FormatError(``BAD_HOST``), StorageError(``PORT_TAKEN``)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise FormatError("BAD_HOST", f"give an address to listen on, such as 127.0.0.1, not {host[:80]!r}") from error
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise StorageError("PORT_TAKEN", f"could not listen on {host} port {port}: {error}") from error


def local_url(listening: socket.socket) -> str:
    """An address at which a client on this machine reaches the server, whatever it listens on."""
    host, port = listening.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return f"https://localhost:{port}"
    return f"https://[{host}]:{port}" if address.version == 6 else f"https://{host}:{port}"


def renew_server_context(
    directory: ElectionDirectory, host: str, server_url: str | None, now: datetime
) -> ssl.SSLContext:
    """Issue the server's certificate anew at each start: it never runs out, and fits where the server listens."""
    hosts = ["localhost", "127.0.0.1", "::1"]
    if not ipaddress.ip_address(host).is_unspecified:
        hosts.append(host)
    if server_url is not None and (name := urlsplit(server_url).hostname):
        hosts.append(name)
    authority = load_authority(directory)
    identity = authority.issue_server(hosts, now, LIFETIME)
    certificate, key = directory.certificates / "server.pem", directory.certificates / "server.key"
    write_file(key, identity.key, 0o600)
    write_file(certificate, identity.certificate)
    return make_server_context(certificate, key, authority.certificate)
