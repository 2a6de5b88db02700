"""``observer follow``, ``compare`` and ``evidence`` as processes: statuses, what is told to whom, and kill -9."""

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ledger.observer.published_entries import CHECKPOINT
from ledger.policy import encode_policy
from ledger.proof import TlogProof, encode_tlog_proof
from ledger.results import LATEST
from ledger.store.durable import place_file
from ledger.vkey import encode_vkey
from tests.system.conftest import tool
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally
from tests.unit.ledger.observer.publication_factory import Author, whole_author
from tests.unit.ledger.observer.witness_factory import MLDSA44


def grow(author: Author, folder: Path, seq: int, votes: int = 4) -> None:
    author.say(tally(author.night, seq=seq, votes=votes), DEVICE_KEYS[0])
    author.snapshot()
    publish(author.publish(), folder)


def publish(files: Mapping[str, bytes], folder: Path) -> None:
    """Each file whole or not at all, in the order in which a server does it."""

    def turn(name: str) -> int:
        return 3 if name == LATEST else 2 if name.endswith(".csv") else 1 if name == CHECKPOINT else 0

    for name in sorted(files, key=turn):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != files[name]:
            place_file(path, files[name])


class Site:
    """A publication in a folder, its policy, and a monitor's state."""

    def __init__(self, root: Path) -> None:
        self.author, self.folder, self.state = whole_author(), root / "publication", root / "state"
        self.policy = root / "policy"
        self.policy.write_bytes(encode_policy(self.author.policy()))
        publish(self.author.files, self.folder)

    def command(self, *more: str | Path, state: Path | None = None) -> list[str]:
        words = [tool("observer"), "follow", self.folder, "--policy", self.policy, "--state", state or self.state]
        return [*map(str, [*words, *more])]

    def once(self, *more: str | Path, state: Path | None = None) -> tuple[int, dict[str, object], str]:
        ended = run(self.command("--once", "--json", *more, state=state))
        return ended.returncode, json.loads(ended.stdout), ended.stderr


def run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def fork_of(site: Site, seq: int) -> Author:
    """Serve another history in the place of the first, whose last tally differs."""
    other = whole_author()
    grow(other, site.folder, seq, votes=5)
    return other


def test_rounds_by_hand(site: Site) -> None:
    status, shown, _ = site.once()
    assert (status, shown["ok"], shown["size"]) == (0, True, site.author.size)
    grow(site.author, site.folder, 3)
    status, shown, _ = site.once()
    assert (status, shown["size"]) == (0, site.author.size)


def test_a_fork_is_told_proven_and_never_forgotten(site: Site, tmp_path: Path) -> None:
    grow(site.author, site.folder, 3)
    honest = dict(site.author.files)
    assert site.once()[0] == 0
    fork_of(site, 3)
    taker = tmp_path / "told"
    command = f"tee -a {taker}"
    status, shown, _ = site.once("--on-alarm", command)
    assert (status, shown["ok"]) == (1, False)
    told = json.loads(taker.read_text())
    assert (told["code"], told["lasting"]) == ("FORK", True)
    evidence = [tool("observer"), "evidence", told["evidence"], "--policy", str(site.policy)]
    assert run(evidence).returncode == 0
    answer = json.loads(run([*evidence, "--json"]).stdout)
    assert answer["proven"] is True and len(answer["heads"]) == 2
    publish(honest, site.folder)
    status, shown, _ = site.once("--on-alarm", command)
    assert status == 1 and taker.read_text().count('"code":"FORK"') == 1


def test_evidence_is_judged_by_the_policy_alone(site: Site, tmp_path: Path) -> None:
    site.once()
    nothing = tmp_path / "nothing"
    nothing.write_text("{}")
    for path, status in ((nothing, 1), (tmp_path / "missing", 2)):
        ended = run([tool("observer"), "evidence", str(path), "--policy", str(site.policy), "--json"])
        assert ended.returncode == status and json.loads(ended.stdout)["proven"] is (False if status == 1 else None)


def test_a_receipt_for_another_history_is_a_fork(site: Site, tmp_path: Path) -> None:
    other = whole_author()
    grow(other, tmp_path / "unseen", 3, votes=5)
    receipt = tmp_path / "3.tlog-proof"
    receipt.write_bytes(encode_tlog_proof(TlogProof(other.size - 1, (), other.checkpoint())))
    grow(site.author, site.folder, 3)
    ended = run(site.command("--once", "--json", "--receipt", receipt))
    [alarm] = json.loads(ended.stdout)["alarms"]
    assert (ended.returncode, alarm["code"]) == (1, "FORK")
    assert run([tool("observer"), "evidence", alarm["evidence"], "--policy", str(site.policy)]).returncode == 0
    assert site.once()[0] == 1
    compare = [tool("observer"), "compare", str(site.state), "--policy", str(site.policy), "--receipt", str(receipt)]
    assert run([*compare, "--evidence", str(tmp_path / "split")]).returncode == 1
    assert run([tool("observer"), "evidence", str(tmp_path / "split"), "--policy", str(site.policy)]).returncode == 0
    receipt.write_bytes(b"nothing")
    ended = run(site.command("--once", "--receipt", receipt))
    assert ended.returncode == 2 and "BAD_PROOF" in ended.stderr and str(receipt) in ended.stderr


def test_a_split_view_is_caught_by_comparing(site: Site, tmp_path: Path) -> None:
    grow(site.author, site.folder, 3)
    ours, theirs, evidence = tmp_path / "ours", tmp_path / "theirs", tmp_path / "split"
    assert site.once(state=ours)[0] == 0
    compare = [tool("observer"), "compare", str(ours), str(theirs), "--policy", str(site.policy)]
    compare += ["--evidence", str(evidence)]
    assert run(compare).returncode == 2
    site.once(state=theirs)
    assert run(compare).returncode == 0
    fork_of(site, 3)
    other = tmp_path / "other"
    assert site.once(state=other)[0] == 0
    compare[3] = str(other)
    assert run(compare).returncode == 1
    assert run([tool("observer"), "evidence", str(evidence), "--policy", str(site.policy)]).returncode == 0


def test_what_cannot_be_read_is_no_verdict(site: Site, tmp_path: Path) -> None:
    command = site.command("--once")
    command[2] = str(tmp_path / "nowhere")
    assert run(command).returncode == 2
    command[2] = "http://127.0.0.1:1/"
    assert run(command).returncode == 2
    assert run(site.command("--once", "--interval", "soon")).returncode == 2
    assert run(site.command("--once", "--on-alarm", "x", "--webhook", "y")).returncode == 2


class Hook(http.server.BaseHTTPRequestHandler):
    server: "HookServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.statuses.pop(0))
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.bodies.append(json.loads(body))

    def log_message(self, format: str, *words: object) -> None:
        """Quiet."""


class HookServer(http.server.HTTPServer):
    def __init__(self, statuses: list[int]) -> None:
        self.statuses, self.bodies = statuses, list[dict[str, object]]()
        super().__init__(("127.0.0.1", 0), Hook)


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer([500, 204]) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_alarm_that_a_webhook_did_not_take_is_offered_again(site: Site, hook: HookServer) -> None:
    (site.folder / "results" / "latest.json").unlink()
    address = f"http://127.0.0.1:{hook.server_port}/"
    status, _, words = site.once("--webhook", address)
    assert status == 1 and "NOT_TOLD" in words
    assert site.once("--webhook", address)[2] == ""
    assert [body["code"] for body in hook.bodies] == ["FILE_MISSING"] * 2
    assert site.once("--webhook", address)[0] == 1 and len(hook.bodies) == 2


def test_a_killed_monitor_goes_on(site: Site) -> None:
    """Killed between any two lines, over and over, while the log grows: the state is whole, and nothing is an alarm."""
    for seq in range(3, 9):
        grow(site.author, site.folder, seq)
        command = site.command("--interval", "0", "--json")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(seq % 3):
                process.stdout.readline()
            process.kill()
    status, shown, _ = site.once()
    assert (status, shown["size"]) == (0, site.author.size)


def test_it_follows_until_it_is_told_to_stop(site: Site) -> None:
    with subprocess.Popen(site.command("--interval", "0", "--json"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        sizes = [json.loads(process.stdout.readline())["size"]]
        grow(site.author, site.folder, 3)
        while sizes[-1] != site.author.size:
            sizes.append(json.loads(process.stdout.readline())["size"])
        process.terminate()
        process.stdout.read()
        assert process.wait(60) == 0


def test_the_policy_s_witness_keys_are_no_matter_for_evidence(site: Site) -> None:
    """A policy that asks for witnesses judges the same evidence: the log's own signatures are what counts."""
    grow(site.author, site.folder, 3)
    site.once()
    fork_of(site, 3)
    _, shown, _ = site.once()
    alarms = shown["alarms"]
    assert isinstance(alarms, list)
    site.policy.write_text(
        f"{site.policy.read_text().splitlines()[0]}\nwitness w {encode_vkey(MLDSA44.key)}\nquorum w\n"
    )
    evidence = [tool("observer"), "evidence", alarms[0]["evidence"], "--policy", str(site.policy)]
    assert run(evidence).returncode == 0
