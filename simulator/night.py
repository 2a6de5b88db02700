"""A whole election from urns to audit, in one new directory: prepares, plays, waits for the publication, audits.

The server is a process throughout, and everything that is judged is judged by ``observer verify``, a process too, from
the publication and the chain. The directory holds afterwards ``publication/``, ``policy``, ``server/``, ``chain/``,
``election-key/``, ``bundles/``, ``devices/`` and ``account.json``.
"""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from simulator.audit_process import AuditResult, audit, serving_chain
from simulator.devices import Device, enrol, make_devices
from simulator.measures import Usage, usage_of
from simulator.playing import play_as_processes, play_in_memory_link, play_on_pty
from simulator.scenario import Scenario
from simulator.server_process import NightError, RunningServer, command, run_command, running_server

LinkKind = Literal["pty", "memory"]
LINES_AT_ONCE = 64
SETTLE_SECONDS = 300
"""How long the publication may take to hold every cell, and the chain to hold its checkpoint."""

_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class NightOptions:
    """``agent_processes``: so many devices run as real ``urn-agent`` processes."""

    directory: Path
    link: LinkKind
    seed: int
    agent_processes: int


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the night. ``server`` is None where the system does not say what a process used."""

    devices: int
    urns: int
    tallies: int
    play_seconds: float
    total_seconds: float
    server: Usage | None
    audit: AuditResult


def prepare(scenario: Scenario, options: NightOptions) -> list[Device]:
    """Initialise, enrol every device, and make the roster. Raises NightError for a directory that is in use."""
    directory = options.directory
    if directory.exists() and any(directory.iterdir()):
        raise NightError("DIRECTORY_IN_USE", f"{directory} is not empty: name a new directory with --out")
    for name in ("devices", "enrolments"):
        (directory / name).mkdir(parents=True)
    definition, log = directory / "definition.json", directory / "commands.log"
    definition.write_text(json.dumps(scenario.definition(), ensure_ascii=False, indent=1), encoding="utf-8")
    server, place = command("central-server"), str(directory)
    pace = ["--snapshot-seconds", "1", "--anchor-seconds", "1"]
    run_command([server, "init", "--dir", place, "--definition", str(definition), *pace], log)
    devices = make_devices(scenario, directory / "devices", options.seed)
    for device in devices:
        enrolment = enrol(device, os.urandom(32))
        (directory / "enrolments" / f"{device.layout.id}.json").write_bytes(enrolment)
    run_command([server, "roster", "--dir", place, "--enrolments", str(directory / "enrolments")], log)
    return devices


def play(devices: list[Device], options: NightOptions, server: RunningServer, tell: Callable[[str], None]) -> None:
    """Let every device do its work, many at once. Raises the first NightError."""
    bundles, in_link = options.directory / "bundles", _PLAY[options.link]
    done = 0
    with ThreadPoolExecutor(LINES_AT_ONCE, "device") as pool:
        futures: list[Future[None]] = []
        for place, device in enumerate(devices):
            way = play_as_processes if place < options.agent_processes else in_link
            futures.append(pool.submit(way, device, bundles, server.url))
        try:
            for future in as_completed(futures):
                future.result()
                done += 1
                if done % max(1, len(devices) // 10) == 0 or done == len(devices):
                    tell(f"  {done} of {len(devices)} devices have their receipts")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_PLAY = {"memory": play_in_memory_link, "pty": play_on_pty}


def await_publication(publication: Path, entries: int) -> None:
    """Wait until a snapshot covers ``entries`` (snapshots not counted) and is anchored.

    Raises NightError(``NOT_PUBLISHED``).
    """
    until, pause, seen = time.monotonic() + SETTLE_SECONDS, threading.Event(), ""
    while time.monotonic() < until:
        latest = _read(publication / "results" / "latest.json")
        anchored = _read(publication / "anchors" / "index.json")
        sizes = anchored.get("sizes", [])
        # The first snapshot's size has no snapshot in it, the second's has one, and so on.
        covered = latest.get("tree_size", 0) - latest.get("number", 1) + 1
        if covered >= entries and sizes and max(sizes) > latest["tree_size"]:
            return
        seen = f"snapshot {latest.get('number')} covers {covered} of {entries} entries, anchored sizes {sizes[-1:]}"
        pause.wait(_PAUSE_SECONDS)
    raise NightError("NOT_PUBLISHED", f"the publication is not complete after {SETTLE_SECONDS} s: {seen}")


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes())) if path.exists() else {}


def run_night(scenario: Scenario, options: NightOptions, tell: Callable[[str], None]) -> Account:
    """Play the scenario from urns to audit. Raises NightError where it cannot come to its end."""
    begun, directory = time.monotonic(), options.directory
    tell(f"preparing {len(scenario.devices)} devices, {len(scenario.contests)} contests in {directory}")
    devices = prepare(scenario, options)
    if shutil.disk_usage(directory).free < 64 * 1024 * 1024:
        raise NightError("DISK_NEARLY_FULL", f"less than 64 MiB are free at {directory}")
    log = directory / "server.log"
    with running_server(directory, log) as server:
        tell(f"the server listens at {server.url}; urns close, link {options.link}")
        play_begun = time.monotonic()
        play(devices, options, server, tell)
        play_seconds = time.monotonic() - play_begun
        tell("all receipts are in; waiting for the publication and its anchor")
        parts = 1 + len(scenario.contests) + len(scenario.units) + len(scenario.devices)
        await_publication(directory / "publication", parts + sum(device.records for device in devices))
        server_usage = usage_of(server.process_id)
    tell("auditing the publication and the chain")
    with serving_chain(directory, log) as rpc:
        result = audit(directory / "publication", directory / "policy", rpc)
    return Account(
        devices=len(devices),
        urns=sum(len(device.layout.urns) for device in devices),
        tallies=len(scenario.counts),
        play_seconds=play_seconds,
        total_seconds=time.monotonic() - begun,
        server=server_usage,
        audit=result,
    )
