"""``observer prove``, ``check`` and ``fsck`` on a demonstration night, as processes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.observer.qr_sequence import encode_qr_sequence
from simulator.audit_process import serving_chain
from tests.system.conftest import tool


@pytest.fixture(scope="module")
def chain(demo_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_chain(demo_night, tmp_path_factory.mktemp("proof") / "log") as address:
        yield address


def observer(*arguments: object) -> tuple[int, str, str]:
    ended = subprocess.run([tool("observer"), *map(str, arguments)], capture_output=True, check=False, timeout=120)
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


def test_one_file_proves_one_precinct(demo_night: Path, chain: str, tmp_path: Path) -> None:
    """Every precinct of a region, hosted and remote ones too; below 20 KB for one contest, chain and all."""
    publication, policy, proof = demo_night / "publication", demo_night / "policy", tmp_path / "1.proof"
    for name in ["1001", "1002", "9001"]:
        asked = "prove", publication, "--policy", policy, "--precinct", name, "--contest", 1, "--out", proof
        status, said, errors = observer(*asked, "--rpc", chain)
        if "NO_SUCH_CONTEST" in errors:
            status, said, errors = observer(*asked[:6], "--out", proof, "--rpc", chain)
        assert status == 0, errors
        assert json.loads(said)["bytes"] == proof.stat().st_size < 60_000
        status, said, errors = observer("check", proof, "--policy", policy, "--json")
        assert status == 0, errors
        document = json.loads(said)
        assert (document["ok"], document["precinct"]) == (True, name)
        assert document["anchor"]["size"] <= document["tree_size"] and document["anchor"]["validators"] == 0
    for language, words in (("ky", "ДАЛИЛ ТУУРА"), ("ru", "ДОКАЗАНО"), ("en", "PROVED")):
        assert observer("check", proof, "--policy", policy, "--lang", language)[1].startswith(words)


def test_a_proof_goes_by_paper(demo_night: Path, tmp_path: Path) -> None:
    publication, policy, proof = demo_night / "publication", demo_night / "policy", tmp_path / "1.proof"
    assert (
        observer("prove", publication, "--policy", policy, "--precinct", "1001", "--contest", 1, "--out", proof)[0] == 0
    )
    for language, words in (("ky", "ДАЛИЛ ТУУРА"), ("ru", "ДОКАЗАНО"), ("en", "PROVED")):
        page = tmp_path / f"{language}.html"
        status, said, errors = observer("print", proof, "--policy", policy, "--lang", language, "--out", page)
        assert status == 0, errors
        assert words in page.read_text() and page.read_text().count("<svg") == json.loads(said)["codes"] <= 18
    scanned = tmp_path / "scanned.txt"
    codes = encode_qr_sequence(proof.read_bytes())
    scanned.write_text("\n".join(codes[::-1]))
    assert observer("check", scanned, "--policy", policy) == observer("check", proof, "--policy", policy)
    scanned.write_text("\n".join(codes[1:]))
    status, _, errors = observer("check", scanned, "--policy", policy)
    assert (status, errors.partition(":")[0]) == (1, "QR_CODES_MISSING")
    status, _, errors = observer("print", scanned, "--policy", policy, "--out", tmp_path / "x")
    assert (status, errors.partition(":")[0], (tmp_path / "x").exists()) == (1, "QR_CODES_MISSING", False)
    status, _, errors = observer("print", proof, "--policy", policy, "--out", tmp_path / "no" / "x")
    assert (status, errors.partition(":")[0]) == (2, "STORAGE_MISSING")


def test_what_does_not_hold_is_told_from_what_cannot_be_said(demo_night: Path, tmp_path: Path) -> None:
    publication, policy, proof = demo_night / "publication", demo_night / "policy", tmp_path / "1.proof"
    asked = "prove", publication, "--policy", policy, "--precinct"
    assert observer(*asked, "1001", "--out", proof)[0] == 0
    data = bytearray(proof.read_bytes())
    assert len(data) < 20_000
    data[len(data) // 2] ^= 1
    (tmp_path / "bad").write_bytes(data)
    status, _, errors = observer("check", tmp_path / "bad", "--policy", policy)
    assert status == 1 and errors.partition(":")[0].isupper()
    status, said, _ = observer("check", tmp_path / "bad", "--policy", policy, "--json")
    assert (status, json.loads(said)["ok"]) == (1, False)
    assert observer("check", tmp_path / "none", "--policy", policy)[0] == 2
    status, _, errors = observer(*asked, "nowhere", "--out", tmp_path / "x")
    assert (status, errors.partition(":")[0]) == (2, "NO_SUCH_UNIT")
    assert not (tmp_path / "x").exists() and not list(tmp_path.glob(".new-*"))
    status, _, errors = observer(*asked, "1001", "--out", tmp_path / "no" / "x")
    assert (status, errors.partition(":")[0]) == (2, "STORAGE_MISSING")
    status, _, errors = observer(*asked, "1001", "--out", proof, "--rpc", "http://127.0.0.1:1")
    assert status == 2 and errors


def test_fsck_judges_the_tree_alone(demo_night: Path, tmp_path: Path) -> None:
    publication, policy = demo_night / "publication", demo_night / "policy"
    status, said, errors = observer("fsck", publication, "--policy", policy, "--json")
    assert (status, json.loads(said)["failures"]) == (0, []), errors
    spoiled = tmp_path / "publication"
    subprocess.run(["cp", "-r", publication, spoiled], check=True)
    tile = spoiled / "tile" / "0" / "000"
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(data)
    (spoiled / "results" / "latest.json").unlink()
    status, said, _ = observer("fsck", spoiled, "--policy", policy, "--json")
    assert (status, [one["path"] for one in json.loads(said)["failures"]]) == (1, ["tile/0/000"])
