"""Keeps the pages of a publication's folder up to its newest snapshot, a bounded piece of work at a time.

Only documents that have changed are drawn again; a page names the snapshot that it was drawn from. A page that is there
when the writer starts stays if it is what the newest files give under the snapshot that it names. ``snapshot.json``
names the newest snapshot once all its pages are in place, for pages that are open in a browser.
"""

from collections.abc import Hashable
from pathlib import Path

import msgspec

from central_server.pages.packing import pack, page_path
from central_server.pages.page_files import list_files, read_page, remove_file, replace_file
from central_server.pages.page_model import Document
from central_server.pages.page_stamps import PageStamps
from central_server.pages.proof_files import ProofFiles
from central_server.pages.rendering import DEFAULT_LANGUAGE, Packed, Site, asset_files, render_page
from central_server.pages.site_data import SiteData, parse_site
from central_server.pages.site_plan import Planned, definition_of, plan_site
from central_server.pages.wording import LANGUAGES

SNAPSHOT = "snapshot.json"


class SiteWriter:
    """``directory`` is the publication's. Call ``take`` with a snapshot's files, then ``write`` until it is done.

    After an error ``write`` may be called again, and goes on where it was.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._proofs = ProofFiles(directory)
        self._data: SiteData | None = None
        self._plan: dict[str, Planned] = {}
        self._definition: Hashable = None
        self._drawn: dict[str, object] = {}
        self._due: dict[str, None] = {}
        self._stamps = PageStamps(directory)
        self._begun = False
        self._announced = 0

    def take(self, files: dict[str, bytes]) -> None:
        """Turn to the newest snapshot, by its ``site_data.SOURCES``. What is drawn of an earlier one is not lost.

        Raises FormatError and UnjudgeableError for files that cannot be drawn; the pages stay as they are then.
        """
        data = parse_site(files)
        plan = plan_site(data)
        definition = definition_of(data)
        if definition != self._definition and self._definition is not None:
            self._drawn = dict.fromkeys(self._drawn)
        self._data, self._plan, self._definition = data, plan, definition
        self._due = {path: None for path, planned in plan.items() if self._drawn.get(path) != planned.source}
        for precinct in data.precincts.values():
            self._proofs.want(precinct.entries)
            self._proofs.want(precinct.conflicts)

    def write(self, limit: int) -> bool:
        """Draw up to ``limit`` documents and proofs; whether all is in place. Raises StorageError and FormatError."""
        if self._data is None:
            return True
        if not self._begun:
            self._begin()
        for path in list(self._due)[:limit]:
            self._draw(self._data, path)
            del self._due[path]
            limit -= 1
        limit -= self._proofs.make(limit)
        if self._due or limit <= 0:
            return False
        stamp = self._data.stamp
        if self._announced != stamp.number:
            replace_file(self._directory / SNAPSHOT, msgspec.json.encode(stamp) + b"\n")
            self._announced = stamp.number
        return True

    def _begin(self) -> None:
        """Assets first, for pages refer to them; pages and assets that nothing refers to any more are removed."""
        assets = asset_files()
        for name, data in assets.items():
            if read_page(self._directory / name) != data:
                replace_file(self._directory / name, data)
        for language in LANGUAGES:
            folder = self._directory / language
            for path in list_files(folder, ".html"):
                document = path.relative_to(folder).as_posix().removesuffix(".html").partition("~")[0]
                if document not in self._plan:
                    remove_file(path)
        self._begun = True

    def _draw(self, data: SiteData, path: str) -> None:
        planned = self._plan[path]
        document = planned.build()
        packed = Packed(document, pack(document))
        for language in LANGUAGES:
            for number in range(1, len(packed.pages) + 1):
                self._put(data, packed, number, language)
            self._remove_rest(document, language, len(packed.pages) + 1)
        if path == "index":
            self._put(data, packed, 1, DEFAULT_LANGUAGE, at_root=True)
        self._drawn[path] = planned.source

    def _put(self, data: SiteData, packed: Packed, number: int, language: str, *, at_root: bool = False) -> None:
        site, path = Site.of(data.document), packed.document.path
        folder = self._directory if at_root else self._directory / language
        file = folder / f"{page_path(path, number)}.html"
        if path not in self._drawn and (there := read_page(file)) is not None:
            stamp = self._stamps.of(there, data.document.number)
            if stamp is not None and render_page(site, packed, number, language, stamp, at_root=at_root) == there:
                return
        replace_file(file, render_page(site, packed, number, language, data.stamp, at_root=at_root))

    def _remove_rest(self, document: Document, language: str, number: int) -> None:
        """Pages that the document had when it was longer."""
        while (file := self._directory / language / f"{page_path(document.path, number)}.html").exists():
            remove_file(file)
            number += 1
