"""Runs a command of this project, notes its durable steps, and is killed at one of them.

    python -m tests.system.dying_process JOURNAL STEP MODULE ARGUMENT...

A step is before or after a commit of a database, a flush, a write to the guard, or the renaming of a file; its name
says which file, without numbers. Steps count once the file JOURNAL.armed is there. Each is noted in JOURNAL; at the
first one that is called STEP, or at the one of this number, the process gets SIGKILL, as if the power had failed.
"""

import itertools
import os
import re
import runpy
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

KINDS = ("replace", "rename", "link", "fsync", "fdatasync", "pwrite")


class DyingProcess:
    def __init__(self, journal: Path, last: str) -> None:
        self._armed = f"{journal}.armed"
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._last = last
        self._numbers = itertools.count(1)

    def step(self, name: str) -> None:
        if os.path.exists(self._armed):  # noqa: PTH110  # Path would be one of the calls that are watched.
            os.write(self._journal, f"{name}\n".encode())
            if self._last in (name, str(next(self._numbers))):
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, kind: str) -> None:
        call: Callable[..., Any] = getattr(os, kind)

        def watched(*arguments: Any, **named: Any) -> Any:
            name = f"{kind} {_name(arguments[1] if kind in ('replace', 'rename', 'link') else arguments[0])}"
            self.step(f"before {name}")
            result = call(*arguments, **named)
            self.step(f"after {name}")
            return result

        setattr(os, kind, watched)

    def watch_commits(self) -> None:
        connect = sqlite3.connect
        process = self

        class Watched(sqlite3.Connection):
            def __init__(self, database: Any, *arguments: Any, **named: Any) -> None:
                super().__init__(database, *arguments, **named)
                self._name = f"commit {_name(str(database).partition('?')[0])}"

            def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
                if sql != "COMMIT":
                    return super().execute(sql, *arguments)
                process.step(f"before {self._name}")
                result = super().execute(sql, *arguments)
                process.step(f"after {self._name}")
                return result

        def watching(*arguments: Any, **named: Any) -> sqlite3.Connection:
            return connect(*arguments, factory=Watched, **named)

        setattr(sqlite3, "connect", watching)  # noqa: B010  # Its overloads are many, and this passes them all on.


def _name(file: Any) -> str:
    """The last two parts of a path, or of an open file's, without numbers and random parts; all pages are one."""
    path = Path(f"/proc/self/fd/{file}").readlink() if isinstance(file, int) else Path(file)
    if ".html" in path.name or "pages" in path.parts:
        return "page"
    return re.sub(r"[0-9]+", "N", re.sub(r"\.tmp-.*", ".tmp", "/".join(path.parts[-2:])))


def main() -> None:
    journal, last, module, *arguments = sys.argv[1:]
    process = DyingProcess(Path(journal), last)
    for kind in KINDS:
        process.watch(kind)
    process.watch_commits()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
