"""What is made from the commands' own parsers: the table of docs/commands.md, and scripts for completion in a shell.

Made again with `.venv/bin/python -m tests.tidy.command_pages`; a test compares. Reads argparse's lists of actions,
which are not public, but have kept their names since there is argparse.
"""

import argparse
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from central_server.cli import make_parser as make_server_parser
from ledger.observer.cli import make_parser as make_observer_parser
from simulator.cli import make_parser as make_simulator_parser
from urn_agent.cli import make_parser as make_agent_parser

PAGE = Path("docs") / "commands.md"
SCRIPTS = Path("docs") / "completion"
BEGIN, END = "<!-- made by tests/tidy/command_pages.py -->", "<!-- end -->"

PARSERS = [make_server_parser(), make_agent_parser(), make_observer_parser(), make_simulator_parser()]


@dataclass(frozen=True, slots=True)
class Command:
    """``words`` begin with the program's name."""

    words: tuple[str, ...]
    parser: argparse.ArgumentParser

    @property
    def name(self) -> str:
        return " ".join(self.words)

    @property
    def options(self) -> list[argparse.Action]:
        return [action for action in self.parser._actions if action.option_strings]

    @property
    def children(self) -> "dict[str, argparse.ArgumentParser]":
        found: dict[str, argparse.ArgumentParser] = {}
        for action in self.parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= action.choices
        return found

    @property
    def choices(self) -> list[str]:
        """What may stand for arguments that are no options, where there is a list."""
        found = [action for action in self.parser._actions if not action.option_strings and not self.children]
        return [str(choice) for action in found for choice in action.choices or ()]

    @property
    def examples(self) -> list[str]:
        return self._section("examples")

    @property
    def statuses(self) -> dict[int, str]:
        rows = (line.split(None, 1) for line in self._section("exit status"))
        return {int(status): meaning for status, meaning in rows}

    def _section(self, name: str) -> list[str]:
        found = re.search(rf"^{name}:\n((?:  .+\n?)+)", self.parser.epilog or "", re.MULTILINE)
        return [line.strip() for line in found[1].splitlines()] if found else []


def list_commands(parser: argparse.ArgumentParser) -> Iterator[Command]:
    """The program, then each of its commands and their commands."""
    waiting = [Command((parser.prog,), parser)]
    while waiting:
        command = waiting.pop(0)
        yield command
        waiting[:0] = [Command((*command.words, name), child) for name, child in command.children.items()]


def render_tables() -> str:
    """A table of the exit statuses of all commands that do something."""
    lines = [BEGIN, "", "| Command | Does | 0 | 1 | 2 |", "|---|---|---|---|---|"]
    for parser in PARSERS:
        for command in list_commands(parser):
            if not command.children:
                does = (command.parser.description or "").rstrip(".")
                cells = [f"`{command.name}`", does, *(command.statuses.get(status, "") for status in (0, 1, 2))]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", END])


def render_page(page: str) -> str:
    """The page with its tables made again."""
    before, _, rest = page.partition(BEGIN)
    return before + render_tables() + rest.partition(END)[2]


def render_script(parser: argparse.ArgumentParser) -> str:
    """For bash: the commands, the options of each, and the values of options that have a list of them.

    Where nothing is offered, bash completes names of files.
    """
    commands, values, words = [], [], []
    for command in list_commands(parser):
        path = " ".join(command.words[1:])
        commands += [" ".join(["", *command.words[1:], name]) for name in command.children]
        options = (name for option in command.options for name in option.option_strings)
        offered = [*command.children, *command.choices, *options]
        words.append(f"        {shlex.quote(path)}) words={shlex.quote(' '.join(offered))} ;;")
        for option in command.options:
            if option.nargs != 0:
                cases = "|".join(shlex.quote(f"{path} {name}") for name in option.option_strings)
                chosen = shlex.quote(" ".join(map(str, option.choices or ())))
                values.append(f"        {cases}) words={chosen}; plain=yes ;;")
    function = "_tunuk_" + parser.prog.replace("-", "_")
    return _SCRIPT.format(
        program=parser.prog,
        function=function,
        commands="|".join(map(shlex.quote, commands)),
        words="\n".join(words),
        values="\n".join(values),
    )


_SCRIPT = """\
# Completion of {program} in bash, made by tests/tidy/command_pages.py. To use it: source docs/completion/{program}.bash
{function}() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} path= word words= plain=
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
        case "$path $word" in
        {commands}) path="$path $word" ;;
        esac
    done
    path=${{path# }}
    case "$path $previous" in
{values}
    esac
    if [[ -z $plain ]]; then
        case $path in
{words}
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o default -F {function} {program}
"""


def main() -> None:
    PAGE.write_text(render_page(PAGE.read_text()))
    SCRIPTS.mkdir(exist_ok=True)
    for parser in PARSERS:
        (SCRIPTS / f"{parser.prog}.bash").write_text(render_script(parser))


if __name__ == "__main__":
    main()
