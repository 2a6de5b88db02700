"""Writes the vectors beside this file: ``python -m tests.vectors.records.make`` from the repository's root.

Nothing in them is random or dated, so that they come out the same each time; a test compares them.
"""

import json
from pathlib import Path

from tests.vectors.records.election import KEYS, key, key_id
from tests.vectors.records.faults import logs
from tests.vectors.records.log import WrittenLog
from tests.vectors.records.story_after import annul, close, correct, report, succeed
from tests.vectors.records.story_before import amend, define, open_polls, refuse

FOLDER = Path(__file__).parent


def make_night() -> WrittenLog:
    log = WrittenLog()
    define(log)
    refuse(log)
    amend(log)
    open_polls(log)
    leaves = report(log)
    correct(log, leaves)
    annul(log, leaves)
    close(log)
    succeed(log)
    return log


def totals(log: WrittenLog) -> list[dict[str, object]]:
    fold = log.fold
    return [
        {
            "unit": unit, "contest": contest, "votes": list(row.votes), "cells": row.cells, "withheld": row.withheld,
            "ballots": row.ballots, "overvotes": row.overvotes, "undervotes": row.undervotes,
            "registered": row.registered, "cells_expected": fold.definition.expected[unit, contest].cells,
            "registered_expected": fold.definition.expected[unit, contest].registered,
        }
        for (unit, contest), row in sorted(fold.totals.items())
    ]  # fmt: skip


def make_files() -> dict[str, bytes]:
    """Path below this folder -> contents."""
    night = make_night()
    keys = {name: {"public_key": key(name).hex(), "key_id": key_id(name).hex()} for name in KEYS}
    document = {
        "keys": keys, "election_id": night.election_id.hex(), "entries": night.rows, "root_hash": night.root().hex(),
        "snapshots": night.snapshots, "totals": totals(night),
    }  # fmt: skip
    faults = [{"log": name, "entries": log.rows} for name, log in logs()]
    files = {"night.json": encode(document), "faults.json": encode(faults)}
    return files | night.files


def encode(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


if __name__ == "__main__":
    for name, data in make_files().items():
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_bytes(data)
