"""Drawing every page of a publication again and comparing: whether the pages show what the result files say."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from central_server.pages.packing import pack, page_path
from central_server.pages.page_files import list_files, read_page
from central_server.pages.page_stamps import PageStamps
from central_server.pages.rendering import DEFAULT_LANGUAGE, Packed, Site, asset_files, render_page
from central_server.pages.site_data import SOURCES, parse_site
from central_server.pages.site_plan import plan_site
from central_server.pages.wording import LANGUAGES
from ledger.store.durable import StorageError, read_file

_MAX_SOURCE = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Comparison:
    """``same``: how many pages are as drawn again. ``different``: paths of those that are not, are missing or extra."""

    same: int
    different: tuple[str, ...]


def read_sources(directory: Path) -> dict[str, bytes]:
    """The result files that pages are drawn from, by path. Raises StorageError(``STORAGE_MISSING``)."""
    files = {}
    for path in SOURCES:
        data = read_file(directory / path, _MAX_SOURCE)
        if data is None:
            raise StorageError("STORAGE_MISSING", f"{directory / path} is not there: is this a publication?")
        files[path] = data
    return files


def compare_site(directory: Path) -> Comparison:
    """Compare a publication that is not being written to with this program's pages for its files.

    A page may name an earlier snapshot than the newest: nothing on it has changed since then. Raises StorageError,
    FormatError and UnjudgeableError.
    """
    same, different = 0, []
    expected = set()
    for path, right in _compare(directory):
        expected.add(path)
        same += right
        if not right:
            different.append(path)
    for language in LANGUAGES:
        there = (file.relative_to(directory).as_posix() for file in list_files(directory / language, ".html"))
        different += [path for path in there if path not in expected]
    return Comparison(same, tuple(different))


def _compare(directory: Path) -> Iterator[tuple[str, bool]]:
    data = parse_site(read_sources(directory))
    site, stamps, newest = Site.of(data.document), PageStamps(directory), data.document.number
    for name, content in asset_files().items():
        yield name, read_page(directory / name) == content
    for path, planned in plan_site(data).items():
        document = planned.build()
        packed = Packed(document, pack(document))
        pages = [
            (f"{language}/{page_path(path, number)}.html", number, language, False)
            for language in LANGUAGES
            for number in range(1, len(packed.pages) + 1)
        ]
        if path == "index":
            pages.append(("index.html", 1, DEFAULT_LANGUAGE, True))
        for name, number, language, at_root in pages:
            there = read_page(directory / name)
            stamp = None if there is None else stamps.of(there, newest)
            yield (
                name,
                stamp is not None and there == render_page(site, packed, number, language, stamp, at_root=at_root),
            )
