"""Old partial tiles go; what a reader of any recent checkpoint needs stays, whatever happens in between."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.store import old_partials
from ledger.store.durable import StorageError
from ledger.store.old_partials import GRACE_SECONDS, OldPartials
from ledger.tiles import encode_bundle_path, encode_tile_path, new_bundles, new_tiles

START = 1_800_000_000.0


def paths_of(old: int, new: int) -> list[str]:
    tiles = [encode_tile_path(tile) for tile in new_tiles(old, new)]
    return tiles + [encode_bundle_path(bundle) for bundle in new_bundles(old, new)]


def place(directory: Path, old: int, new: int) -> None:
    """Only the names of files matter here."""
    for name in paths_of(old, new):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def served(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


def is_readable(directory: Path, size: int) -> bool:
    """Every tile and bundle, or the full one in the place of a partial one, as clients read them."""
    files = served(directory)
    return all(name in files or name.partition(".p/")[0] in files for name in all_names(size))


def all_names(size: int) -> list[str]:
    return paths_of(0, size)


STEPS = st.lists(
    st.tuples(
        st.integers(1, 400), st.floats(1, 900), st.sampled_from(["publish", "only tiles", "collect", "start again"])
    ),
    max_size=25,
)


@given(STEPS)
def test_a_checkpoint_stays_readable_for_its_time_of_grace(steps: list[tuple[int, float, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory, now, size, placed = Path(folder), START, 0, 0
        partials = OldPartials(directory, now)
        published: list[tuple[int, float]] = []
        for more, seconds, what in steps:
            now += seconds
            if what == "collect":
                partials.remove(now)
            elif what == "start again":
                partials = OldPartials(directory, now)
                partials.note(size, now)
            else:
                # A publisher that died, or found no witnesses, leaves tiles of a head that is not published.
                new = max(size, placed) + more
                place(directory, size, new)
                placed = new
                if what == "publish":
                    published = [(one, min(until, now + GRACE_SECONDS)) for one, until in published]
                    published.append((new, float("inf")))
                    size = new
                    partials.note(size, now)
            assert all(is_readable(directory, one) for one, until in published if now < until)
        now += 10 * GRACE_SECONDS
        partials.note(size, now)
        partials.remove(now)
        if size == placed:
            assert served(directory) == set(all_names(size))


def superseded(directory: Path) -> OldPartials:
    """A publication of 70 entries, then of 75, long after the process began."""
    partials = OldPartials(directory, START - 10 * GRACE_SECONDS)
    for old, new in ((0, 70), (70, 75)):
        place(directory, old, new)
        partials.note(new, START)
    return partials


def test_what_was_superseded_a_moment_ago_stays(tmp_path: Path) -> None:
    partials = superseded(tmp_path)
    assert partials.remove(START + GRACE_SECONDS) == 0
    partials.note(75, START + GRACE_SECONDS + 1)
    assert partials.remove(START + GRACE_SECONDS + 1) == 2
    assert served(tmp_path) == set(all_names(75))


def test_a_process_that_has_just_begun_knows_nothing_and_removes_nothing(tmp_path: Path) -> None:
    superseded(tmp_path)
    again = OldPartials(tmp_path, START)
    again.note(75, START)
    assert again.remove(START + GRACE_SECONDS - 1) == 0
    assert again.remove(START + GRACE_SECONDS) == 2


def test_one_call_does_a_bounded_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_partials, "MAX_REMOVED", 10)
    partials = OldPartials(tmp_path, START)
    for size in range(1, 30):
        place(tmp_path, size - 1, size)
    now = START + 2 * GRACE_SECONDS
    partials.note(29, now)
    assert [partials.remove(now) for _ in range(7)] == [10, 10, 10, 10, 10, 6, 0]
    assert served(tmp_path) == set(all_names(29))


def test_nothing_published_is_nothing_to_remove(tmp_path: Path) -> None:
    assert OldPartials(tmp_path / "none", 0).remove(START) == 0


def test_a_disk_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    partials = superseded(tmp_path)

    def fail(self: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", fail)
    partials.note(75, START + 2 * GRACE_SECONDS)
    with pytest.raises(StorageError) as caught:
        partials.remove(START + 2 * GRACE_SECONDS)
    assert caught.value.code == "STORAGE_NOT_WRITABLE"
