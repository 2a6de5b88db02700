"""What a reader of an OpenElections file has to say about it: problems that refuse the file, and warnings that do not.

Problems are collected and told together with their lines, up to MAX_PROBLEMS, so that whoever mends a file sees all
that is wrong with it. ``docs/importing.md`` explains each code, and how to go on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NoReturn, TypeAlias

from ledger.errors import FormatError

MAX_PROBLEMS = 20

ProblemCode: TypeAlias = Literal[
    "BAD_COUNT",
    "BAD_HEADER",
    "BAD_ROW",
    "BAD_TEXT",
    "BLANK_NAME",
    "DUPLICATE_ROW",
    "EMPTY_FILE",
    "FILE_TOO_LARGE",
    "NOT_UTF8",
    "NO_CHOICES",
    "TOO_FEW_PRECINCTS",
    "TOO_MANY_CHOICES",
    "TOO_MANY_CONTESTS",
    "TOTAL_ROW",
    "VOTES_DO_NOT_ADD_UP",
]

WarningCode: TypeAlias = Literal[
    "BLANK_IS_ZERO",
    "EMPTY_LINE",
    "IGNORED_COLUMN",
    "IGNORED_ROW",
    "MORE_VOTES_THAN_BALLOTS",
    "NORMALISED",
    "PARTLY_SPLIT",
    "PRECINCT_WITHOUT_VOTES",
    "RENAMED_COLUMN",
    "TRIMMED",
]


@dataclass(frozen=True, slots=True)
class FileWarning:
    """``count`` cases of one kind, the first of them on ``line``; ``words`` say what was done."""

    code: WarningCode
    words: str
    line: int
    count: int = 1

    def __str__(self) -> str:
        times = "once" if self.count == 1 else f"{self.count} times, first"
        return f"{self.code}: {self.words} ({times} on line {self.line})"


class Notes:
    """Collects what is said about one file. Lines count from 1, with the header."""

    def __init__(self) -> None:
        self._problems: list[tuple[int, str]] = []
        self._warnings: dict[tuple[WarningCode, str], FileWarning] = {}

    def problem(self, code: ProblemCode, line: int, words: str) -> None:
        """Raises FormatError with all problems so far once there are MAX_PROBLEMS."""
        self._problems.append((line, f"{code}: line {line}: {words}"))
        if len(self._problems) >= MAX_PROBLEMS:
            self.refuse()

    def warn(self, code: WarningCode, line: int, words: str) -> None:
        """Another case of ``code`` with the same ``words`` is counted with the first."""
        first = self._warnings.get((code, words))
        again = FileWarning(code, words, line) if first is None else replace(first, count=first.count + 1)
        self._warnings[code, words] = again

    def settle(self) -> None:
        """Raises FormatError where there was any problem: the code of the first, and a line for each."""
        if self._problems:
            self.refuse()

    def refuse(self) -> NoReturn:
        """All problems in the order of their lines."""
        lines = [words for _, words in sorted(self._problems, key=lambda problem: problem[0])]
        if len(lines) >= MAX_PROBLEMS:
            lines.append(f"and perhaps more: only {MAX_PROBLEMS} are told at a time")
        code, _, first = lines[0].partition(": ")
        raise FormatError(code, "\n".join([first, *lines[1:]]))

    def warnings(self) -> Iterator[FileWarning]:
        """By code, then by line."""
        yield from sorted(self._warnings.values(), key=lambda warning: (warning.code, warning.line))


def refuse_file(code: ProblemCode, words: str) -> NoReturn:
    """Refuse the file as a whole."""
    raise FormatError(code, words)
