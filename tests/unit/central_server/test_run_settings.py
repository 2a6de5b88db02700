"""A setting comes from the first source that has it, and what is wrong with one is said with its source."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central_server.run_settings import SETTINGS, Choice, RunSettings, Setting, Value, Whole, resolve_settings
from ledger.errors import TunukError

CHOSEN = {"snapshot_seconds": 5, "anchor_seconds": 30}
NOWHERE = Path("nowhere.toml")


def possible(setting: Setting) -> st.SearchStrategy[Value]:
    kind = setting.kind
    if isinstance(kind, Whole):
        return st.integers(kind.minimum, kind.maximum)
    return st.sampled_from(kind.words if isinstance(kind, Choice) else ("127.0.0.1", "0.0.0.0", "::1"))


def some(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Value | None]:
    return st.none() | values


SOURCES = st.tuples(*(st.tuples(*[some(possible(setting))] * 3) for setting in SETTINGS))


def to_toml(name: str, value: Value) -> str:
    return f"{name} = {value}\n" if isinstance(value, int) else f'{name} = "{value}"\n'


@given(SOURCES)
def test_command_line_then_environment_then_file_then_default(
    tmp_path_factory: pytest.TempPathFactory, sources: tuple[tuple[Value | None, ...], ...]
) -> None:
    rows = list(zip(SETTINGS, sources, strict=True))
    file = tmp_path_factory.getbasetemp() / "settings.toml"
    file.write_text("".join(to_toml(setting.name, values[2]) for setting, values in rows if values[2] is not None))
    line = {setting.name: values[0] for setting, values in rows}
    environment = {setting.variable: str(values[1]) for setting, values in rows if values[1] is not None}
    found = resolve_settings(line, environment | {"PATH": "x"}, file, CHOSEN)
    for setting, values in rows:
        default = CHOSEN[setting.name] if setting.default is None else setting.default
        expected = next((value for value in values if value is not None), default)
        assert getattr(found, setting.name) == expected, setting.name


def test_every_setting_has_its_field() -> None:
    assert [setting.name for setting in SETTINGS] == list(RunSettings.__struct_fields__)
    assert all(setting.default is None or setting.kind.parse(str(setting.default)) == setting.default
               for setting in SETTINGS)  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "file", "code", "words"),
    [
        ({"TUNUK_PROT": "1"}, "", "UNKNOWN_SETTING", ["TUNUK_PROT", "TUNUK_PORT"]),
        ({"TUNUK_PORT": "65536"}, "", "BAD_SETTING", ["TUNUK_PORT", "0 to 65535", "65536"]),
        ({"TUNUK_PORT": ""}, "", "BAD_SETTING", ["TUNUK_PORT"]),
        ({"TUNUK_PORT": "-1"}, "", "BAD_SETTING", ["TUNUK_PORT"]),
        ({"TUNUK_PORT": "٣"}, "", "BAD_SETTING", ["TUNUK_PORT"]),
        ({"TUNUK_HOST": "localhost"}, "", "BAD_SETTING", ["TUNUK_HOST", "127.0.0.1"]),
        ({"TUNUK_LOG_FORMAT": "xml"}, "", "BAD_SETTING", ["TUNUK_LOG_FORMAT", "text, json"]),
        ({}, "prot = 1\n", "UNKNOWN_SETTING", ["prot in", "settings.toml", "port"]),
        ({}, 'port = "1"\n', "BAD_SETTING", ["port in", "0 to 65535"]),
        ({}, "port = true\n", "BAD_SETTING", ["port in"]),
        ({}, "port = 1.5\n", "BAD_SETTING", ["port in"]),
        ({}, "host = 1\n", "BAD_SETTING", ["host in"]),
        ({}, "[port]\na = 1\n", "BAD_SETTING", ["port in"]),
        ({}, "port = 70000\n", "BAD_SETTING", ["port in", "70000"]),
        ({}, "port 1\n", "BAD_SETTINGS_FILE", ["settings.toml"]),
        ({"TUNUK_CONFIG": "none.toml"}, "", "SETTINGS_FILE_MISSING", ["none.toml"]),
    ],
)
def test_what_is_wrong_is_said_with_its_source(
    tmp_path: Path, environment: dict[str, str], file: str, code: str, words: list[str]
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(file)
    with pytest.raises(TunukError) as caught:
        resolve_settings({}, environment, path, CHOSEN)
    assert caught.value.code == code
    assert [word for word in words if word not in caught.value.message] == []


def test_the_file_is_the_one_that_is_named(tmp_path: Path) -> None:
    """On the command line before the environment, and instead of the directory's own."""
    for name in ("line", "environment", "own"):
        (tmp_path / name).write_text(f"port = {len(name)}\n")
    environment = {"TUNUK_CONFIG": str(tmp_path / "environment")}
    assert resolve_settings({"config": str(tmp_path / "line")}, environment, tmp_path / "own", CHOSEN).port == 4
    assert resolve_settings({}, environment, tmp_path / "own", CHOSEN).port == 11
    assert resolve_settings({}, {}, tmp_path / "own", CHOSEN).port == 3
    assert resolve_settings({}, {}, NOWHERE, CHOSEN).port == 0
