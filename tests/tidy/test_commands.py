"""The commands explain themselves, and what is made from their parsers is in step with them."""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.command_pages import PAGE, PARSERS, SCRIPTS, Command, list_commands, render_page, render_script

COMMANDS = [command for parser in PARSERS for command in list_commands(parser)]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


def complete(repository: Path, line: str) -> set[str]:
    """What bash offers at the end of ``line``."""
    words = [*line.split(" ")]
    program = words[0]
    script = f"""
        source {shlex.quote(str(repository / SCRIPTS / program))}.bash
        COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
        _tunuk_{program.replace("-", "_")}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ended = subprocess.run(["bash", "-euc", script], capture_output=True, check=True, text=True, timeout=60)
    return set(ended.stdout.split())


@each_command
def test_help_says_all(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """A description, every option, examples, and three exit statuses."""
    with pytest.raises(SystemExit) as caught:
        command.parser.parse_args(["--help"])
    assert caught.value.code == 0
    words = capsys.readouterr().out
    assert len(command.parser.description or "") > 20
    assert all(action.help for action in command.parser._actions if action.option_strings or not command.children)
    assert command.examples and set(command.statuses) == {0, 1, 2}
    assert all(name in words for action in command.options for name in action.option_strings)
    assert all(part in words for part in (*command.examples, *command.statuses.values()))


@each_command
def test_examples_are_taken(command: Command) -> None:
    """Each is a command that the program's own parser accepts; a shell's redirection is no part of it."""
    [parser] = [parser for parser in PARSERS if parser.prog == command.words[0]]
    for example in command.examples:
        program, *arguments = shlex.split(example.partition(" > ")[0])
        assert program == parser.prog
        parser.parse_args(arguments)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_the_installed_commands_help_and_refuse(parser: argparse.ArgumentParser) -> None:
    """Help is status 0 on standard output; no arguments at all are wrong usage, status 2."""
    program = str(Path(sys.executable).parent / parser.prog)
    asked = subprocess.run([program, "--help"], capture_output=True, check=False, text=True, timeout=60)
    assert asked.returncode == 0 and asked.stdout.startswith("usage: ") and asked.stderr == ""
    wrong = subprocess.run([program], capture_output=True, check=False, text=True, timeout=60)
    assert wrong.returncode == 2 and "usage: " in wrong.stdout + wrong.stderr


def test_the_page_is_in_step(repository: Path) -> None:
    """Made again with `python -m tests.tidy.command_pages`; so are the scripts."""
    page = (repository / PAGE).read_text()
    assert render_page(page) == page


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_the_scripts_are_in_step(repository: Path, parser: argparse.ArgumentParser) -> None:
    assert (repository / SCRIPTS / f"{parser.prog}.bash").read_text() == render_script(parser)


def test_bash_completes(repository: Path) -> None:
    """Commands, options of the command at hand, values from lists; files where nothing is offered."""
    assert complete(repository, "central-server r") == {"rebuild", "restore", "roster", "run"}
    assert complete(repository, "central-server run --") >= {"--dir", "--host", "--port", "--rpc-port", "--help"}
    assert complete(repository, "observer verify --lang ") == {"ky", "ru", "en"}
    assert complete(repository, "observer verify --json --lang k") == {"ky"}
    assert complete(repository, "observer verify --policy ") == set()
    assert complete(repository, "simulator replay --link m") == {"memory"}
    assert complete(repository, "urn-agent run /dev/tty") == set()
    assert "init" not in complete(repository, "urn-agent run ")
