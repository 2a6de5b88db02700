"""Keeping pages up to date in a folder: what is drawn again, what stays, and what a start puts right."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from central_server.pages.__main__ import main
from central_server.pages.site_check import compare_site
from central_server.pages.site_writer import SiteWriter
from ledger.errors import FormatError
from ledger.note import Ed25519NoteSigner
from ledger.proof import parse_tlog_proof, verify_tlog_proof
from ledger.results import LATEST, numbered_path
from ledger.signing import Ed25519Signer
from ledger.store.durable import StorageError
from tests.unit.central_server.page_factory import quiet_night, result_files
from tests.unit.central_server.publisher_factory import ORIGIN, Hall, open_hall, settle
from tests.unit.ledger.election_factory import DEVICE_KEYS, PUBLISHER_KEY, Night, small_night, tally
from tests.unit.ledger.ruling_factory import snapshot

LANGUAGES = ("ky", "ru", "en")
LOG_KEY = Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes(range(32)))).key


def put_sources(directory: Path, files: dict[str, bytes]) -> None:
    """As the publisher leaves them, with the numbered file."""
    for path, data in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)
    number = json.loads(files[LATEST])["number"]
    (directory / numbered_path(number)).write_bytes(files[LATEST])


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and not path.is_relative_to(directory / "results")
    }


def draw(directory: Path, night: Night, writer: SiteWriter | None = None) -> SiteWriter:
    files = result_files(night)
    put_sources(directory, files)
    writer = writer or SiteWriter(directory)
    writer.take(files)
    while not writer.write(3):
        pass
    return writer


def next_snapshot(night: Night) -> Night:
    night.say(snapshot(night), PUBLISHER_KEY)
    return night


def test_only_what_has_changed_is_drawn_again(tmp_path: Path) -> None:
    night = small_night()
    writer = draw(tmp_path, night)
    before = contents(tmp_path)
    next_snapshot(night)
    night.say(tally(night), DEVICE_KEYS[0])
    draw(tmp_path, night, writer)
    after = contents(tmp_path)
    changed = {name for name in after if after[name] != before.get(name)}
    documents = ("index", "contest/1", "contest/2", "area/A", "missing", "precinct/101")
    assert changed == {f"{language}/{path}.html" for language in LANGUAGES for path in documents} | {
        "index.html",
        "snapshot.json",
    }
    assert b'data-snapshot="1"' in after["en/area/B.html"]
    assert b'data-snapshot="2"' in after["en/area/A.html"]
    assert compare_site(tmp_path).different == ()


def test_a_start_leaves_what_is_right_and_repairs_the_rest(tmp_path: Path) -> None:
    """A page keeps the snapshot that it names, for nothing on it has changed since."""
    night = small_night()
    writer = draw(tmp_path, night)
    night = next_snapshot(night)
    night.say(tally(night), DEVICE_KEYS[0])
    draw(tmp_path, night, writer)
    right = contents(tmp_path)
    (tmp_path / "en/precinct/101.html").write_bytes(right["en/precinct/101.html"].replace(b"<td>", b"<td>9"))
    (tmp_path / "ru/index.html").write_bytes(b"")
    (tmp_path / "ky/area/B.html").unlink()
    # A page cannot name a snapshot that it is not of.
    (tmp_path / "en/area/A.html").write_bytes(
        right["en/area/A.html"].replace(b'data-snapshot="2"', b'data-snapshot="1"')
    )
    (tmp_path / "en/area/gone.html").write_bytes(right["en/area/A.html"])
    (tmp_path / "en/area/A~2.html").write_bytes(right["en/area/A.html"])
    assert len(compare_site(tmp_path).different) == 6
    draw(tmp_path, night)
    again = contents(tmp_path)
    assert {name for name in right if right[name] != again.get(name)} == {"ky/area/B.html"}
    assert set(again) == set(right)
    # What was lost is drawn under the newest snapshot.
    assert b'data-snapshot="2"' in again["ky/area/B.html"]
    assert b'data-snapshot="1"' in again["en/area/B.html"]


def test_a_change_of_names_reaches_every_page(tmp_path: Path) -> None:
    night = quiet_night()
    writer = draw(tmp_path, night)
    files = result_files(night)
    renamed = {**files, LATEST: files[LATEST].replace(b'"en":"Election"', b'"en":"Another name"')}
    writer.take(renamed)
    while not writer.write(3):
        pass
    pages = [data for name, data in contents(tmp_path).items() if name.startswith("en/")]
    assert all(b"Another name" in page for page in pages)


def test_no_step_draws_more_than_its_limit(tmp_path: Path) -> None:
    files = result_files(quiet_night())
    put_sources(tmp_path, files)
    writer = SiteWriter(tmp_path)
    writer.take(files)
    documents = []
    while not writer.write(2):
        documents.append(len(list((tmp_path / "en").rglob("*.html"))))
        assert not (tmp_path / "snapshot.json").exists()
    assert documents == [2, 4, 6, 8]
    # The snapshot is announced once all of its pages are there.
    assert json.loads((tmp_path / "snapshot.json").read_bytes())["number"] == 1


def test_a_newer_snapshot_takes_over_what_was_still_to_be_drawn(tmp_path: Path) -> None:
    night = small_night()
    files = result_files(night)
    put_sources(tmp_path, files)
    writer = SiteWriter(tmp_path)
    writer.take(files)
    assert not writer.write(4)
    next_snapshot(night)
    night.say(tally(night), DEVICE_KEYS[0])
    draw(tmp_path, night, writer)
    assert compare_site(tmp_path).different == ()


def test_a_full_disk_delays_pages_and_loses_nothing(tmp_path: Path) -> None:
    files = result_files(quiet_night())
    put_sources(tmp_path, files)
    (tmp_path / "en").write_bytes(b"in the way")
    writer = SiteWriter(tmp_path)
    writer.take(files)
    for _ in range(2):
        with pytest.raises(StorageError):
            writer.write(3)
    (tmp_path / "en").unlink()
    while not writer.write(3):
        pass
    assert compare_site(tmp_path).different == ()


def test_files_that_no_page_can_be_drawn_from_leave_the_pages_alone(tmp_path: Path) -> None:
    writer = draw(tmp_path, quiet_night())
    before = contents(tmp_path)
    with pytest.raises(FormatError):
        writer.take({**result_files(quiet_night()), LATEST: b"{}"})
    assert writer.write(100)
    assert contents(tmp_path) == before


def test_the_command_tells_pages_that_do_not_show_what_the_files_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path, quiet_night())
    assert main([str(tmp_path)]) == 0
    assert "31 pages show what the result files say; 0 do not" in capsys.readouterr().out
    page = tmp_path / "ru/contest/2.html"
    page.write_bytes(page.read_bytes().replace(b">17<", b">71<"))
    assert main([str(tmp_path)]) == 1
    assert "PAGE_DIFFERS: ru/contest/2.html" in capsys.readouterr().out
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "STORAGE_MISSING" in capsys.readouterr().err


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as hall:
        yield hall


def test_every_tally_that_a_page_names_has_its_proof(hall: Hall) -> None:
    """A proof is checked with the log's key alone, and stays as it was made while it is true."""
    hall.define()
    publisher = hall.publisher()
    settle(publisher)
    for votes in (5, 6):
        hall.say(tally(hall.night, votes=votes, seq=votes), DEVICE_KEYS[0])
    hall.clock.now += 5
    settle(publisher)
    proofs = {path.name: path for path in (hall.directory / "proof").iterdir()}
    assert len(proofs) == 2
    for name, path in proofs.items():
        data = path.read_bytes()
        index = parse_tlog_proof(data).index
        assert name == f"{index}.tlog-proof"
        [entry] = hall.store.entries(index, 1)
        inclusion = verify_tlog_proof(data, entry, LOG_KEY)
        assert (inclusion.leaf_index, inclusion.checkpoint.origin) == (index, ORIGIN)
    kept, damaged = sorted(proofs.values())
    before = kept.read_bytes()
    damaged.write_bytes(before)
    hall.say(tally(hall.night, 1, "201"), DEVICE_KEYS[1])
    hall.clock.now += 5
    settle(hall.publisher())
    assert kept.read_bytes() == before
    assert parse_tlog_proof(damaged.read_bytes()).index == int(damaged.name.partition(".")[0])


def test_pages_that_cannot_be_drawn_hold_up_no_result(hall: Hall) -> None:
    hall.define()
    (hall.directory / "ky").parent.mkdir(parents=True)
    (hall.directory / "ky").write_bytes(b"in the way")
    publisher = hall.publisher()
    for body in (None, tally(hall.night)):
        if body is not None:
            hall.say(body, DEVICE_KEYS[0])
        hall.clock.now += 5
        with pytest.raises(StorageError):
            publisher.step()
    assert json.loads((hall.directory / LATEST).read_bytes())["number"] == 2
    (hall.directory / "ky").unlink()
    settle(publisher)
    assert compare_site(hall.directory).different == ()
