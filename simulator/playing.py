"""Three ways to join an urn and its agent, each with the agent's own parts.

``play_in_memory_link`` sends the frames through the link's code without a device file, ``play_on_pty`` through a
pseudo-terminal, ``play_as_processes`` has ``urn-agent`` and ``simulator urn`` as processes at its ends. Each leaves
an outbox behind in which every record has its receipt.
"""

import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.proof import verify_tlog_proof
from simulator.devices import Device
from simulator.serial_line import SerialLine
from simulator.server_process import NightError, command, last_words
from simulator.urn import SimulatedUrn, play_in_memory, run_urn
from urn_agent.agent import Agent, Bell, CourierThread, Ending
from urn_agent.bundle import Bundle, import_bundle, load_bundle
from urn_agent.config import AgentFolder, BundleFolder
from urn_agent.courier import Courier
from urn_agent.device_report import UrnReport, encode_report
from urn_agent.keys import DeviceKey, load_key
from urn_agent.outbox import Outbox
from urn_agent.serial_port import DEFAULT_BAUD
from urn_agent.session import AgentSession, Notice
from urn_agent.uplink import Uplink, UplinkSettings

DELIVERY_SECONDS = 300
"""How long a device tries to bring its records through, restarts of the server included."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """A device ready to work: key, bundle, outbox and courier, all in the thread that opened them."""

    key: DeviceKey
    bundle: Bundle
    outbox: Outbox
    courier: Courier

    def session(self, notify: Callable[[Notice], None]) -> AgentSession:
        return AgentSession(self.bundle.assignment, self.key, self.outbox, clock_ms=unix_ms, notify=notify)


@contextmanager
def _desk(device: Device, bundles: Path, server: str) -> Iterator[_Desk]:
    folder, key = device.folder, load_key(device.folder.key)
    if not folder.bundle.note.exists():
        import_bundle(BundleFolder(bundles / device.layout.id), folder.bundle, device.layout.id, key.public_key)
    bundle = load_bundle(folder.bundle, device.layout.id, key.public_key)
    with ExitStack() as stack:
        outbox, courier = _open_courier(stack, folder, key, bundle, server)
        yield _Desk(key, bundle, outbox, courier)


def _open_courier(
    stack: ExitStack, folder: AgentFolder, key: DeviceKey, bundle: Bundle, server: str
) -> tuple[Outbox, Courier]:
    outbox = Outbox.open(folder.outbox, key.public_key.key_id, bundle.election_id)
    stack.callback(outbox.close)
    settings = UplinkSettings(server, folder.bundle.authority, folder.bundle.certificate, folder.key)
    uplink = stack.enter_context(Uplink(settings))

    def prove(proof: bytes, entry: bytes) -> int:
        return verify_tlog_proof(proof, entry, bundle.policy).leaf_index

    return outbox, Courier(outbox, uplink, prove, random.random)


def play_in_memory_link(device: Device, bundles: Path, server: str) -> None:
    """All urns of the device say their reports, and the records are brought to the server. Raises NightError."""
    notices: list[Notice] = []
    with _desk(device, bundles, server) as desk:
        for reports in device.sittings:
            _play_urn_in_memory(desk, reports, notices.append)
        _deliver(device, desk)


def _play_urn_in_memory(desk: _Desk, reports: Sequence[UrnReport], notify: Callable[[Notice], None]) -> None:
    urn = SimulatedUrn(reports, lambda: random.getrandbits(32))
    play_in_memory(urn, desk.session(notify).feed)
    if not urn.is_settled:
        raise NightError("URN_NOT_SETTLED", f"urn {reports[0].urn}: {urn.refused or 'turned away'}")


def _deliver(device: Device, desk: _Desk) -> None:
    give_up_ms, pause = steady_ms() + 1_000 * DELIVERY_SECONDS, threading.Event()
    while desk.outbox.progress().pending:
        step = desk.courier.step(steady_ms())
        if steady_ms() > give_up_ms or (step.trouble is not None and step.trouble.needs_people):
            raise NightError("NOT_DELIVERED", f"device {device.layout.id}: {step.trouble}")
        pause.wait(max(0, step.due_ms - steady_ms()) / 1_000 if desk.outbox.progress().pending else 0)
    if desk.outbox.progress().refused:
        raise NightError("RECORD_REFUSED", f"device {device.layout.id}: {desk.outbox.rows()}")


def play_on_pty(device: Device, bundles: Path, server: str) -> None:
    """The same over a pseudo-terminal for each urn, with the agent's own loop in this thread. Raises NightError."""
    with _desk(device, bundles, server) as desk:
        for reports in device.sittings:
            if _has_final(reports):
                _play_urn_on_pty(device, desk, reports, server)
            else:
                # An agent at a port waits for the final report, and this urn breaks down before.
                _play_urn_in_memory(desk, reports, lambda _: None)
                _deliver(device, desk)


def _has_final(reports: Sequence[UrnReport]) -> bool:
    return any(report.kind == "final" for report in reports)


def _play_urn_on_pty(device: Device, desk: _Desk, reports: Sequence[UrnReport], server: str) -> None:
    notices: list[Notice] = []
    with SerialLine() as line, ExitStack() as stack:
        urn, bell = SimulatedUrn(reports, lambda: random.getrandbits(32)), Bell()
        stack.callback(bell.close)
        courier = CourierThread(
            lambda inner: _open_courier(inner, device.folder, desk.key, desk.bundle, server)[1],
            steady_ms,
            unix_ms,
            notices.append,
            bell,
        )
        session = desk.session(lambda notice: _wake(courier, notice))
        port = Path(line.agent_path)
        agent = Agent(port, DEFAULT_BAUD, session, desk.outbox, courier, bell, steady_ms, notices.append, True)
        speaking = threading.Thread(target=_speak, args=(urn, Path(line.urn_path)), daemon=True)
        courier.start()
        speaking.start()
        ending = agent.run()
        courier.stop()
        courier.join()
        speaking.join(DELIVERY_SECONDS)
    if ending is not Ending.DONE or not urn.is_settled or desk.outbox.progress().refused:
        raise NightError("NOT_DELIVERED", f"device {device.layout.id}: {ending.value}; {notices[-3:]}")


def _wake(courier: CourierThread, notice: Notice) -> None:
    if notice.code == "REPORT_STORED":
        courier.wake()


def _speak(urn: SimulatedUrn, port: Path) -> None:
    run_urn(port, urn, clock_ms=steady_ms, complain=lambda _: None, is_stopping=lambda: False)


def play_as_processes(device: Device, bundles: Path, server: str) -> None:
    """``urn-agent run --once`` and ``simulator urn`` at the ends of a line, for each urn. Raises NightError."""
    for reports in device.sittings:
        if not _has_final(reports):
            play_in_memory_link(replace(device, sittings=(reports,)), bundles, server)
            continue
        name = f"{reports[0].urn}-{reports[0].session}"
        paths = [device.folder.root / f"{name}-{place}-{report.kind}.report" for place, report in enumerate(reports)]
        for path, report in zip(paths, reports, strict=True):
            path.write_bytes(encode_report(report))
        log = device.folder.root / f"{name}.log"
        with SerialLine() as line:
            agent = [
                command("urn-agent"),
                "run",
                "--data",
                str(device.folder.root),
                "--port",
                line.agent_path,
                "--once",
            ]
            agent += ["--bundle", str(bundles / device.layout.id), "--server", server]
            urn = [command("simulator"), "urn", "--port", line.urn_path, *map(str, paths)]
            statuses = _run_both(agent, urn, log)
        if any(statuses):
            raise NightError("NOT_DELIVERED", f"urn {name}: ended with {statuses}\n{last_words(log)}")


def _run_both(agent: list[str], urn: list[str], log: Path) -> list[int]:
    with log.open("ab") as words:
        processes = [subprocess.Popen(arguments, stdout=words, stderr=words) for arguments in (agent, urn)]
        try:
            if status := processes[0].wait(DELIVERY_SECONDS):
                # Without an agent the urn would call for ever.
                return [status]
            return [0, processes[1].wait(DELIVERY_SECONDS)]
        except subprocess.TimeoutExpired as error:
            raise NightError("NOT_DELIVERED", f"no end in {DELIVERY_SECONDS} s\n{last_words(log)}") from error
        finally:
            for process in processes:
                if process.poll() is None:
                    process.kill()
                process.wait()


def unix_ms() -> int:
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000
