"""``observer follow``: composition of a monitor, its rounds until it is told to stop, and what it prints.

A line a round where something has changed since the last one, and a line for each alarm; with ``--json`` an object for
each round.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from ledger.command_help import WRONG_USAGE, explained
from ledger.errors import TunukError
from ledger.observer.fetch import UnreachableError
from ledger.observer.messages import LANGUAGES, Language, choose_language
from ledger.observer.monitor import Alarm, Monitor, Round
from ledger.observer.monitor_state import FormerHead, KeptHead, MonitorState
from ledger.observer.monitor_succession import is_later
from ledger.observer.monitor_words import describe_alarm, say
from ledger.observer.notify import Notify, NotifyError, command_notifier
from ledger.observer.opening import is_address, open_rpc, open_source
from ledger.observer.receipts import read_receipt
from ledger.observer.state_files import FOLDER_PAUSES_S, HTTP_PAUSES_S
from ledger.policy import MAX_POLICY, Policy, parse_policy

_EXAMPLES = (
    "observer follow https://results.example/ --policy FILE --state DIR",
    "observer follow https://results.example/ --policy FILE --state DIR --on-alarm 'mail -s Tunuk me@example.kg'",
    "observer follow DIR --policy FILE --state DIR --once --json",
    "observer follow DIR --policy FILE --state DIR --receipt /media/usb/17.tlog-proof",
)
_STATUSES = {
    0: "told to stop, or --once: nothing was found wrong",
    1: "something was found wrong, in this run or, where that lasts, in an earlier one",
    2: f"no verdict at the end: unreachable, or rules that this program does not know; {WRONG_USAGE}",
}


def add_follow_parser(commands: Any) -> None:
    """``commands``: the action that ``add_subparsers()`` returned."""
    words = "watch a publication: every head must extend the last one, every new entry and every file must be right"
    parser = commands.add_parser("follow", help=words, **explained(words, _EXAMPLES, _STATUSES))
    parser.add_argument("publication", metavar="DIR_OR_URL", help="a folder, or the address that it is served at")
    parser.add_argument("--policy", metavar="FILE", required=True, type=Path, help="the policy file that you trust")
    parser.add_argument("--state", metavar="DIR", required=True, type=Path, help="what this monitor remembers")
    parser.add_argument("--once", action="store_true", help="one round, then end")
    parser.add_argument("--interval", metavar="S", type=_seconds, default=10.0, help="pause between rounds (10)")
    parser.add_argument(
        "--stalled-after", metavar="S", type=_seconds, default=3600.0, help="call a log stalled then; 0 never (3600)"
    )
    parser.add_argument("--rpc", metavar="URL", help="a node of the chain, to check the anchors with")
    add_receipt_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object for each round, for programs")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the lines (default: from LANG, else en)")
    taker = parser.add_mutually_exclusive_group()
    taker.add_argument("--on-alarm", metavar="COMMAND", help="run it for each new alarm, a JSON object on its input")
    taker.add_argument("--webhook", metavar="URL", help="post each new alarm there, a JSON object")
    parser.set_defaults(run=follow)


def add_receipt_option(parser: argparse.ArgumentParser) -> None:
    words = "a receipt that a device was given: the log must contain what it says (again for each)"
    parser.add_argument("--receipt", metavar="FILE", type=Path, action="append", default=[], help=words)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 1e7:
        raise ValueError
    return seconds


def follow(options: argparse.Namespace) -> int:
    """The exit status."""
    stop = threading.Event()
    language: Language = options.lang or choose_language(os.environ)
    try:
        with contextlib.ExitStack() as stack:
            policy = read_policy(options.policy)
            state = stack.enter_context(MonitorState(options.state))
            _keep_receipts(options.receipt, policy, state)
            notify = _make_notify(options, stack)
            monitor = stack.enter_context(_make_monitor(options, policy, state, stop, stack))
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            return _Following(monitor, state, notify, language, options.json).run(options, stop)
    except (TunukError, NotifyError) as error:
        code = error.code if isinstance(error, TunukError) else "BAD_OPTION"
        print(f"[{code}] {error}", file=sys.stderr)
        return 2


def read_policy(path: Path) -> Policy:
    """Raises UnreachableError(``POLICY_UNREADABLE``), FormatError, UnjudgeableError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_POLICY + 1)
    except OSError as error:
        raise UnreachableError("POLICY_UNREADABLE", f"cannot read {path}: {error.strerror}") from error
    return parse_policy(data)


def _keep_receipts(paths: Sequence[Path], policy: Policy, state: MonitorState) -> None:
    for path in paths:
        head = read_receipt(path, policy)
        kept = KeptHead(head.size, head.root, head.note, int(time.time()))
        known = state.origin()
        if known is not None and is_later(known, head.origin):
            state.keep_former(FormerHead(head.origin, kept))
        else:
            state.pin_origin(head.origin)
            state.keep_receipt(kept)


def _make_notify(options: argparse.Namespace, stack: contextlib.ExitStack) -> Notify | None:
    if options.on_alarm is not None:
        return command_notifier(options.on_alarm)
    if options.webhook is not None:
        # Loaded here, as ``opening`` does: the HTTP client takes half of the time of a start.
        from ledger.observer.webhook import webhook_notifier

        return webhook_notifier(options.webhook, stack)
    return None


def _make_monitor(
    options: argparse.Namespace,
    policy: Policy,
    state: MonitorState,
    stop: threading.Event,
    stack: contextlib.ExitStack,
) -> Monitor:
    source = open_source(options.publication, stack, stop.wait)
    pauses_s: Sequence[float] = HTTP_PAUSES_S if is_address(options.publication) else FOLDER_PAUSES_S
    call = None if options.rpc is None else open_rpc(options.rpc, stack)
    return Monitor(source, policy, state, stop.wait, pauses_s, time.time, options.stalled_after, call)


class _Following:
    def __init__(
        self, monitor: Monitor, state: MonitorState, notify: Notify | None, language: Language, as_json: bool
    ) -> None:
        self._monitor, self._state, self._notify = monitor, state, notify
        self._language, self._as_json = language, as_json
        self._shown = ""
        self._alarmed = False

    def run(self, options: argparse.Namespace, stop: threading.Event) -> int:
        while True:
            found = self._monitor.look()
            documents = self._remember(found)
            self._alarmed |= bool(documents)
            self._show(found, documents)
            self._tell()
            if options.once or stop.wait(options.interval):
                return 1 if self._alarmed else 0 if found.error is None else 2

    def _remember(self, found: Round) -> list[dict[str, object]]:
        """The alarms that hold now: those of this round, and those that last."""
        documents = [self._document(alarm) for alarm in found.alarms]
        self._state.raise_alarms(documents, checked=found.error is None)
        known = {str(document["name"]) for document in documents}
        return documents + [one for one in self._state.alarms(lasting=True) if one["name"] not in known]

    def _document(self, alarm: Alarm) -> dict[str, object]:
        finding = alarm.finding
        path = None if alarm.evidence is None else str((self._state.directory / alarm.evidence).absolute())
        return {
            "name": alarm.name,
            "code": finding.code,
            "index": finding.index,
            "path": finding.path,
            "message": describe_alarm(self._language, finding),
            "evidence": path,
            "lasting": alarm.lasting,
            "origin": self._state.origin(),
        }

    def _show(self, found: Round, documents: list[dict[str, object]]) -> None:
        error = None if found.error is None else f"[{found.error.code}] {describe_alarm(self._language, found.error)}"
        if self._as_json:
            ok = False if documents else True if error is None else None
            shown = {"ok": ok, "size": found.size, "whole": found.whole, "alarms": documents, "error": error}
            print(msgspec.json.encode(shown).decode(), flush=True)
            return
        key = "alarm" if documents else "fine" if error is None else "unjudged"
        lines = [say(self._language, key, size=found.size, count=len(documents))]
        lines += [] if error is None else [f"  {error}"]
        for document in documents:
            lines.append(f"  [{document['code']}] {document['message']}")
            if document["evidence"] is not None:
                lines.append("    " + say(self._language, "evidence", path=document["evidence"]))
        text = "\n".join("".join(letter if letter.isprintable() else "?" for letter in line) for line in lines)
        if text != self._shown:
            print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)
        self._shown = text

    def _tell(self) -> None:
        for document in self._state.alarms(told=False):
            if self._notify is not None:
                try:
                    self._notify(document)
                except NotifyError as error:
                    print(f"[NOT_TOLD] {error}", file=sys.stderr, flush=True)
                    return
            self._state.mark_told(document["name"])
