"""The central server as its own process, and a device's client that speaks to it over TLS."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import httpx
import msgspec

from central_server.directory import ElectionDirectory
from tests.unit.central_server.server_factory import write_device_key

COMMAND = (sys.executable, "-m", "central_server.cli")
STOP_SECONDS = 60


class ServerProcess:
    """``central-server run`` on a directory, by any program. Killed at the end unless it has ended by then."""

    def __init__(self, directory: ElectionDirectory, *arguments: str, program: Sequence[str] = COMMAND) -> None:
        self.errors = directory.root.parent / "stderr.txt"
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*program, "run", "--dir", str(directory.root), *arguments], stdout=subprocess.PIPE, stderr=errors
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors.read_text()
        self.addresses: dict[str, Any] = json.loads(line)
        self.url: str = self.addresses["url"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """As a power cut ends it: SIGKILL."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(STOP_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def run_command(*arguments: str) -> tuple[int, str, str]:
    """Any command to its end: status, standard output, standard error."""
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=STOP_SECONDS)
    return done.returncode, done.stdout, done.stderr


def trust(directory: ElectionDirectory) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=directory.certificates / "ca.pem")


@contextmanager
def open_device(directory: ElectionDirectory, url: str, place: int) -> Iterator[httpx.Client]:
    """A client with the certificate of the device's bundle and its own key."""
    context = trust(directory)
    key = write_device_key(directory.root.parent / f"d{place}.pem", place)
    context.load_cert_chain(directory.bundles / f"d{place}" / "client.pem", key)
    with httpx.Client(verify=context, base_url=url, timeout=30, trust_env=False) as client:
        yield client


def post_records(client: httpx.Client, records: Sequence[bytes]) -> list[list[Any]]:
    """The verdicts. Raises httpx.HTTPError where the server does not answer."""
    answer = client.post(
        "/v1/records", content=msgspec.msgpack.encode(records), headers={"Content-Type": "application/msgpack"}
    )
    answer.raise_for_status()
    verdicts: list[list[Any]] = msgspec.msgpack.decode(answer.content)
    return verdicts


def read_latest(directory: ElectionDirectory) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory.publication / "results/latest.json").read_bytes())
    return document


def read_health(directory: ElectionDirectory, server: ServerProcess) -> dict[str, Any]:
    with httpx.Client(verify=trust(directory), base_url=server.url, trust_env=False) as client:
        document: dict[str, Any] = client.get("/healthz").json()
    return document
