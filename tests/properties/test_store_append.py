"""Whatever is appended, and however often: the log is the plain RFC 6962 tree over its distinct entries, in order."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import verify_checkpoint
from ledger.log import Receipt
from ledger.store.tile_files import publish, read_published
from ledger.tiles import Bundle, encode_bundle_path, new_bundles, parse_bundle
from tests.unit.ledger.store.log_factory import ORIGIN, SIGNER, head_of, make_log, open_log, verify_receipts

# Few distinct entries, so that repeats within a batch and across batches are common.
ENTRIES = st.integers(0, 60).map(lambda number: b"entry %d" % number)
BATCHES = st.lists(st.lists(ENTRIES, min_size=1, max_size=12), min_size=1, max_size=8)


@given(batches=BATCHES, reopen_before=st.sets(st.integers(0, 7)))
def test_the_tree_is_over_distinct_entries_and_receipts_stay_the_same(
    batches: list[list[bytes]], reopen_before: set[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened = make_log(Path(folder))
        history: list[bytes] = []
        known: dict[bytes, Receipt] = {}
        for number, batch in enumerate(batches):
            if number in reopen_before:
                opened.store.close()
                opened = open_log(Path(folder))
            history += dict.fromkeys(entry for entry in batch if entry not in history)
            receipts = opened.log.append(batch)
            verify_receipts(batch, receipts, history)
            for entry, receipt in zip(batch, receipts, strict=True):
                assert known.setdefault(entry, receipt) == receipt
            assert opened.store.head() == opened.guard.read() == head_of(history)
        assert opened.store.entries(0, len(history)) == history
        assert {entry: opened.log.receipt(index) for index, entry in enumerate(history)} == known
        opened.store.close()


@given(
    steps=st.lists(st.tuples(st.integers(1, 300), st.booleans()), min_size=1, max_size=6),
)
def test_a_published_folder_holds_the_log_that_its_checkpoint_names(steps: list[tuple[int, bool]]) -> None:
    """Published after some batches and not after others."""
    with tempfile.TemporaryDirectory() as folder:
        opened = make_log(Path(folder))
        public = Path(folder) / "public"
        history: list[bytes] = []
        for count, published in [*steps, (1, True)]:
            history += [b"entry %d" % index for index in range(len(history), len(history) + count)]
            opened.log.append(history[-count:])
            if published:
                publish(opened.store, public, opened.log.checkpoint())
        opened.store.close()
        verify_checkpoint((public / "checkpoint").read_bytes(), SIGNER.key)
        assert read_published(public, ORIGIN) == head_of(history)
        assert [entry for bundle in new_bundles(0, len(history)) for entry in read_bundle(public, bundle)] == history


def read_bundle(public: Path, bundle: Bundle) -> list[bytes]:
    return parse_bundle(bundle, (public / encode_bundle_path(bundle)).read_bytes())
