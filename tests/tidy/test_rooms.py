"""Which package may import what: the import contracts of pyproject.toml, and the outside libraries of each room."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ["ledger", "urn_agent", "central_server", "simulator"]
RUN_LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"
LEDGER_SHELLS = ["store", "log", "anchor", "observer"]


def list_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level name of each absolute import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]


def find_outsiders(files: list[Path], allowed: set[str]) -> list[str]:
    inside = {*allowed, *PACKAGES, *sys.stdlib_module_names}
    return [f"{path}:{line}: {name}" for path in files for line, name in list_imports(path) if name not in inside]


def list_room(python_files: list[Path], folder: Path) -> list[Path]:
    found = [path for path in python_files if path.is_relative_to(folder)]
    assert found, f"{folder} holds no code: has it moved?"
    return found


def test_import_contracts_hold(repository: Path) -> None:
    """The directions between packages, as import-linter reads them from pyproject.toml."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            RUN_LINTER,
            "--no-cache",
        ],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_pure_ledger_needs_two_libraries(repository: Path, python_files: list[Path]) -> None:
    """Whoever verifies an entry installs the standard library, cryptography and msgspec, and reads no shell."""
    ledger = repository / "ledger"
    shells = [ledger / name for name in LEDGER_SHELLS] + [ledger / "log.py"]
    pure = [path for path in list_room(python_files, ledger) if not any(path.is_relative_to(shell) for shell in shells)]
    assert find_outsiders(pure, {"cryptography", "msgspec"}) == []


def test_observer_needs_only_an_http_client_and_a_qr_maker_more(repository: Path, python_files: list[Path]) -> None:
    observer = list_room(python_files, repository / "ledger" / "observer")
    assert find_outsiders(observer, {"cryptography", "msgspec", "httpx", "segno"}) == []


@pytest.mark.parametrize(
    ("module", "libraries"),
    [("", {"cryptography", "msgspec"}), ("uplink", {"httpx"}), ("serial_port", {"serial"}), ("tape", {"segno"})],
)
def test_agent_modules_keep_to_their_libraries(
    repository: Path, python_files: list[Path], module: str, libraries: set[str]
) -> None:
    """One module for each outside library, so that it can be replaced or faked in one place."""
    shells = {"uplink", "serial_port", "tape"}
    room = list_room(python_files, repository / "urn_agent")
    chosen = [path for path in room if (path.stem == module if module else path.stem not in shells)]
    assert find_outsiders(chosen, libraries | {"cryptography", "msgspec"}) == []


def test_product_code_has_no_assert(repository: Path, python_files: list[Path]) -> None:
    """`python -O` removes assert: a check that must hold is an error with a code."""
    product = [path for name in PACKAGES for path in list_room(python_files, repository / name)]
    found = [
        f"{path}:{node.lineno}"
        for path in product
        for node in ast.walk(ast.parse(path.read_bytes(), str(path)))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """A handler of everything that ends by raising the same again is a clean-up, and fine."""
    broad = handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}
    )
    last = handler.body[-1]
    return broad and not (isinstance(last, ast.Raise) and last.exc is None)


def test_nothing_catches_everything(python_files: list[Path]) -> None:
    """A handler names what it expects; the rest is a defect and must be seen."""
    found = [
        f"{path}:{node.lineno}"
        for path in python_files
        for node in ast.walk(ast.parse(path.read_bytes(), str(path)))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]
    assert found == []
