"""``observer witness`` as a process, and what a log says to it over one connection."""

import contextlib
import http.client
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.vkey import NoteKey, encode_vkey, parse_vkey
from tests.system.conftest import tool

NAME = "w.example/1"


@dataclass(frozen=True, slots=True)
class RunningWitness:
    process: "subprocess.Popen[str]"
    keys: tuple[NoteKey, ...]
    port: int

    @property
    def url(self) -> str:
        """The submission prefix, as a policy has it."""
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def post(self, body: bytes, connection: http.client.HTTPConnection | None = None) -> tuple[int, bytes]:
        with contextlib.nullcontext(connection) if connection else contextlib.closing(self.connect()) as used:
            used.request("POST", "/add-checkpoint", body)
            answer = used.getresponse()
            return answer.status, answer.read()


def make_keys(data: Path) -> tuple[NoteKey, ...]:
    command = [tool("observer"), "witness-key", "--data", str(data), "--name", NAME]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return tuple(parse_vkey(line) for line in made.stdout.splitlines())


@contextlib.contextmanager
def running_witness(data: Path, log: NoteKey) -> Iterator[RunningWitness]:
    """Over keys that are there. Killed at the end, unless it has ended."""
    command = [tool("observer"), "witness", "--data", str(data), "--log", encode_vkey(log), "--listen", "127.0.0.1:0"]
    with (
        (data / "words").open("a") as words,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            address = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/add-checkpoint\n", lines[2])
            assert address is not None, (data / "words").read_text()
            yield RunningWitness(process, tuple(parse_vkey(line.strip()) for line in lines[:2]), int(address[1]))
        finally:
            process.kill()
