"""Reading a publication's files: from a folder, behind a protocol that an HTTP address fulfils as well.

Responsible for bounds, and for telling "the publication lacks this" (a fault of the publication) from "it cannot be
reached" (no verdict). A folder may come from a stranger on a stick: nothing outside of it is ever read, no link is
followed, and only regular files are opened. What the bytes mean is nobody's business here.
"""

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath
from typing import ParamSpec, Protocol, TypeVar

from ledger.errors import TunukError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Given = ParamSpec("_Given")

_ABSENT = {errno.ENOENT, errno.ENOTDIR}
# Windows has no such flags: there, the check of each part of the path has to do.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class FileFault(TunukError):
    """The publication is at fault: FILE_MISSING, FILE_TOO_LONG, or FILE_UNSAFE (a link, a device, a folder)."""


class UnreachableError(TunukError):
    """The publication cannot be read now, so that nothing can be said about it (UNREACHABLE, UNREADABLE)."""


class Source(Protocol):
    """A publication. ``read`` may be called by several threads at once."""

    def read(self, path: str, limit: int) -> bytes:
        """The whole file at ``path`` (relative, with slashes), at most ``limit`` bytes.

        Raises FileFault and UnreachableError.
        """
        ...


def missing(path: str) -> FileFault:
    return FileFault("FILE_MISSING", f"{path} is not there")


def too_long(path: str, limit: int) -> FileFault:
    return FileFault("FILE_TOO_LONG", f"{path} is longer than the {limit} bytes that it may have")


class FolderSource:
    """A publication in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        """Raises UnreachableError(``UNREACHABLE``) where there is no such folder."""
        # The folder itself is the observer's choice, and may be behind a link.
        self._root = folder.resolve()
        if not self._root.is_dir():
            raise UnreachableError(
                "UNREACHABLE", f"{folder} is not a folder; an address starts with http:// or https://"
            )

    def read(self, path: str, limit: int) -> bytes:
        try:
            descriptor = os.open(self._locate(path), _FLAGS)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    raise _unsafe(path)
                # A buffer of the limit's length for each small file would take longer than reading it.
                data = file.read(min(found.st_size, limit) + 1)
        except OSError as error:
            if error.errno in _ABSENT:
                raise missing(path) from error
            if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
                raise _unsafe(path) from error
            raise UnreachableError("UNREADABLE", f"cannot read {path}: {error.strerror}") from error
        if len(data) > limit:
            raise too_long(path, limit)
        return data

    def _locate(self, path: str) -> str:
        """The file's place, once no part of the way to it is a link or leads upwards."""
        parts = PurePosixPath(path).parts
        if not parts or any(part in ("..", "/") for part in parts):
            raise _unsafe(path)
        place = str(self._root)
        for part in parts:
            place = f"{place}/{part}"
            if stat.S_ISLNK(os.lstat(place).st_mode):
                raise _unsafe(path)
        return place


def _unsafe(path: str) -> FileFault:
    return FileFault("FILE_UNSAFE", f"{path} is no regular file within the publication")


class _Awaited(Future[_Result]):
    """A call that is made when its result is asked for."""

    def __init__(self, call: Callable[[], _Result]) -> None:
        super().__init__()
        self._call = call

    def result(self, timeout: float | None = None) -> _Result:
        return self._call()


class InTurn(Executor):
    """Has no threads: each call is made when its result is asked for, and raises there."""

    def submit(self, fn: Callable[_Given, _Result], /, *args: _Given.args, **kwargs: _Given.kwargs) -> Future[_Result]:
        return _Awaited(partial(fn, *args, **kwargs))


def open_readers(source: Source, count: int) -> Executor:
    """Threads for reading so many files at once; none for a folder, where they would only wait for one another."""
    return InTurn() if isinstance(source, FolderSource) else ThreadPoolExecutor(count)


def work_ahead(
    pool: Executor, function: Callable[[_Item], _Result], items: Iterable[_Item], window: int
) -> Iterator[_Result]:
    """``map(function, items)`` in order, with up to ``window`` calls under way in the pool.

    What a call raises is raised in its turn; calls that have not begun are then cancelled.
    """
    pending: deque[Future[_Result]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= window:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
