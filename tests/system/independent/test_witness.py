"""Both sides of tlog-witness with others: our log asks Torchwood's litewitness, a log in Go asks our witness."""

import base64
import contextlib
import re
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from central_server.witness_client import NewHead, WitnessClient, WitnessError
from central_server.witnesses import Witnesses
from ledger.merkle import EMPTY_ROOT
from ledger.note import parse_note
from ledger.policy import Policy, PolicyLog, PolicyWitness, verify_checkpoint_with_policy
from ledger.signing import Ed25519Signer
from ledger.vkey import KeyType, NoteKey, encode_vkey
from tests.system.independent.conftest import Run
from tests.system.urn_agent_process import wait_until
from tests.system.witness_process import make_keys, running_witness
from tests.unit.ledger.observer.witness_factory import LOG, MLDSA44, ORIGIN, head, proof

pytestmark = [pytest.mark.independent, pytest.mark.slow]
NAME = "lite.example/w"


@dataclass(frozen=True, slots=True)
class Lite:
    url: str
    key: NoteKey
    database: Path


@pytest.fixture
def lite(litewitness: Path, tmp_path: Path) -> Iterator[Lite]:
    """A running litewitness that knows our log, with its key in an ssh-agent as it wants it."""
    key, agent, database = tmp_path / "key", tmp_path / "agent", tmp_path / "lite.db"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    shown = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], check=True, capture_output=True, text=True).stdout
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [litewitness, "-name", NAME, "-db", database, "-ssh-agent", agent]
    command += ["-key", shown.split()[1], "-listen", f"127.0.0.1:{port}"]
    with _running(["ssh-agent", "-D", "-a", agent], tmp_path / "agent.log"):
        wait_until(agent.exists, "the agent listens")
        add = ["ssh-add", "-q", str(key)]
        subprocess.run(add, check=True, capture_output=True, env={"SSH_AUTH_SOCK": str(agent), "PATH": "/usr/bin:/bin"})
        with _running(command, tmp_path / "lite.log"):
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: _answers(url), "litewitness answers")
            public = base64.b64decode(Path(f"{key}.pub").read_text().split()[1])[-32:]
            witness = Lite(url, NoteKey(NAME, KeyType.COSIGNATURE_ED25519, public), database)
            assert encode_vkey(witness.key) in (tmp_path / "lite.log").read_text()
            yield witness


@contextlib.contextmanager
def _running(command: list[str | Path], log: Path) -> Iterator[None]:
    with log.open("wb") as words, subprocess.Popen(command, stdout=words, stderr=words) as process:
        try:
            yield
        finally:
            process.kill()


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, trust_env=False).status_code == 200
    return False


def introduce(lite: Lite) -> None:
    """As ``witnessctl add-log`` and ``add-key`` do, which cannot be built everywhere."""
    with contextlib.closing(sqlite3.connect(lite.database)) as database, database:
        database.execute("INSERT INTO log VALUES (?, 0, ?)", (ORIGIN, EMPTY_ROOT.base64()))
        database.execute("INSERT INTO key VALUES (?, ?)", (ORIGIN, encode_vkey(LOG.key)))


def new_head(size: int, fork_at: int | None = None) -> NewHead:
    data = head(size, fork_at)
    return NewHead(parse_note(data), data, size, lambda old: proof(old, size, fork_at))


def test_litewitness_cosigns_our_log(lite: Lite) -> None:
    """As it grows, after a wrong guess, and never another history."""
    with httpx.Client(trust_env=False) as http:
        asking = WitnessClient(http, lite.url, [lite.key], 0)
        with pytest.raises(WitnessError) as caught:
            asking.cosign(new_head(1))
        assert caught.value.code == "WITNESS_UNKNOWN_LOG"
        introduce(lite)
        for size in (1, 2, 7, 8, 8, 200, 256, 257, 290):
            assert [line.name for line in asking.cosign(new_head(size))] == [NAME]
        guessing = WitnessClient(http, lite.url, [lite.key], 100)
        assert guessing.cosign(new_head(295))
        for size in (295, 300):
            with pytest.raises(WitnessError) as caught:
                guessing.cosign(new_head(size, fork_at=3))
            assert caught.value.code == "WITNESS_SEES_FORK"
        with pytest.raises(WitnessError) as caught:
            asking.cosign(new_head(291))
        assert caught.value.code == "WITNESS_AHEAD"


def test_litewitness_makes_the_quorum_of_a_policy(lite: Lite) -> None:
    """Beside a line by ML-DSA-44, which it does not know and passes over."""
    introduce(lite)
    policy = Policy((PolicyLog(LOG.key),), (PolicyWitness(b"lite", lite.key, lite.url.encode()),), (), b"lite")
    told: list[str] = []
    with (
        httpx.Client(trust_env=False) as http,
        Witnesses(
            policy,
            [(lite.url, WitnessClient(http, lite.url, [lite.key], 0))],
            [MLDSA44],
            iter(range(10**6)).__next__,
            lambda _, error: told.append(error.message),
        ) as witnesses,
    ):
        data = witnesses.cosign(head(300), lambda old: proof(old, 300))
    assert verify_checkpoint_with_policy(data, policy).size == 300 and told == []


def signing_key(name: str, seed: bytes) -> str:
    """As ``golang.org/x/mod/sumdb/note`` writes private keys."""
    key = NoteKey(name, KeyType.ED25519, bytes(Ed25519Signer(seed).public_key))
    return f"PRIVATE+KEY+{name}+{key.key_id.hex()}+{base64.b64encode(bytes([1]) + seed).decode()}"


def test_a_log_in_go_is_cosigned_by_our_witness(go_log: Run, tmp_path: Path) -> None:
    make_keys(tmp_path / "w")
    with running_witness(tmp_path / "w", LOG.key) as witness:
        keys = [encode_vkey(key) for key in witness.keys]
        log, stranger = signing_key(ORIGIN, bytes(32)), signing_key(ORIGIN, b"\x05" * 32)
        assert go_log(witness.url, log, stranger, *keys) == (0, "ok\n")
    assert len([*(tmp_path / "w" / "evidence").iterdir()]) == 1
    assert re.search(r"^422 FORK$", (tmp_path / "w" / "words").read_text(), re.MULTILINE)
