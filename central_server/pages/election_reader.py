"""The published election file as pages read it: checked for shape, and that every unit has its place."""

import msgspec

from ledger.election_file import FORMAT, ElectionFile
from ledger.errors import FormatError, UnjudgeableError


def parse_election_file(data: bytes) -> ElectionFile:
    """Raises FormatError(``BAD_ELECTION_FILE``) and UnjudgeableError(``UNKNOWN_ELECTION_FILE``) for another format."""
    try:
        election = msgspec.json.decode(data, type=ElectionFile)
    except msgspec.DecodeError as error:
        raise FormatError("BAD_ELECTION_FILE", f"not an election file: {error}") from error
    if election.format != FORMAT:
        raise UnjudgeableError("UNKNOWN_ELECTION_FILE", f"files of format {election.format!r} are not known here")
    _require_tree({unit.id: unit.parent for unit in election.units})
    return election


def _require_tree(above: dict[str, str | None]) -> None:
    """Every way up ends at a unit without a parent."""
    sound: set[str | None] = {None}
    for unit in above:
        path: set[str | None] = set()
        current: str | None = unit
        while current not in sound:
            if current in path or current not in above:
                raise FormatError("BAD_ELECTION_FILE", f"the units above {unit} are missing or go in a circle")
            path.add(current)
            current = above[current]
        sound |= path
