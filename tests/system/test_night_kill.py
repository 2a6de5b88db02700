"""Kills in the middle of a night: the server's process and an agent's, while the others go on."""

import json
import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulator.devices import Device
from simulator.night import NightOptions, await_publication, prepare
from simulator.night_election import build_night
from simulator.playing import play_as_processes, play_in_memory_link
from simulator.server_process import NightError, await_ready, end_server, start_server, stop_server
from tests.system.conftest import Verify
from tests.system.expected_night import expected_votes
from tests.system.real_desk import free_port
from tests.system.recount import recount


def kill_agents_of(device: Device, stop: threading.Event) -> int:
    """Kill the device's agent each time that its outbox is seen, twice; how often it was."""
    killed: set[int] = set()
    while not stop.is_set() and len(killed) < 2:
        listing = subprocess.run(
            ["pgrep", "-f", f"urn-agent run --data {device.folder.root} "], capture_output=True, text=True, check=False
        )
        for line in listing.stdout.split():
            if device.folder.outbox.exists() and int(line) not in killed:
                os.kill(int(line), signal.SIGKILL)
                killed.add(int(line))
        stop.wait(0.02)
    return len(killed)


def play_until_it_is_done(device: Device, bundles: Path, url: str) -> None:
    """As a technician does: an agent that died is started again."""
    for _ in range(5):
        try:
            return play_as_processes(device, bundles, url)
        except NightError as error:
            assert error.code == "NOT_DELIVERED", error
    raise AssertionError("the device did not finish in five starts")


def test_kills_lose_nothing_and_count_nothing_twice(tmp_path: Path, verify: Verify) -> None:
    """After SIGKILL of the server three times and of an agent twice the totals are the urns'."""
    directory, scenario = tmp_path / "night", build_night(40, 1, 1_800_000_000)
    devices = prepare(scenario, NightOptions(directory, "memory", 1, 0))
    log, bundles, port = directory / "server.log", directory / "bundles", free_port(20_000 + os.getpid() % 5_000)
    server = start_server(directory, log, port)
    stop = threading.Event()
    try:
        url = await_ready(server, log).url
        with ThreadPoolExecutor(8) as pool:
            killing = pool.submit(kill_agents_of, devices[0], stop)
            played = [pool.submit(play_until_it_is_done, devices[0], bundles, url)]
            for place, device in enumerate(devices[1:]):
                played.append(pool.submit(play_in_memory_link, device, bundles, url))
                if place in (4, 9, 14):
                    played[-3].result()
                    server.kill()
                    end_server(server)
                    server = start_server(directory, log, port)
                    assert await_ready(server, log).url == url
            for future in played:
                future.result()
            stop.set()
            assert killing.result() == 2
        parts = 1 + len(scenario.contests) + len(scenario.units) + len(scenario.devices)
        await_publication(directory / "publication", parts + sum(device.records for device in devices))
        stop_server(server, log)
    finally:
        stop.set()
        end_server(server)

    again = recount(directory / "publication")
    device_records = sum(again.kinds[kind] for kind in ("opening/1", "turnout/1", "event/1", "tally/1"))
    assert device_records == sum(device.records for device in devices)
    latest = json.loads((directory / "publication" / "results" / "latest.json").read_bytes())
    votes = {
        (contest["number"], row["id"]): row["votes"] for contest in latest["contests"] for row in contest["selections"]
    }
    assert votes == expected_votes(scenario)
    status, verdict = verify(directory / "publication", directory / "policy")
    assert (status, verdict["failures"], verdict["gaps"], verdict["repeats"]) == (0, [], 0, 0)
