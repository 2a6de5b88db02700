"""What a disk may hold after a power failure: the states that POSIX allows after a sequence of file operations.

Only what was flushed is sure to be there. A flush of a file keeps its bytes, not its name; a flush of a folder keeps
the names in it, not what they name. Everything later may be lost or kept, each for itself and in any order; bytes may
also be kept in part, or as zeros. One renaming is one change.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EXHAUSTIVE = 6
"""Of so many changes that may be lost, every choice is tried."""

ROOT = 0
"""The node of the folder that is watched."""


@dataclass(frozen=True, slots=True)
class Link:
    """A new name for a node in a folder: a file or folder that was made, or one that was there at the start."""

    folder: int
    name: str
    node: int
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Unlink:
    folder: int
    name: str


@dataclass(frozen=True, slots=True)
class Rename:
    folder: int
    old: str
    new: str
    node: int


@dataclass(frozen=True, slots=True)
class Write:
    node: int
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    node: int
    size: int


@dataclass(frozen=True, slots=True)
class Flush:
    """Of a file's bytes, or of a folder's names."""

    node: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Something was answered here, which must be true for ever."""

    told: object


NameChange = Link | Unlink | Rename
ByteChange = Write | Truncate
Change = NameChange | ByteChange
Operation = Change | Flush | Mark
State = dict[str, bytes | None]
"""Files by path; None for a folder."""


@dataclass(slots=True)
class Disk:
    """What is on the disk for sure, and the changes that may be."""

    names: dict[int, dict[str, int]] = field(default_factory=lambda: {ROOT: {}})
    data: dict[int, bytes] = field(default_factory=dict)
    folders: set[int] = field(default_factory=lambda: {ROOT})
    pending: list[Change] = field(default_factory=list)

    def apply(self, operation: Operation) -> None:
        match operation:
            case Mark():
                return
            case Flush(node):
                for change in [change for change in self.pending if _place(change) == node]:
                    self._make(change)
                    self.pending.remove(change)
            case _:
                if isinstance(operation, Link) and operation.is_folder:
                    self.folders.add(operation.node)
                self.pending.append(operation)

    def _make(self, change: Change) -> None:
        match change:
            case Link(folder, name, node):
                self.names.setdefault(folder, {})[name] = node
            case Unlink(folder, name):
                self.names.setdefault(folder, {}).pop(name, None)
            case Rename(folder, old, new, node):
                names = self.names.setdefault(folder, {})
                names.pop(old, None)
                names[new] = node
            case Write(node, at, data):
                before = self.data.get(node, b"").ljust(at, b"\0")
                self.data[node] = before[:at] + data + before[at + len(data) :]
            case Truncate(node, size):
                self.data[node] = self.data.get(node, b"")[:size].ljust(size, b"\0")

    def state(self, kept: Sequence[Change]) -> State:
        """With these of the pending changes."""
        disk = Disk({node: dict(names) for node, names in self.names.items()}, dict(self.data), self.folders)
        for change in kept:
            disk._make(change)
        return dict(disk._walk(ROOT, ""))

    def _walk(self, folder: int, path: str) -> Iterator[tuple[str, bytes | None]]:
        for name, node in self.names.get(folder, {}).items():
            if node in self.folders:
                yield f"{path}{name}", None
                yield from self._walk(node, f"{path}{name}/")
            else:
                yield f"{path}{name}", self.data.get(node, b"")


def _place(change: Change) -> int:
    return change.node if isinstance(change, ByteChange) else change.folder


def choices(pending: Sequence[Change]) -> Iterator[list[Change]]:
    """Every choice of a few changes; of many: all, none, all but one, only one, names or bytes alone.

    And everything with one write torn or as zeros.
    """
    everything = list(pending)
    if len(everything) <= EXHAUSTIVE:
        for size in range(len(everything) + 1):
            yield from map(list, itertools.combinations(everything, size))
    else:
        yield everything
        yield []
        yield [change for change in everything if isinstance(change, ByteChange)]
        yield [change for change in everything if not isinstance(change, ByteChange)]
        for at, change in enumerate(everything):
            yield everything[:at] + everything[at + 1 :]
            yield [change]
    for at, change in enumerate(everything):
        if isinstance(change, Write):
            half = Write(change.node, change.at, change.data[: len(change.data) // 2])
            zeros = Write(change.node, change.at, bytes(len(change.data)))
            for spoiled in (half, zeros):
                yield [*everything[:at], spoiled, *everything[at + 1 :]]


def crash_states(operations: Sequence[Operation], first: int = 0) -> Iterator[tuple[int, list[object], State]]:
    """Each state once that the disk may have after the first, second … operation, from the ``first``-th on.

    With how many operations had been made, and with what had been answered by then.
    """
    disk, told, seen = Disk(), list[object](), set[tuple[int, frozenset[tuple[str, bytes | None]]]]()
    for count, operation in enumerate(operations, 1):
        disk.apply(operation)
        if isinstance(operation, Mark):
            told.append(operation.told)
        if count < first:
            continue
        for kept in choices(disk.pending):
            state = disk.state(kept)
            key = (len(told), frozenset(state.items()))
            if key not in seen:
                seen.add(key)
                yield count, list(told), state


def materialise(state: State, root: Path) -> None:
    root.mkdir()
    for name, data in state.items():
        if data is None:
            (root / name).mkdir()
        else:
            (root / name).write_bytes(data)
