"""The vectors of records and fold still hold, and follow from the bytes alone."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.fold import Fold
from ledger.merkle import hash_leaf, merkle_root
from ledger.primitives import Hash, sha256
from ledger.record import KINDS, Snapshot, parse_record, verify_record
from ledger.results import StateFiles, numbered_path, render_numbered
from ledger.rulings import AuthorityAction, DecisionAction
from ledger.signing import CryptographyVerifier
from tests.vectors.records.make import make_files

Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "tests" / "vectors" / "records"


@pytest.fixture(scope="module")
def night(folder: Path) -> Row:
    document: Row = json.loads((folder / "night.json").read_bytes())
    return document


@pytest.fixture(scope="module")
def faults(folder: Path) -> list[Row]:
    document: list[Row] = json.loads((folder / "faults.json").read_bytes())
    return document


def judge(fold: Fold, data: bytes) -> tuple[str, str, str]:
    index = fold.size
    try:
        outcome = fold.apply(index, verify_record(parse_record(data), fold.definition, CryptographyVerifier()))
    except (FormatError, SignatureError) as error:
        fold.skip(index)
        return "refused", error.code, ""
    except UnjudgeableError as error:
        return "unjudgeable", error.code, ""
    return outcome.status, outcome.code, outcome.message


def replay(rows: list[Row]) -> Iterator[tuple[Fold, Row]]:
    """The fold after each entry, which became what the row says."""
    fold = Fold()
    for row in rows:
        data = bytes.fromhex(row["entry"])
        expected = row["outcome"], row.get("code", ""), row.get("message", "")
        assert judge(fold, data) == expected, row["index"]
        assert hash_leaf(data).hex() == row["leaf_hash"]
        yield fold, row


def test_the_files_are_what_the_script_writes(folder: Path) -> None:
    for name, data in make_files().items():
        assert (folder / name).read_bytes() == data, f"python -m tests.vectors.records.make writes another {name}"


def test_each_entry_becomes_what_the_vectors_say(night: Row, folder: Path) -> None:
    """And at each snapshot the files are those that it names."""
    leaves: list[Hash] = []
    snapshots = {row["tree_size"]: row for row in night["snapshots"]}
    for fold, row in replay(night["entries"]):
        leaves.append(Hash.from_hex(row["leaf_hash"]))
        if fold.size not in snapshots:
            continue
        expected = snapshots.pop(fold.size)
        state = StateFiles(fold).render()
        numbered = render_numbered(fold, merkle_root(leaves), state)
        files = {**state, numbered_path(expected["number"]): numbered}
        assert {path: sha256(data).hex() for path, data in files.items()} == expected["files"]
    assert snapshots == {} and merkle_root(leaves).hex() == night["root_hash"]
    assert files == {path: (folder / path).read_bytes() for path in files}
    for row in night["totals"]:
        totals = fold.totals[row["unit"], row["contest"]]
        sums = totals.cells, totals.withheld, totals.ballots, totals.overvotes, totals.undervotes, totals.registered
        names = "cells", "withheld", "ballots", "overvotes", "undervotes", "registered"
        assert (list(totals.votes), sums) == (row["votes"], tuple(row[name] for name in names))
    assert len(night["totals"]) == len(fold.totals)


def test_snapshots_name_their_files(night: Row) -> None:
    bodies = [parse_record(bytes.fromhex(row["entry"])).body for row in night["entries"] if row["kind"] == "snapshot/1"]
    for body, row in zip(bodies, night["snapshots"], strict=True):
        assert isinstance(body, Snapshot)
        assert (body.number, body.tree_size, body.root_hash.hex()) == (
            row["number"],
            row["tree_size"],
            row["root_hash"],
        )
        assert body.manifest_hash.hex() == row["files"][numbered_path(body.number)]


def test_logs_that_end_at_once(faults: list[Row]) -> None:
    for log in faults:
        *before, (fold, last) = replay(log["entries"])
        assert all(row["outcome"] == "applied" for _, row in before)
        assert last["code"] in ("BROKEN_PARTS", "UNKNOWN_FOLD_VERSION", "UNKNOWN_KIND")
        assert not fold.definition.complete


def test_every_kind_and_action_occurs(night: Row) -> None:
    assert {row["kind"] for row in night["entries"]} - {None} == set(KINDS)
    bodies = [msgpack.unpackb(bytes.fromhex(row["entry"]))[1] for row in applied(night, "authority/1", "decision/1")]
    actions = set(AuthorityAction.__args__) | set(DecisionAction.__args__)  # type: ignore[attr-defined]  # of a Literal
    assert {body[1] for body in bodies} == actions


def applied(night: Row, *kinds: str) -> list[Row]:
    return [row for row in night["entries"] if row["kind"] in kinds and row["outcome"] == "applied"]


@pytest.mark.independent
def test_entries_and_signatures_by_another_messagepack(night: Row) -> None:
    """Shortest forms, the signed message and the ids, without a line of this project."""
    keys = {row["key_id"]: bytes.fromhex(row["public_key"]) for row in night["keys"].values()}
    for row in night["entries"]:
        if row["outcome"] == "refused":
            continue
        entry = bytes.fromhex(row["entry"])
        kind, body, signatures = msgpack.unpackb(entry)
        assert msgpack.packb([kind, body, signatures]) == entry
        for key_id, signature in signatures:
            message = b"tunuk/record/v1\n" + msgpack.packb([kind, body, key_id])
            Ed25519PublicKey.from_public_bytes(keys[key_id.hex()]).verify(signature, message)
            assert hashlib.sha256(keys[key_id.hex()]).digest() == key_id
    first = msgpack.unpackb(bytes.fromhex(night["entries"][0]["entry"]))
    assert hashlib.sha256(msgpack.packb(first[1])).hexdigest() == night["election_id"]


@pytest.mark.independent
def test_totals_by_hand(night: Row, folder: Path) -> None:
    """The entries that coverage lists, added up from their bytes, are the votes by precinct."""
    votes: dict[tuple[str, int, int], int] = {}
    for line in csv.DictReader(io.StringIO((folder / "results" / "coverage.csv").read_text())):
        for index in line["entries"].split() if line["annulled"] == "0" else ():
            body = msgpack.unpackb(bytes.fromhex(night["entries"][int(index)]["entry"]))[1]
            for contest, *_, selections in body[10]:
                if contest == int(line["contest"]):
                    for selection, *counts in selections:
                        votes[line["unit"], contest, selection] = sum(counts)
    published = [
        int(row["votes"]) for row in csv.DictReader(io.StringIO((folder / "results/precincts.csv").read_text()))
    ]
    assert list(votes.values()) == published == [25, 0, 17, 34, 26, 15]
