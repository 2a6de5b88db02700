"""The public folder: what is written, in which order, and what is left alone."""

from pathlib import Path

import pytest

from central_server.publication import PublicFolder, Rendering
from ledger.election_file import ELECTION, render_election_file
from ledger.primitives import sha256
from ledger.results import StateFiles, render_numbered
from ledger.store.durable import StorageError, write_file
from tests.unit.ledger.election_factory import small_night


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    fold = small_night().fold
    root = sha256(b"root")
    state_files = StateFiles(fold).render()
    numbered = render_numbered(fold, root, state_files)
    published = {**state_files, ELECTION: render_election_file(fold.definition)}
    return Rendering(1, fold.size, root, numbered, published)


def test_what_names_the_others_is_written_last(tmp_path: Path, rendering: Rendering) -> None:
    written: list[str] = []

    def write(path: Path, data: bytes) -> None:
        written.append(str(path.relative_to(tmp_path)))
        write_file(path, data)

    folder = PublicFolder(tmp_path, write)
    folder.put_numbered(rendering)
    folder.put_latest(rendering)
    assert written[0] == "results/000001.json"
    assert written[-1] == "results/latest.json"
    assert sorted(written[1:-1]) == sorted(rendering.state_files)
    written.clear()
    folder.put_numbered(rendering)
    folder.put_latest(rendering)
    assert written == []


@pytest.mark.parametrize("damage", [b"", b"x", b"longer than it was" * 1000])
def test_a_file_with_other_bytes_is_replaced(tmp_path: Path, rendering: Rendering, damage: bytes) -> None:
    folder = PublicFolder(tmp_path)
    folder.put_latest(rendering)
    latest = tmp_path / "results" / "latest.json"
    for data in (damage, latest.read_bytes()[::-1]):
        latest.write_bytes(data)
        folder.put_latest(rendering)
        assert latest.read_bytes() == rendering.numbered_file


def test_a_folder_that_cannot_be_made_is_a_coded_error(tmp_path: Path, rendering: Rendering) -> None:
    (tmp_path / "results").write_bytes(b"in the way")
    with pytest.raises(StorageError):
        PublicFolder(tmp_path).put_numbered(rendering)


def test_a_numbered_file_is_known_by_its_number(tmp_path: Path, rendering: Rendering) -> None:
    folder = PublicFolder(tmp_path)
    assert not folder.has_numbered(1)
    folder.put_numbered(rendering)
    assert (folder.has_numbered(1), folder.has_numbered(2)) == (True, False)
