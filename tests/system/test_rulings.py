"""Officials as they work: keys made apart, rulings prepared from the publication, signed by two, submitted, audited."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ledger.primitives import Hash
from ledger.record import parse_record, sign_record
from ledger.rulings import Decision
from ledger.signing import Ed25519Signer
from tests.system.commission_desk import Commission, found_commission
from tests.system.conftest import Verify
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import DEVICE_SEEDS, make_enrolment, small_tally, write_device_key
from tests.unit.central_server.server_process import (
    ServerProcess,
    open_device,
    post_records,
    read_latest,
    trust,
)
from tests.unit.ledger.election_factory import DEVICE_KEYS
from urn_agent.bundle import load_bundle
from urn_agent.config import BundleFolder


@pytest.fixture
def commission(tmp_path: Path) -> Commission:
    return found_commission(tmp_path)


@pytest.fixture
def server(commission: Commission) -> Iterator[ServerProcess]:
    with ServerProcess(commission.directory) as server:
        yield server


@pytest.fixture
def conflict(commission: Commission, server: ServerProcess) -> tuple[int, int]:
    """Two different tallies of one urn: the entries of the one that counts and of the one that is held."""
    indices = []
    with open_device(commission.directory, server.url, 0) as client:
        for votes, seq in ((5, 1), (7, 2)):
            [[word, index, _]] = post_records(client, [small_tally(commission.election_id, votes=votes, seq=seq)])
            assert word == "receipt"
            indices.append(index)
    wait_until(lambda: _snapshot_covers(commission, indices[1]), "both tallies are in a snapshot")
    assert commission.votes() == [6, 6, 6]
    return indices[0], indices[1]


def _snapshot_covers(commission: Commission, index: int) -> bool:
    path = commission.directory.publication / "results" / "latest.json"
    return path.exists() and read_latest(commission.directory)["tree_size"] > index


def test_two_officials_correct_a_tally(
    commission: Commission, server: ServerProcess, conflict: tuple[int, int], tmp_path: Path, verify: Verify
) -> None:
    """Totals change by their ruling alone, an observer verifies it, and the same again gives the same receipt."""
    first, second = conflict
    ruling = tmp_path / "correct.json"
    prepared = commission.prepare(ruling, "correct", "--entry", second, "--supersedes", first)
    assert prepared["effect"] == [f"1, S{place}: 6 -> 8" for place in (1, 2, 3)]
    assert "Count another tally in place of" in str(prepared["words"]) and "1: 8" in str(prepared["words"])
    assert commission.sign(ruling, "o1")["signatures"] == 1
    assert commission.submit(ruling, server.url, status=1)["code"] == "NOT_AUTHORISED"
    assert commission.sign(ruling, "o1", status=1)["code"] == "SIGNED_ALREADY"
    assert commission.sign(ruling, "o1-second", status=1)["code"] == "ONE_PERSON"
    assert commission.sign(ruling, "uik", status=1)["code"] == "NOT_AN_OFFICIAL"
    assert commission.sign(ruling, "o2")["signatures"] == 2
    done = commission.submit(ruling, server.url)
    receipt = ruling.with_suffix(".tlog-proof").read_bytes()
    again = commission.submit(ruling, server.url)
    assert (again["index"], ruling.with_suffix(".tlog-proof").read_bytes()) == (done["index"], receipt)
    wait_until(lambda: commission.votes() == [8, 8, 8], "the totals follow the ruling")
    assert server.stop() == 0
    status, verdict = verify(commission.directory.publication, commission.directory.policy)
    assert (status, verdict["ok"]) == (0, True)
    rulings = verdict["rulings"]
    assert isinstance(rulings, list)
    assert [(row["index"], row["action"], row["document"]) for row in rulings] == [(done["index"], "correct", "45/3")]
    published = (commission.directory.publication / "results" / "rulings.csv").read_text()
    assert f"{done['index']},correct," in published


def test_annulled_and_reinstated(
    commission: Commission, server: ServerProcess, conflict: tuple[int, int], tmp_path: Path
) -> None:
    index = commission.rule(server, tmp_path / "annul.json", "annul", "--unit", "101", "--reason", "court")
    assert commission.votes() == [0, 0, 0]
    commission.rule(server, tmp_path / "reinstate.json", "reinstate", "--entry", index)
    assert commission.votes() == [6, 6, 6]


def test_an_urn_out_of_use_is_awaited_no_more(
    commission: Commission, server: ServerProcess, conflict: tuple[int, int], tmp_path: Path
) -> None:
    commission.rule(server, tmp_path / "out.json", "out-of-use", "--urn", "u1")
    [first, _] = read_latest(commission.directory)["contests"]
    assert (first["cells_reported"], first["cells_expected"]) == (1, 1)


def test_a_revoked_device_is_held_and_its_successor_counts(
    commission: Commission, server: ServerProcess, tmp_path: Path
) -> None:
    """The server knows the new key without a new start; what the old one signs is evidence, and does not count."""
    seed = bytes([77]) * 32
    enrolment = tmp_path / "new.json"
    enrolment.write_text(json.dumps(make_enrolment("d1-new", seed)))
    commission.wait_published()
    bundle = "bundle", "--dir", commission.directory.root, "--enrolment", enrolment
    assert commission.run(*bundle, status=1)["code"] == "NOT_IN_FORCE"
    commission.rule(server, tmp_path / "replace.json", "replace-device", "--device", "d1", "--enrolment", enrolment)
    with open_device(commission.directory, server.url, 1) as client:
        [[word, old, _]] = post_records(client, [small_tally(commission.election_id, 1)])
        assert word == "receipt"
    wait_until(lambda: read_latest(commission.directory)["tree_size"] > old, "the old device's tally is judged")
    assert commission.votes() == [0, 0, 0]
    made = Path(str(commission.run(*bundle)["bundle"]))
    assert commission.run(*bundle, status=1)["code"] == "BUNDLE_EXISTS"
    new = Ed25519Signer(seed)
    assert load_bundle(BundleFolder(made), "d1-new", new.public_key).urns == ("u1",)
    context = trust(commission.directory)
    context.load_cert_chain(made / "client.pem", write_device_key(tmp_path / "new.key", seed))
    body = parse_record(small_tally(commission.election_id, 1)).body
    with httpx.Client(verify=context, base_url=server.url, trust_env=False) as client:
        [[word, index, _]] = post_records(client, [sign_record(body, [new])])
        assert word == "receipt"
    wait_until(lambda: read_latest(commission.directory)["tree_size"] > index, "the new device's tally is judged")
    assert commission.votes() == [6, 6, 6]
    public_key = Ed25519Signer(DEVICE_SEEDS[1]).public_key.hex()
    refused = commission.prepare(tmp_path / "again.json", "revoke-key", "--public-key", public_key, status=1)
    assert refused["code"] == "NO_SUCH_KEY"


def test_a_hand_count_stands_beside_the_totals(
    commission: Commission, server: ServerProcess, conflict: tuple[int, int], tmp_path: Path
) -> None:
    protocol, ruling = tmp_path / "protocol.csv", tmp_path / "return.json"
    protocol.write_text("contest,line,count\n1,valid,18\n1,invalid,0\n1,1,6\n1,2,6\n1,3,6\n")
    commission.prepare(ruling, "return", "--unit", "101", "--protocol", protocol)
    assert commission.sign(ruling, "o1", status=1)["code"] == "NOT_AN_OFFICIAL"
    commission.sign(ruling, "uik")
    commission.submit(ruling, server.url)
    returns = commission.directory.publication / "results" / "returns.csv"
    wait_until(lambda: "101" in returns.read_text(), "the hand count is published")
    assert commission.votes() == [6, 6, 6]


REFUSED = [
    (["release"], "BAD_OPTIONS"),
    (["release", "--entry", "1", "--urn", "u0"], "BAD_OPTIONS"),
    (["release", "--entry", "999999"], "NO_SUCH_ENTRY"),
    (["release", "--entry", "1"], "NO_SUCH_TARGET"),
    (["annul", "--unit", "999"], "NO_SUCH_TARGET"),
    (["out-of-use", "--urn", "u0"], "URN_HAS_REPORTED"),
    (["return", "--unit", "nowhere", "--protocol", "none.csv"], "NO_SUCH_UNIT"),
    (["return", "--unit", "101", "--protocol", "none.csv"], "FILE_MISSING"),
    (["grant-role", "--role", "official", "--holder", "o3", "--public-key", "00" * 32], "UNSOUND_KEY"),
    (["grant-role", "--role", "official", "--holder", "o3", "--public-key", "xx"], "BAD_HEX"),
    (["replace-device", "--device", "d9", "--enrolment", "none.json"], "FILE_MISSING"),
]


def test_what_would_not_take_effect_is_not_prepared(
    commission: Commission, server: ServerProcess, conflict: tuple[int, int], tmp_path: Path
) -> None:
    for arguments, code in REFUSED:
        assert commission.prepare(tmp_path / "ruling.json", *arguments, status=1)["code"] == code
    assert not (tmp_path / "ruling.json").exists()


def test_what_is_no_ruling_of_those_who_may_is_refused(
    commission: Commission, server: ServerProcess, conflict: tuple[int, int], tmp_path: Path
) -> None:
    """Whoever sends it: the log does not grow."""
    strangers = [Ed25519Signer(bytes([place]) * 32) for place in (1, 2)]
    out = Decision(commission.election_id, "out_of_use", "broken", "1", (), urn="u1")
    other = Decision(Hash(bytes(32)), "out_of_use", "broken", "1", (), urn="u1")
    with httpx.Client(verify=trust(commission.directory), base_url=server.url, trust_env=False) as client:
        for body, status, code in [
            (b"", 400, "BAD_RULING"),
            (b"garbage", 400, "BAD_RULING"),
            (bytes(65_536), 413, "TOO_LARGE"),
            (small_tally(commission.election_id), 400, "BAD_RULING"),
            (sign_record(other, strangers), 400, "BAD_RULING"),
            (sign_record(out, strangers), 403, "NOT_AUTHORISED"),
            (sign_record(out, DEVICE_KEYS[:2]), 403, "NOT_AUTHORISED"),
        ]:
            answer = client.post("/v1/rulings", content=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert client.get("/v1/rulings").json()["code"] == "WRONG_METHOD"


def test_a_server_that_is_away_loses_no_ruling(
    commission: Commission, server: ServerProcess, conflict: tuple[int, int], tmp_path: Path
) -> None:
    ruling = tmp_path / "correct.json"
    commission.prepare(ruling, "correct", "--entry", conflict[1], "--supersedes", conflict[0])
    for name in ("o1", "o2"):
        commission.sign(ruling, name)
    server.kill()
    assert commission.submit(ruling, server.url, status=1)["code"] == "UNREACHABLE"
    with ServerProcess(commission.directory) as again:
        commission.submit(ruling, again.url)
        wait_until(lambda: commission.votes() == [8, 8, 8], "the ruling takes effect")


def test_a_key_is_never_overwritten(commission: Commission) -> None:
    key = commission.keys["o1"]
    before = key.read_bytes()
    refused = commission.run("official-key", "--out", key, "--holder", "o9", status=1)
    assert (refused["code"], key.read_bytes()) == ("KEY_EXISTS", before)
