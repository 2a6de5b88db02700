"""``urn-agent run`` as a process at the end of a serial line, with an urn in a thread at the other end."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.urn import SimulatedUrn, run_urn
from tests.unit.urn_agent.agent_factory import KEY, make_urn
from tests.unit.urn_agent.bundle_factory import write_bundle
from tests.unit.urn_agent.tls_server import FakeServer
from urn_agent.config import AgentFolder, begin_folder, make_settings
from urn_agent.device_report import UrnReport
from urn_agent.link_events import LinkTimers
from urn_agent.serial_port import SerialError

WAIT_S = 60
"""The end of every wait: reached only when something is broken."""

QUICK = LinkTimers(repeat_ms=300, repeat_limit_ms=1_000, pause_ms=300, ping_ms=1_000)
MODULE = [sys.executable, "-m", "urn_agent.cli"]


def clock_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look until it is so."""
    pause, end_ms = threading.Event(), clock_ms() + WAIT_S * 1_000
    while not condition():
        assert clock_ms() < end_ms, what
        pause.wait(0.01)


@dataclass
class AgentDesk:
    """A device's folder with its bundle, and the agents that are started on it."""

    folder: AgentFolder
    bundle: Path
    words: Path
    agents: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(
        self, port: str | Path, server: str, *more: str, program: Sequence[str] = MODULE
    ) -> subprocess.Popen[bytes]:
        arguments = ["run", "--data", str(self.folder.root), "--port", str(port), "--server", server, *more]
        with self.words.open("ab") as words:
            agent = subprocess.Popen([*program, *arguments, "--bundle", str(self.bundle)], stderr=words)
        self.agents.append(agent)
        return agent

    def said(self, code: str) -> int:
        """How often this code was told."""
        return self.words.read_text().count(f" {code} ") if self.words.exists() else 0

    def ask(self, command: str, *more: str) -> bytes:
        """What one of the short commands prints."""
        arguments = [*MODULE, command, "--data", str(self.folder.root), *more]
        return subprocess.run(arguments, capture_output=True, timeout=WAIT_S, check=True).stdout

    def status(self) -> dict[str, object]:
        """What ``urn-agent status --json`` says."""
        found: dict[str, object] = json.loads(self.ask("status", "--json"))
        return found

    def urns(self) -> list[dict[str, object]]:
        """What status tells of urns and their sessions."""
        found = self.status()["urns"]
        assert isinstance(found, list)
        return found

    def stop_all(self) -> None:
        for agent in self.agents:
            if agent.poll() is None:
                agent.kill()
            agent.wait()


@contextlib.contextmanager
def agent_desk(root: Path, server: FakeServer) -> Iterator[AgentDesk]:
    folder = AgentFolder(root / "device")
    begin_folder(folder, make_settings("d0", None, "en"), bytes([10]) * 32)
    desk = AgentDesk(folder, write_bundle(root / "usb", KEY.public_key, policy=server.log.policy), root / "agent.log")
    try:
        yield desk
    finally:
        desk.stop_all()


Moment = Callable[[SimulatedUrn], bool]


class UrnThread:
    """An urn at a port. ``cut`` ends it, as a power cut would; ``join`` waits for its goodbye.

    ``strike`` is called once, in the urn's thread and before it goes on, when ``moment`` has come.
    """

    def __init__(
        self,
        port: str | Path,
        *reports: UrnReport,
        seed: int = 0,
        moment: Moment = lambda urn: False,
        strike: Callable[["UrnThread"], None] = lambda thread: None,
    ) -> None:
        self.urn: SimulatedUrn = make_urn(*reports, seed=seed, timers=QUICK)
        self.has_struck = threading.Event()
        self._moment, self._strike = moment, strike
        self._cut = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(Path(port),), daemon=True)
        self._thread.start()

    def _run(self, port: Path) -> None:
        run_urn(port, self.urn, clock_ms=clock_ms, complain=self._complain, is_stopping=self._is_stopping)
        self._is_stopping()

    def _is_stopping(self) -> bool:
        if not self.has_struck.is_set() and self._moment(self.urn):
            self._strike(self)
            self.has_struck.set()
        return self._cut.is_set()

    def _complain(self, error: SerialError) -> None:
        """Tries again."""

    def cut(self) -> None:
        self._cut.set()

    def join(self) -> None:
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), "the urn has not come to an end"


def end(agent: subprocess.Popen[bytes]) -> int:
    """The exit status of an agent that ends by itself."""
    return agent.wait(WAIT_S)


def kill(agent: subprocess.Popen[bytes]) -> None:
    agent.send_signal(signal.SIGKILL)
    agent.wait()
