"""What the operator reads while the server runs: an event a line on standard error, and no flood of the same one.

Said are codes, sizes and paths; never what a record holds, a key, or who a client is. How an event becomes a line is
for ``operator_lines``.
"""

import contextlib
import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import TextIO

from central_server.operator_lines import Event, Level, encode_text
from ledger.errors import TunukError

REPEAT_SECONDS = 60.0
"""A fault that stays is told again after this long."""

MAX_WORDS = 8_000
"""Characters of a traceback, whose end is what names the fault, and of what a library says."""

_CODED = re.compile(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*): ")


class OperatorLog:
    """For any thread. ``monotonic`` is in seconds; ``encode`` makes a line of an event."""

    def __init__(
        self, stream: TextIO, monotonic: Callable[[], float], encode: Callable[[Event], str] = encode_text
    ) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._encode = encode
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], float] = {}

    def tell(self, source: str, words: str, **fields: int | str | None) -> None:
        """Words that begin with a code and a colon are a warning with that code as its event; others are news."""
        coded = _CODED.match(words)
        if coded is None:
            self._write("info", "NEWS", source, words, **fields)
        else:
            self._write("warning", coded[1], source, words[coded.end() :], **fields)

    def tell_error(self, source: str, error: TunukError) -> None:
        """The same code from the same source is told once a minute. Sources and codes are few: nothing grows."""
        if self._is_due(source, error.code):
            self._write("error", error.code, source, error.message)

    def tell_fault(self, source: str, error: BaseException) -> None:
        """A defect of this program, with its traceback; the same one once a minute."""
        name = type(error).__name__
        if self._is_due(source, f"FAULT {name}"):
            trace = "".join(traceback.format_exception(error))[-MAX_WORDS:]
            self._write("error", "FAULT", source, f"{name}: a defect of this program; report it", trace=trace)

    def tell_record(self, record: logging.LogRecord) -> None:
        """What a library logs. The same line of its code is told once a minute: such places are few."""
        if record.exc_info and record.exc_info[1] is not None:
            self.tell_fault(record.name, record.exc_info[1])
        elif self._is_due(record.name, f"{record.pathname}:{record.lineno}"):
            level: Level = "error" if record.levelno >= logging.ERROR else "warning"
            self._write(level, "LIBRARY", record.name, record.getMessage()[:MAX_WORDS])

    def _is_due(self, source: str, event: str) -> bool:
        now, key = self._monotonic(), (source, event)
        with self._lock:
            if now - self._told.get(key, -REPEAT_SECONDS) < REPEAT_SECONDS:
                return False
            self._told[key] = now
        return True

    def _write(self, level: Level, event: str, source: str, message: str, **fields: int | str | None) -> None:
        """A line that cannot be written is lost: it may go to a file on the very disk that is full. Serving goes on."""
        line = self._encode(Event(level, event, source, message, fields))
        with self._lock, contextlib.suppress(OSError):
            print(line, file=self._stream, flush=True)


class _Handler(logging.Handler):
    def __init__(self, operator: OperatorLog) -> None:
        super().__init__(logging.WARNING)
        self._operator = operator

    def emit(self, record: logging.LogRecord) -> None:
        self._operator.tell_record(record)


@contextlib.contextmanager
def telling_everything(operator: OperatorLog) -> Iterator[None]:
    """Until the end, what libraries log and what ends a thread is told here as well, in the same form and bounds."""
    handler, hook = _Handler(operator), threading.excepthook

    def tell_thread(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None:
            operator.tell_fault("unknown" if ended.thread is None else ended.thread.name, ended.exc_value)

    logging.getLogger().addHandler(handler)
    threading.excepthook = tell_thread
    try:
        yield
    finally:
        threading.excepthook = hook
        logging.getLogger().removeHandler(handler)
