"""``python -m central_server.pages DIR``: draw the pages of a publication again and compare. Exit status 0, 1 or 2."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from central_server.pages.site_check import compare_site
from ledger.errors import TunukError

_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """0: every page shows what the result files say; 1: some do not; 2: there is nothing to compare."""
    parser = argparse.ArgumentParser(
        prog="python -m central_server.pages",
        description="Draw the pages of a publication again from its result files, and compare. "
        "Exit status: 0 all the same, 1 some are not, 2 no verdict.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a copy of a publication")
    options = parser.parse_args(arguments)
    try:
        comparison = compare_site(options.directory)
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 2
    for path in comparison.different[:_SHOWN]:
        print(f"PAGE_DIFFERS: {path}")
    print(f"{comparison.same} pages show what the result files say; {len(comparison.different)} do not")
    return 1 if comparison.different else 0


if __name__ == "__main__":
    sys.exit(main())
