"""The load: a process of its own that posts signed records over many TLS connections, each with a device's certificate.

    python -m benchmarks.load_generator PLAN

``PLAN`` is a MessagePack file (``Plan``). It connects, says ``ready`` on a line, waits for a line, posts, and prints a
``LoadResult`` as JSON. Nothing of the records is made while it is timed. It counts an answer as good when every record
of it has its receipt.
"""

import asyncio
import contextlib
import ssl
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import uvloop

from ledger.errors import TunukError

LOAD_SECONDS = 240
"""A load that takes longer has failed."""


class Client(msgspec.Struct, frozen=True):
    """One connection: files of its certificate and key, and the bodies that it posts one after the other."""

    certificate: str
    key: str
    bodies: list[bytes]


class Plan(msgspec.Struct, frozen=True):
    """``rate`` is of requests a second over all clients, sent when due; None: each client as fast as it is answered."""

    url: str
    authority: str
    clients: list[Client]
    rate: float | None


class LoadResult(msgspec.Struct, frozen=True):
    """``latencies`` are seconds, one a request, from its due time to its whole answer; ``seconds`` is of them all."""

    seconds: float
    cpu_seconds: float
    receipts: int
    latencies: list[float]


class LoadError(TunukError):
    """The server did not give a receipt for every record."""


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    async def ask(self, method: str, path: str, body: bytes) -> bytes:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/msgpack\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer_head = await self._reader.readuntil(b"\r\n\r\n")
        status, *fields = answer_head.decode("latin-1").lower().split("\r\n")
        length = next(int(field.partition(":")[2]) for field in fields if field.startswith("content-length:"))
        answer = await self._reader.readexactly(length)
        if " 200 " not in status:
            raise LoadError("LOAD_REFUSED", f"{method} {path}: {status}: {answer[:300]!r}")
        return answer

    async def post(self, body: bytes) -> int:
        """How many receipts came back."""
        verdicts = msgspec.msgpack.decode(await self.ask("POST", "/v1/records", body))
        refused = [verdict for verdict in verdicts if verdict[0] != "receipt"]
        if refused:
            raise LoadError("LOAD_REFUSED", f"a record was refused: {refused[0]}")
        return len(verdicts)

    def close(self) -> None:
        self._writer.close()


async def _connect(plan: Plan, client: Client) -> _Connection:
    context = ssl.create_default_context(cafile=plan.authority)
    context.load_cert_chain(client.certificate, client.key)
    address = urlsplit(plan.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=context, limit=2**20)
    connection = _Connection(reader, writer, address.netloc)
    await connection.ask("GET", "/healthz", b"")
    return connection


async def _run(plan: Plan) -> LoadResult:
    connections = [await _connect(plan, client) for client in plan.clients]
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    begun, cpu_begun = time.perf_counter(), time.process_time()
    post = _post_at_once if plan.rate is None else _post_when_due
    receipts, latencies = await post(plan, connections)
    result = LoadResult(time.perf_counter() - begun, time.process_time() - cpu_begun, receipts, latencies)
    for connection in connections:
        connection.close()
    return result


async def _post_at_once(plan: Plan, connections: list[_Connection]) -> tuple[int, list[float]]:
    latencies: list[float] = []

    async def work(connection: _Connection, client: Client) -> int:
        receipts = 0
        for body in client.bodies:
            due = time.perf_counter()
            receipts += await connection.post(body)
            latencies.append(time.perf_counter() - due)
        return receipts

    counts = await asyncio.gather(*map(work, connections, plan.clients))
    return sum(counts), latencies


async def _post_when_due(plan: Plan, connections: list[_Connection]) -> tuple[int, list[float]]:
    """Send each request at its time, whether or not earlier ones are answered; late sending counts as latency."""
    latencies: list[float] = []
    waiting = deque(range(len(connections)))
    bodies = [deque(client.bodies) for client in plan.clients]
    begun, interval = time.perf_counter(), 1 / (plan.rate or 1)

    async def work(place: int, due: float) -> int:
        receipts = await connections[place].post(bodies[place].popleft())
        latencies.append(time.perf_counter() - due)
        waiting.append(place)
        return receipts

    async with asyncio.TaskGroup() as group:
        tasks = []
        for number in range(sum(map(len, bodies))):
            due = begun + number * interval
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            while not waiting:
                await asyncio.sleep(interval)
            tasks.append(group.create_task(work(waiting.popleft(), due)))
    return sum(task.result() for task in tasks), latencies


@contextlib.contextmanager
def loading(plan: Plan, file: Path) -> Iterator["Load"]:
    """The generator's process, connected and waiting."""
    file.write_bytes(msgspec.msgpack.encode(plan))
    arguments = [sys.executable, "-m", "benchmarks.load_generator", str(file)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            load = Load(process)
            load.await_ready()
            yield load
        finally:
            process.kill()


class Load:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def await_ready(self) -> None:
        line = self._process.stdout.readline() if self._process.stdout is not None else b""
        if line != b"ready\n":
            raise LoadError("LOAD_NOT_READY", "the load generator did not connect; its words are above")

    def run(self) -> LoadResult:
        """Let it post everything. Raises LoadError where a record had no receipt."""
        output, _ = self._process.communicate(b"go\n", timeout=LOAD_SECONDS)
        if self._process.returncode != 0:
            raise LoadError("LOAD_REFUSED", "the load generator failed; its words are above")
        return msgspec.json.decode(output, type=LoadResult)


def main(arguments: list[str]) -> int:
    plan = msgspec.msgpack.decode(Path(arguments[0]).read_bytes(), type=Plan)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.write(msgspec.json.encode(runner.run(_run(plan))).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
