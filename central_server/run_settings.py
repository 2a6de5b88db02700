"""What a run of the server may choose anew: one table of settings, and where each value comes from.

The command line comes before the environment, the environment before the settings file, the file before the default.
What ``init`` fixes for good is in ``settings``. Parsing and help of the command line, the environment and the table of
``docs/settings.md`` are all made from ``SETTINGS``.
"""

import ipaddress
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from ledger.errors import FormatError
from ledger.store.durable import StorageError, read_file

PREFIX = "TUNUK_"
FILE_VARIABLE = "TUNUK_CONFIG"
MAX_FILE = 64 * 1024

_OTHER_PROGRAMS = frozenset({"TUNUK_BENCH_TALLIES"})
"""Variables with our prefix that are not the server's: the benchmarks'."""

Value = int | str


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds, both included; ``noun`` as in "a port is from 0 to 65535"."""

    minimum: int
    maximum: int
    noun: str = "a number"

    @property
    def allowed(self) -> str:
        return f"{self.minimum} to {self.maximum}"

    def parse(self, text: str) -> int:
        """Raises ValueError, in words for people."""
        if not (text.isascii() and text.isdecimal()) or len(text) > 16 or not self.minimum <= int(text) <= self.maximum:
            raise ValueError(f"{self.noun} is from {self.minimum} to {self.maximum}, not {text[:80]!r}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return ", ".join(self.words)

    def parse(self, text: str) -> str:
        """Raises ValueError, in words for people."""
        if text not in self.words:
            raise ValueError(f"choose from {', '.join(self.words)}, not {text[:80]!r}")
        return text


@dataclass(frozen=True, slots=True)
class Address:
    """An address of this machine to listen on; names are not looked up."""

    allowed: str = "an IPv4 or IPv6 address"

    def parse(self, text: str) -> str:
        """Raises ValueError, in words for people."""
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            raise ValueError(f"give an address to listen on, such as 127.0.0.1, not {text[:80]!r}") from None


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a file, which is looked for when it is needed; nothing for none."""

    allowed: str = "a file"

    def parse(self, text: str) -> str:
        """Raises ValueError, in words for people."""
        if not text.isprintable() or len(text) > 4_096:
            raise ValueError(f"give the name of a file, not {text[:80]!r}")
        return text


@dataclass(frozen=True, slots=True)
class Setting:
    """``default`` None: what ``init`` was given."""

    name: str
    kind: Whole | Choice | Address | FileName
    default: Value | None
    metavar: str
    meaning: str

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def default_words(self) -> str:
        return "as init was told" if self.default is None else str(self.default) or "none"


_PORT = Whole(0, 65_535, "a port")
SETTINGS = (
    Setting("host", Address(), "127.0.0.1", "ADDRESS", "to listen on for devices"),
    Setting("port", _PORT, 0, "N", "for devices; 0 takes a free one"),
    Setting("rpc_port", _PORT, 0, "N", "of the embedded chain, loopback only; 0 takes a free one"),
    Setting("ops_host", Address(), "127.0.0.1", "ADDRESS", "to listen on for monitoring, without TLS"),
    Setting("ops_port", _PORT, 0, "N", "for monitoring: /metrics and /healthz; 0 takes a free one"),
    Setting("submitter_password_file", FileName(), "", "FILE", "with the password of the submitter's keystore"),
    Setting("log_format", Choice(("text", "json")), "text", "FORMAT", "of the lines on standard error"),
    Setting("snapshot_seconds", Whole(1, 3_600), None, "S", "between two snapshots at least"),
    Setting("anchor_seconds", Whole(1, 86_400), None, "S", "between two anchors at least"),
    Setting("max_connections", Whole(16, 65_536), 4_096, "N", "at a time, about 100 KiB each; more get BUSY"),
    Setting("max_held_mib", Whole(8, 65_536), 256, "MIB", "of request bodies in memory; more get BUSY"),
    Setting("min_free_mib", Whole(0, 2**40), 256, "MIB", "of free disk; with less the server is not ready"),
    Setting("grace_seconds", Whole(0, 600), 15, "S", "for answers that are under way when the server is stopped"),
)


class RunSettings(msgspec.Struct, frozen=True):
    """The settings of one run, by the names of ``SETTINGS``."""

    host: str
    port: int
    rpc_port: int
    ops_host: str
    ops_port: int
    submitter_password_file: str
    log_format: Literal["text", "json"]
    snapshot_seconds: int
    anchor_seconds: int
    max_connections: int
    max_held_mib: int
    min_free_mib: int
    grace_seconds: int


def resolve_settings(
    given: Mapping[str, Value | None], environment: Mapping[str, str], file: Path, chosen: Mapping[str, int]
) -> RunSettings:
    """``given``: the command line, None for what it leaves open, ``config`` among it; ``chosen``: what init was told.

    ``file`` is read where neither names another one, and may be missing then. Raises FormatError(``BAD_SETTING``,
    ``UNKNOWN_SETTING``, ``BAD_SETTINGS_FILE``), StorageError(``SETTINGS_FILE_MISSING``).
    """
    values: dict[str, Value] = dict(chosen)
    values |= {setting.name: setting.default for setting in SETTINGS if setting.default is not None}
    named = given.get("config") or environment.get(FILE_VARIABLE)
    values |= _read_settings_file(Path(str(named)) if named else file, required=named is not None)
    values |= _read_environment(environment)
    values |= {setting.name: value for setting in SETTINGS if (value := given.get(setting.name)) is not None}
    return msgspec.convert(values, RunSettings)


def _read_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    known = {setting.variable: setting for setting in SETTINGS}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable == FILE_VARIABLE or variable in _OTHER_PROGRAMS:
            continue
        if variable not in known:
            raise _unknown(f"the variable {variable}", known)
        yield known[variable].name, _parse(known[variable], text, f"the variable {variable}")


def _read_settings_file(path: Path, *, required: bool) -> Iterator[tuple[str, Value]]:
    data = read_file(path, MAX_FILE)
    if data is None:
        if required:
            raise StorageError("SETTINGS_FILE_MISSING", f"{path} does not exist: name another file, or none")
        return
    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError("BAD_SETTINGS_FILE", f"{path} is not TOML: {error}") from error
    known = {setting.name: setting for setting in SETTINGS}
    for name, value in document.items():
        source = f"{name} in {path}"
        if name not in known:
            raise _unknown(source, known)
        # A number is written as a number and a word as text, as the table shows them.
        if isinstance(value, bool) or isinstance(value, int) != isinstance(known[name].kind, Whole):
            raise FormatError("BAD_SETTING", f"{source}: it takes {known[name].kind.allowed}, not {value!r:.80}")
        yield name, _parse(known[name], str(value), source)


def _parse(setting: Setting, text: str, source: str) -> Value:
    try:
        return setting.kind.parse(text)
    except ValueError as error:
        raise FormatError("BAD_SETTING", f"{source}: {error}") from error


def _unknown(source: str, known: Mapping[str, Setting]) -> FormatError:
    return FormatError("UNKNOWN_SETTING", f"{source} is no setting; there are {', '.join(known)}")
