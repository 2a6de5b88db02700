"""``central-server definition``: a definition from tables, a check of one, and its JSON Schema. Needs no election."""

import argparse
import json
import sys
from pathlib import Path

from central_server.definition_checks import verify_definition
from central_server.definition_csv import make_definition
from central_server.definition_file import MAX_DEFINITION
from central_server.definition_schema import render_schema
from central_server.directory import ElectionDirectory
from ledger.store.durable import StorageError, read_file

WORDS = "make an election's definition from tables, check one, or print its JSON Schema"


def add_definition_options(parser: argparse.ArgumentParser) -> None:
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument(
        "--from", dest="folder", type=Path, metavar="FOLDER", help="with election.json, units.csv and devices.csv"
    )
    task.add_argument("--check", type=Path, metavar="FILE", help="say what is wrong with it, or what it has, as JSON")
    task.add_argument("--schema", action="store_true", help="print the JSON Schema of definitions")


def run_definition(options: argparse.Namespace, _: ElectionDirectory) -> int:
    """The definition or the schema goes to standard output. Raises FormatError, StorageError."""
    if options.check is not None:
        data = read_file(options.check, MAX_DEFINITION)
        if data is None:
            raise StorageError("DEFINITION_MISSING", f"{options.check} does not exist")
        file = verify_definition(data)
        facts = {"contests": len(file.contests), "units": len(file.units), "devices": len(file.devices)}
        print(json.dumps(facts), flush=True)
        return 0
    document = render_schema() if options.schema else make_definition(options.folder)
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()
    return 0
