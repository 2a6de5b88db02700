"""Records what this process does to the files below one folder, and can end it in the middle.

Python's ``os`` is what is watched, since all of this project's writing goes through it; what a library writes in C (as
SQLite does) is not seen.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from tests.system.crash_states import ROOT, Flush, Link, Mark, Operation, Rename, Truncate, Unlink, Write


class Killed(BaseException):
    """The end of the process: from here on it does nothing to the disk."""


class DiskRecorder:
    """What lies below ``root`` when it is made counts as flushed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.operations: list[Operation] = []
        self.kill_before: int | None = None
        """Number of operations after which the next one is not made any more."""
        self._numbers = itertools.count(1)
        self._nodes: dict[str, int] = {str(root): ROOT}
        self._descriptors: dict[int, int] = {}
        for path in sorted(root.rglob("*")):
            self._link(str(path), path.is_dir())
            if path.is_file():
                node = self._nodes[str(path)]
                self.operations += [Write(node, 0, path.read_bytes()), Flush(node)]
        self.operations += [Flush(node) for path, node in self._nodes.items() if Path(path).is_dir()]

    def mark(self, told: object) -> None:
        self.operations.append(Mark(told))

    @contextmanager
    def recording(self) -> Iterator[None]:
        watched: dict[str, Callable[..., object]] = {
            "open": self._open,
            "close": self._close,
            "write": self._write,
            "pwrite": self._pwrite,
            "fsync": self._flushing(os.fsync),
            "fdatasync": self._flushing(os.fdatasync),
            "replace": self._renaming(os.replace),
            "rename": self._renaming(os.rename),
            "unlink": self._removing(os.unlink),
            "rmdir": self._removing(os.rmdir),
            "mkdir": self._mkdir,
            **dict.fromkeys(("truncate", "ftruncate", "link", "symlink", "writev"), self._refuse),
        }
        with ExitStack() as stack:
            for name, call in watched.items():
                stack.enter_context(mock.patch.object(os, name, call))
            stack.enter_context(mock.patch.object(Path, "write_bytes", _write_bytes))
            yield

    def _refuse(self, *_: object) -> None:
        raise NotImplementedError("the recorder does not know this call")

    def _live(self) -> None:
        if self.kill_before is not None and len(self.operations) >= self.kill_before:
            raise Killed

    def _is_inside(self, path: Any) -> bool:
        return str(Path(path)).startswith(f"{self.root}/") or str(Path(path)) == str(self.root)

    def _link(self, path: str, is_folder: bool) -> None:
        folder, name = os.path.split(path)
        self._nodes[path] = next(self._numbers)
        self.operations.append(Link(self._nodes[folder], name, self._nodes[path], is_folder))

    def _open(self, path: Any, flags: int, *arguments: Any, _open: Callable[..., int] = os.open, **named: Any) -> int:
        if not self._is_inside(path):
            return _open(path, flags, *arguments, **named)
        is_new = flags & os.O_CREAT and not os.path.lexists(path)
        if is_new or flags & os.O_TRUNC:
            self._live()
        descriptor = _open(path, flags, *arguments, **named)
        if is_new:
            self._link(str(path), False)
        elif flags & os.O_TRUNC:
            self.operations.append(Truncate(self._nodes[str(path)], 0))
        self._descriptors[descriptor] = self._nodes[str(path)]
        return descriptor

    def _close(self, descriptor: int, _close: Callable[[int], None] = os.close) -> None:
        self._descriptors.pop(descriptor, None)
        _close(descriptor)

    def _write(self, descriptor: int, data: Any, _write: Callable[[int, Any], int] = os.write) -> int:
        return self._writing(descriptor, data, os.lseek(descriptor, 0, os.SEEK_CUR), lambda: _write(descriptor, data))

    def _pwrite(self, descriptor: int, data: Any, at: int, _pwrite: Callable[..., int] = os.pwrite) -> int:
        return self._writing(descriptor, data, at, lambda: _pwrite(descriptor, data, at))

    def _writing(self, descriptor: int, data: Any, at: int, write: Callable[[], int]) -> int:
        if descriptor not in self._descriptors:
            return write()
        self._live()
        written = write()
        self.operations.append(Write(self._descriptors[descriptor], at, bytes(data[:written])))
        return written

    def _flushing(self, flush: Callable[[int], None]) -> Callable[[int], None]:
        """Not on the real disk: what is recorded is what counts."""

        def flushed(descriptor: int) -> None:
            if descriptor not in self._descriptors:
                return flush(descriptor)
            self._live()
            self.operations.append(Flush(self._descriptors[descriptor]))

        return flushed

    def _renaming(self, rename: Callable[..., None]) -> Callable[..., None]:
        def renamed(old: Any, new: Any, **named: Any) -> None:
            if self._is_inside(old):
                self._live()
                (folder, old_name), (new_folder, new_name) = os.path.split(old), os.path.split(new)
                assert folder == new_folder
                node = self._nodes.pop(str(old))
                self._nodes[str(new)] = node
                self.operations.append(Rename(self._nodes[folder], old_name, new_name, node))
            rename(old, new, **named)

        return renamed

    def _removing(self, remove: Callable[..., None]) -> Callable[..., None]:
        def removed(path: Any, **named: Any) -> None:
            if self._is_inside(path):
                self._live()
            remove(path, **named)
            if self._is_inside(path):
                folder, name = os.path.split(path)
                del self._nodes[str(path)]
                self.operations.append(Unlink(self._nodes[folder], name))

        return removed

    def _mkdir(self, path: Any, *arguments: Any, _mkdir: Callable[..., None] = os.mkdir, **named: Any) -> None:
        if self._is_inside(path):
            self._live()
        _mkdir(path, *arguments, **named)
        if self._is_inside(path):
            self._link(str(path), True)


def _write_bytes(path: Path, data: bytes) -> int:
    """As ``Path.write_bytes``, which opens files in C."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        return os.write(descriptor, data)
    finally:
        os.close(descriptor)
