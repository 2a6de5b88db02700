"""Which snapshot a page that is there names, and what that snapshot says of itself."""

import re
from pathlib import Path

from central_server.pages.results_document import Stamp, parse_stamp
from ledger.errors import FormatError
from ledger.results import numbered_path
from ledger.store.durable import read_file

_NUMBER = re.compile(rb'<main [^>]*data-snapshot="([0-9]{1,15})">')
_MAX_NUMBERED = 64 * 1024 * 1024


class PageStamps:
    """Reads numbered files of the publication in ``directory``, each one once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stamps: dict[int, Stamp | None] = {}

    def of(self, page: bytes, newest: int) -> Stamp | None:
        """The stamp of the snapshot that a page names; None where it names none up to ``newest``. StorageError."""
        found = _NUMBER.search(page)
        if found is None or (number := int(found[1])) > newest:
            return None
        if number not in self._stamps:
            self._stamps[number] = self._read(number)
        return self._stamps[number]

    def _read(self, number: int) -> Stamp | None:
        data = read_file(self._directory / numbered_path(number), _MAX_NUMBERED)
        try:
            return None if data is None else parse_stamp(data)
        except FormatError:
            return None
