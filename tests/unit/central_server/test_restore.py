"""What may be put back beside which guard, and in which order copies are made."""

import time
from pathlib import Path

import pytest

from central_server import backup
from central_server.backup import make_backup
from central_server.backup_files import CopiedFile, copy_file
from central_server.database_copy import copy_locked, copy_log
from central_server.directory import ElectionDirectory
from central_server.log_access import open_log
from central_server.restore import make_guard, restore_backup
from ledger.errors import TunukError
from ledger.primitives import Hash
from ledger.store.contract import EMPTY_HEAD, TreeHead
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from tests.unit.central_server.server_factory import init_small, roster_small


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> ElectionDirectory:
    directory = init_small(tmp_path_factory.mktemp("server"))
    roster_small(directory)
    return directory


@pytest.fixture(scope="module")
def copy(directory: ElectionDirectory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backup") / "copy"
    make_backup(directory, target, time.time)
    return target


def read_origin(directory: ElectionDirectory) -> str:
    return roster_small(directory).origin


def read_log_head(directory: ElectionDirectory) -> TreeHead:
    with SqliteStore(directory.log, read_origin(directory)) as store:
        return store.head()


def code_of(copy: Path, directory: ElectionDirectory, again: ElectionDirectory, guarded: TreeHead) -> str:
    """The refusal of a restore beside a guard at this head; nothing where it is done."""
    FileGuard(again.guard, read_origin(directory)).create(guarded)
    try:
        restore_backup(copy, again)
    except TunukError as error:
        assert not again.settings.exists()
        return error.code
    return ""


def test_a_guard_at_or_before_the_copys_head_is_kept(directory: ElectionDirectory, copy: Path, tmp_path: Path) -> None:
    head = read_log_head(directory)
    for number, guarded in enumerate((head, EMPTY_HEAD)):
        again = ElectionDirectory(tmp_path / str(number))
        assert code_of(copy, directory, again, guarded) == ""
        assert FileGuard(again.guard, read_origin(directory)).read() == guarded
        with SqliteStore(again.log, read_origin(directory)) as store:
            assert open_log(again, store).origin == read_origin(directory)


def test_a_guard_that_knows_more_or_otherwise_refuses_the_copy(
    directory: ElectionDirectory, copy: Path, tmp_path: Path
) -> None:
    head = read_log_head(directory)
    other = Hash(bytes(32))
    for number, (guarded, code) in enumerate(
        [
            (TreeHead(head.size + 1, other), "RESTORE_BEHIND_GUARD"),
            (TreeHead(head.size, other), "RESTORE_NOT_OF_GUARD"),
            (TreeHead(1, other), "RESTORE_NOT_OF_GUARD"),
        ]
    ):
        again = ElectionDirectory(tmp_path / str(number))
        assert code_of(copy, directory, again, guarded) == code
        assert not again.log.exists()


def test_nothing_is_written_over_anything(directory: ElectionDirectory, copy: Path, tmp_path: Path) -> None:
    again = ElectionDirectory(tmp_path / "again")
    again.publication.mkdir(parents=True)
    (again.publication / "checkpoint").write_text("somebody's")
    with pytest.raises(TunukError) as caught:
        restore_backup(copy, again)
    assert caught.value.code == "RESTORE_OVER"


def test_the_chain_is_copied_before_the_log(
    directory: ElectionDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An anchor of a head that the copied log lacks would make the restored server refuse to anchor."""
    copied: list[str] = []

    def note_file(source: Path, target: Path) -> CopiedFile:
        copied.append(source.name)
        return copy_file(source, target)

    def note_locked(source: Path, target: Path, clock: object) -> None:
        copied.append(source.name)
        copy_locked(source, target, time.time)

    def note_log(source: Path, target: Path, origin: str) -> TreeHead:
        copied.append(source.name)
        return copy_log(source, target, origin)

    monkeypatch.setattr(backup, "copy_file", note_file)
    monkeypatch.setattr(backup, "copy_locked", note_locked)
    monkeypatch.setattr(backup, "copy_log", note_log)
    manifest = make_backup(directory, tmp_path / "copy", time.time)
    assert copied[-2:] == ["chain.sqlite", "log.sqlite"] and len(copied) == len(manifest.files)
    needed = {"policy", "server/settings.json", "server/roster.json", "server/keys/log.key", "server/ca/authority.pem"}
    assert needed < manifest.files.keys()
    assert not any("guard" in name or "election.key" in name or "lock" in name for name in manifest.files)


def test_a_guard_that_is_there_is_not_made_anew(directory: ElectionDirectory) -> None:
    with pytest.raises(TunukError) as caught:
        make_guard(directory, [])
    assert caught.value.code == "GUARD_EXISTS"
