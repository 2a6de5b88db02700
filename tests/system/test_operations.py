"""A server in the hands of its operator: asked how it is, watched, set up, and stopped."""

import json
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from central_server.directory import ElectionDirectory
from central_server.metrics import METRICS
from tests.system.operated_server import ask_ops, election_id_of, read_metrics, read_status, send_tally, well
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import (
    ServerProcess,
    open_device,
    post_records,
    read_latest,
    run_command,
    trust,
)


@pytest.fixture
def directory(tmp_path: Path) -> ElectionDirectory:
    directory = init_small(tmp_path)
    roster_small(directory)
    return directory


@pytest.fixture
def server(directory: ElectionDirectory) -> Iterator[ServerProcess]:
    with ServerProcess(directory, "--log-format", "json") as server:
        yield server


def test_health_status_and_metrics_say_the_same(directory: ElectionDirectory, server: ServerProcess) -> None:
    index = send_tally(directory, server)
    with httpx.Client(verify=trust(directory), base_url=server.url, trust_env=False) as client:
        assert client.get("/healthz/live").json() == {"live": True}
        assert client.get("/healthz/ready").json() == {"ready": True, "reasons": []}
        assert "free_bytes" not in client.get("/healthz").json()["disk"]
        client.post("/v1/records", content=b"")
    wait_until(lambda: well(server), "publication and anchor have followed")
    health = ask_ops(server, "/healthz").json()
    assert (health["status"], health["ready"]) == ("ok", True)
    assert health["log"]["size"] == health["publication"]["size"] == health["anchoring"]["size"] > index
    assert health["disk"]["free_bytes"] > 0
    assert [ask_ops(server, path).status_code for path in ("/healthz/live", "/healthz/ready", "/")] == [200, 200, 404]
    status, told = read_status(directory)
    assert (status, told["state"], told["problems"]) == (0, "running", {})
    assert told["sizes"] == dict.fromkeys(("log", "published", "anchored"), health["log"]["size"])
    metrics = read_metrics(server)
    assert metrics["tunuk_records_accepted_total"] == metrics["tunuk_devices_seen"] == 1
    assert metrics['tunuk_requests_refused_total{code="NO_CERTIFICATE"}'] == 1
    assert metrics["tunuk_log_entries"] == metrics["tunuk_published_entries"] == health["log"]["size"]
    assert metrics["tunuk_request_seconds_count"] == metrics["tunuk_append_entries_count"] == 1
    assert metrics["tunuk_publication_lag_seconds"] == metrics["tunuk_anchor_lag_entries"] == 0
    assert metrics["tunuk_ready"] == 1 and metrics['tunuk_problem{part="ingest"}'] == 0
    for row in METRICS:
        assert row.label == "code" or any(name.startswith(row.name) for name in metrics), row.name
    assert metrics["process_open_fds"] > 0


def test_a_refused_record_and_a_held_one_are_counted(directory: ElectionDirectory, server: ServerProcess) -> None:
    send_tally(directory, server)
    send_tally(directory, server, votes=6, seq=2)
    with open_device(directory, server.url, 0) as client:
        assert post_records(client, [b"garbage"])[0][1] == "NOT_CANONICAL"

    def counted() -> bool:
        metrics = read_metrics(server)
        held = sum(value for name, value in metrics.items() if name.startswith("tunuk_held_records"))
        return held == metrics.get('tunuk_records_refused_total{code="NOT_CANONICAL"}') == 1

    wait_until(counted, "the held record is in a snapshot")


@pytest.mark.parametrize(
    ("language", "running", "stopped"),
    [
        ("ky", "Сервер иштеп жатат.", "Сервер токтоп турат."),
        ("ru", "Сервер работает.", "Сервер остановлен."),
        ("en", "The server is running.", "The server is stopped."),
    ],
)
def test_status_speaks(
    directory: ElectionDirectory, server: ServerProcess, language: str, running: str, stopped: str
) -> None:
    for words in (running, stopped):
        status, said, errors = run_command("status", "--dir", str(directory.root), "--lang", language)
        assert (status, said.splitlines()[0]) == (0, words), errors
        assert server.process.poll() is not None or server.stop() == 0


def test_a_silent_server_is_told_from_a_stopped_one(directory: ElectionDirectory, server: ServerProcess) -> None:
    send_tally(directory, server)
    server.process.send_signal(signal.SIGSTOP)
    try:
        status, told = read_status(directory)
        assert (status, told["state"], told["problems"]) == (1, "silent", {"server": "NOT_ANSWERING"})
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert server.stop() == 0 and not directory.running.exists()
    status, told = read_status(directory)
    assert (status, told["state"], told["problems"]) == (0, "stopped", {})
    assert len(set(told["sizes"].values())) == 1
    with ServerProcess(directory) as killed:
        killed.kill()
    assert directory.running.exists() and read_status(directory)[1]["state"] == "stopped"


def test_a_stopped_server_with_an_old_log_is_not_well(directory: ElectionDirectory, tmp_path: Path) -> None:
    """Nor one whose guard, key or chain is gone; where there is no election, nothing can be told."""
    shutil.copy(directory.log, tmp_path / "old.sqlite")
    with ServerProcess(directory) as server:
        send_tally(directory, server)
        assert server.stop() == 0
    shutil.copy(tmp_path / "old.sqlite", directory.log)
    status, told = read_status(directory)
    assert (status, told["problems"]) == (1, {"log": "LOG_BEHIND_GUARD", "publication": "PUBLICATION_NOT_OF_LOG"})
    directory.guard.unlink()
    directory.key("publisher").unlink()
    shutil.rmtree(directory.chain)
    problems = read_status(directory)[1]["problems"]
    assert (problems["guard"], problems["publisher-key"], problems["chain"]) == (
        "GUARD_MISSING", "KEY_MISSING", "CHAIN_MISSING"
    )  # fmt: skip
    status, _, errors = run_command("status", "--dir", str(tmp_path / "nothing"))
    assert (status, errors.split(":")[0]) == (2, "NOT_INITIALISED")


def test_too_little_disk_and_a_dead_guard_make_it_unready(directory: ElectionDirectory) -> None:
    """And no worse: records are taken while they can be."""
    with ServerProcess(directory, "--min-free-mib", str(2**40)) as server:
        send_tally(directory, server)
        ready = ask_ops(server, "/healthz/ready")
        assert (ready.status_code, ready.json()) == (503, {"ready": False, "reasons": ["DISK_LOW"]})
        assert ask_ops(server, "/healthz").json()["status"] == "degraded"
        directory.guard.rename(directory.guard.with_name("away"))
        wait_until(
            lambda: "GUARD_MISSING" in ask_ops(server, "/healthz/ready").json()["reasons"], "the guard is missed"
        )
        assert ask_ops(server, "/healthz").status_code == 503


def test_lines_are_json_and_say_nothing_secret(directory: ElectionDirectory) -> None:
    """Also the line that says why a server does not start."""
    shutil.rmtree(directory.chain)
    with ServerProcess(directory, "--log-format", "json") as server:
        status, _, errors = run_command("run", "--dir", str(directory.root), "--log-format", "json")
        assert (status, json.loads(errors)["event"]) == (1, "DIRECTORY_BUSY")
        assert server.stop() == 0
        lines = [json.loads(line) for line in server.errors.read_text().splitlines()]
    assert all({"time", "level", "event", "source", "message"} <= line.keys() for line in lines)
    assert ("anchoring", "CHAIN_MISSING", "error") in {(line["source"], line["event"], line["level"]) for line in lines}


@pytest.mark.parametrize(
    ("environment", "file", "code"),
    [
        ({"TUNUK_PROT": "1"}, "", "UNKNOWN_SETTING"),
        ({"TUNUK_PORT": "http"}, "", "BAD_SETTING"),
        ({}, "prot = 1\n", "UNKNOWN_SETTING"),
        ({}, 'port = "x"\n', "BAD_SETTING"),
        ({}, "port 1\n", "BAD_SETTINGS_FILE"),
    ],
)
def test_wrong_settings_keep_it_from_starting(
    directory: ElectionDirectory, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], file: str, code: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    directory.run_settings.write_text(file)
    status, said, errors = run_command("run", "--dir", str(directory.root))
    assert (status, said, errors.split(":")[0]) == (1, "", code)


def test_file_environment_and_command_line_come_in_this_order(
    directory: ElectionDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.run_settings.write_text('ops_host = "127.0.0.2"\nhost = "127.0.0.2"\nlog_format = "json"\n')
    monkeypatch.setenv("TUNUK_HOST", "127.0.0.3")
    with ServerProcess(directory, "--host", "127.0.0.4") as server:
        assert "//127.0.0.4:" in server.url and "//127.0.0.2:" in server.addresses["ops"]


def test_under_load_a_stop_answers_what_was_begun(directory: ElectionDirectory, server: ServerProcess) -> None:
    """Devices that send without a pause get whole answers until the end, and every receipt is published."""
    receipts: list[int] = []
    flowing = threading.Semaphore(0)

    def send(place: int) -> None:
        with open_device(directory, server.url, place) as client:
            for seq in range(1, 100_000):
                try:
                    [[word, index, _]] = post_records(client, [small_tally(told, place, seq=seq)])
                except httpx.HTTPStatusError as error:
                    assert error.response.json()["code"] in ("STOPPING", "TOO_MANY_REPEATS")
                    flowing.release()
                    continue
                except httpx.TransportError:
                    return
                assert word == "receipt"
                receipts.append(index)
                flowing.release()

    told = election_id_of(directory)
    senders = [threading.Thread(target=send, args=(place,)) for place in (0, 1)]
    for sender in senders:
        sender.start()
    for _ in range(20):
        assert flowing.acquire(timeout=60)
    assert server.stop() == 0
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive()
    published = int((directory.publication / "checkpoint").read_text().splitlines()[1])
    assert published > max(receipts)
    assert read_latest(directory)["tree_size"] > max(receipts)
    assert "FAULT" not in server.errors.read_text()


def test_told_twice_it_ends_all_the_same(directory: ElectionDirectory, server: ServerProcess) -> None:
    """Whatever it was doing then, it is done after the next start."""
    send_tally(directory, server)
    server.process.terminate()
    wait_until(lambda: "told to stop" in server.errors.read_text(), "it has begun to stop")
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(60) == 0
    assert "Traceback" not in server.errors.read_text()
    with ServerProcess(directory) as again:
        assert again.stop() == 0
    assert read_status(directory)[0] == 0
