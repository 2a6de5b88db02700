"""Putting pages in place: readers see the old file or the new one, whole.

Nothing is flushed to the disk. Pages can be drawn again from the result files, which are durable, and a start compares
every page with what it should be; a country has ten thousand of them, and flushing each would cost more than drawing.
"""

from pathlib import Path

from ledger.store.durable import read_file, storage_error

MAX_FILE = 256 * 1024
"""Bytes of the longest file that is read back: pages and proofs are much shorter."""

_TEMPORARY = ".tmp-page"


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` in one move; its folder is made. One writer works on a folder. Raises StorageError."""
    temporary = path.parent / _TEMPORARY
    try:
        try:
            temporary.write_bytes(data)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise storage_error(error, f"write {path}") from error


def read_page(path: Path) -> bytes | None:
    """A file's content, or None where there is none or it is none of ours. Raises StorageError."""
    try:
        if path.stat().st_size > MAX_FILE:
            return None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(error, f"look at {path}") from error
    return read_file(path, MAX_FILE)


def remove_file(path: Path) -> None:
    """Raises StorageError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(error, f"remove {path}") from error


def list_files(folder: Path, suffix: str) -> list[Path]:
    """Files below a folder by the end of their names; none where there is no folder. Raises StorageError."""
    try:
        return sorted(path for path in folder.rglob(f"*{suffix}") if path.is_file())
    except OSError as error:
        raise storage_error(error, f"look into {folder}") from error
