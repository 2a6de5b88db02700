"""Whatever happens to a publication and to what cleans it, every checkpoint stays readable for its time."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.store import partial_tiles
from ledger.store.partial_tiles import GRACE_SECONDS
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import read_published
from ledger.tiles import TILE_WIDTH, Tile, encode_tile_path
from tests.unit.ledger.store.log_factory import ORIGIN, database_path
from tests.unit.ledger.store.partial_factory import Folder, needed


class Killed(BaseException):
    """Stands for the end of the process."""


@contextmanager
def killed_at(flush: int) -> Iterator[None]:
    fsync, calls = os.fsync, 0

    def count(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == flush:
            raise Killed
        fsync(descriptor)

    with mock.patch.object(os, "fsync", count):
        yield


STEPS = st.one_of(
    st.tuples(st.just("publish"), st.integers(50, 400)),
    st.tuples(st.just("killed publish"), st.integers(1, 12)),
    st.tuples(st.just("collect"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 300, 599, 600, 5_000])),
    st.tuples(st.just("restart"), st.just(0)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=5, max_size=25))
def test_every_checkpoint_is_served_whatever_happens(steps: list[tuple[str, int]]) -> None:
    """As it was for the whole grace time, and for ever where a reader takes the full tile for a partial one."""
    with tempfile.TemporaryDirectory() as root, SqliteStore.create(database_path(Path(root)), ORIGIN) as store:
        folder = Folder(store, Path(root) / "public")
        published: dict[int, float] = {}
        """Sizes, with the time at which each was published."""
        for kind, number in steps:
            match kind:
                case "publish" | "killed publish":
                    folder.grow(number if kind == "publish" else 70)
                    try:
                        with killed_at(number if kind == "killed publish" else 0):
                            folder.publish()
                    except Killed:
                        folder.restart()
                case "collect":
                    folder.partial_tiles.collect()
                case "wait":
                    folder.partial_tiles.collect()
                    folder.clock.now += number
                    folder.partial_tiles.collect()
                case "restart":
                    folder.restart()
            published.setdefault(read_published(folder.path, ORIGIN).size, folder.clock.now)
            verify_served(folder, published)
        folder.publish()
        published.setdefault(store.head().size, folder.clock.now)
        folder.collect_all()
        folder.clock.now += GRACE_SECONDS
        folder.collect_all()
        verify_served(folder, published)
        last = max(published)
        whole = {name for name in folder.names() if ".p/" not in name and ".tmp-" not in name}
        assert whole == {name for name in needed(last) if ".p/" not in name}
        left = {name.partition(".p/")[0] for name in folder.names() if ".p/" in name}
        assert not left & whole, "no partial tile beside a full one"


def verify_served(folder: Folder, published: dict[int, float]) -> None:
    current = max(published)
    for size, since in published.items():
        superseded = [time for later, time in published.items() if later > size]
        in_grace = size == current or folder.clock.now - min(superseded) < GRACE_SECONDS or since == folder.clock.now
        for name in needed(size):
            full = name.partition(".p/")[0]
            whole = (folder.path / full).is_file() and full in needed(current)
            assert (folder.path / name).is_file() or (whole and not in_grace), (size, name)


def test_the_largest_partial_tile_has_a_name_of_ours() -> None:
    for width in range(1, TILE_WIDTH):
        assert partial_tiles._OURS.fullmatch(Path(encode_tile_path(Tile(0, 0, width))).name)
