"""What the page of the link says about each field, number and code; a test asks that none is missing."""

from collections.abc import Mapping

from ledger.canonical import Canonical
from ledger.election import MAX_TURNOUT_TIMES
from ledger.tally import ContestTally
from urn_agent.device_report import (
    MAX_ENTRIES,
    MAX_UNITS,
    DeviceReport,
    JournalEntry,
    JournalReport,
    TurnoutReport,
    UnitCounts,
)
from urn_agent.frame import CRC_SIZE, MAX_ENCODED, MAX_PAYLOAD
from urn_agent.link_events import LinkTimers
from urn_agent.link_messages import (
    MAX_CHUNK,
    MAX_REPORT,
    MAX_WORDS,
    Bye,
    Data,
    Hello,
    Noted,
    Offer,
    Ping,
    Proceed,
    Refused,
    Reset,
    Settled,
    TurnedAway,
    Welcome,
)
from urn_agent.link_queue import KEPT_PLACES, MAX_WAITING
from urn_agent.serial_port import DEFAULT_BAUD
from urn_agent.session import MAX_CLOCK_OFFSET_S, MAX_SIDE_RECORDS

PATTERNS = {
    r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z": "name",
    r"\A[A-Z][A-Z0-9_]{0,63}\Z": "code",
}

_NUMBER = "the report's number, from the offer"
_DIGEST = "the report's digest, from the offer"
_WORDS = "for the urn's display, in the agent's language; may be empty"
_TURN = {"urn": "the urn's name", "firmware": "version of its program", "session": "as in `Hello`"}

FIELD_WORDS: Mapping[type[Canonical], Mapping[str, str]] = {
    Hello: {
        "": "opens a connection. Its first field keeps place and meaning in every version of the link.",
        "version": "1",
        "urn": "the urn's name in the election's definition",
        "firmware": "version of the urn's program",
        "session": "counts the openings of the polls on this urn; kept over power cuts",
        "time": "the urn's clock at this very hello, Unix seconds; nil without a clock",
        "challenge": "reserved; send it empty",
    },
    Offer: {
        "": "there is a report to send.",
        "kind": "number of the report's kind; a kind that the agent does not know is refused for good",
        "number": "counts the urn's reports within the session",
        "size": f"bytes of the report, 1…{MAX_REPORT:,}",
        "digest": "SHA-256 of the report's bytes",
    },
    Data: {
        "": "a part of the report on offer.",
        "number": _NUMBER,
        "offset": "place of the part's first byte in the report: as `Proceed` asked",
        "chunk": "as many bytes as fit; only the last part may be shorter",
    },
    Ping: {"": "nothing to report, still here."},
    Bye: {"": "nothing more to come, and every answer has arrived. The agent may end after it."},
    Welcome: {
        "": "this urn belongs here.",
        "version": "1",
        "agent": "SHA-256 of the public key by which the agent will sign",
        "time": "the agent's clock, Unix seconds",
        "turnout_times": "when turnout is wanted, Unix seconds, ascending",
        "challenge": "reserved; empty, and to be ignored",
        "response": "reserved; empty, and to be ignored",
    },
    TurnedAway: {
        "": "no connection. Pause, then say hello again.",
        "version": "the agent's version of the link",
        "code": "the reason",
        "words": _WORDS,
    },
    Proceed: {
        "": "the bytes before `offset` have arrived; send from there.",
        "number": _NUMBER,
        "offset": "after an offer 0, or what is left from an earlier connection; then the end of the last part",
    },
    Settled: {"": "the report is stored durably.", "number": _NUMBER, "digest": _DIGEST},
    Refused: {
        "": "the report was not taken.",
        "number": _NUMBER,
        "digest": _DIGEST,
        "code": "the reason",
        "words": _WORDS,
        "retry": "true: pause, say hello and offer it again. false: never offer it again; call people",
    },
    Noted: {"": "answer to `Ping` and `Bye`.", "time": "the agent's clock, Unix seconds"},
    Reset: {
        "": "the message does not fit what the agent knows. Pause, then say hello on a new connection.",
        "code": "the reason",
        "words": _WORDS,
    },
    DeviceReport: {
        "": "all counters, at zero before the polls and as they are after the close.",
        "kind": "which of the two",
        **_TURN,
        "time": "the urn's clock when the report was made, Unix seconds",
        "nonce": "random, made together with the report",
        "units": "ascending by `unit`, each once",
        "urn_signature": "nil, or the urn's own signature",
    },
    TurnoutReport: {
        "": "ballots taken up to a turnout time, over all units and contests together.",
        "kind": "fixed",
        **_TURN,
        "time": "exactly one of `turnout_times` of `Welcome`",
        "ballots": "ballots taken up to that time",
    },
    JournalReport: {
        "": "what happened to the urn, never to a single ballot.",
        "kind": "fixed",
        **_TURN,
        "entries": "in the order of the journal; each entry in one report only",
    },
    UnitCounts: {
        "": "the counters of one reporting unit.",
        "unit": "the unit's name in the election's definition",
        "contests": "ascending by `contest`, each once; every contest of this unit that the urn counts",
    },
    ContestTally: {
        "": "the counters of one contest. An urn sends every number; nil is the agent's, for a cell that it withholds.",
        "contest": "the contest's number",
        "ballots": "ballots with this contest",
        "overvotes": "of these, ballots with too many marks",
        "undervotes": "marks that were not made, in a contest for one: ballots without a mark",
        "selections": "`[selection id, votes of the first vote type, of the second, …]`, ascending by id,"
        " every selection on the ballot, zeros too; the election names one to eight vote types",
    },
    JournalEntry: {
        "": "one event.",
        "time": "the urn's clock, Unix seconds",
        "code": "what happened; see below",
    },
}

EVENTS: Mapping[str, str] = {
    "power_lost": "the mains failed; the urn runs on its battery or goes off",
    "power_restored": "the mains are back",
    "paper_jam": "a ballot or the tape got stuck",
    "cover_opened": "the cover over scanner or counters was opened",
    "cover_closed": "and closed",
    "clock_set": "the clock was set; `time` is by the new setting",
    "restarted": "the urn's program began anew",
    "box_replaced": "a full ballot box was changed for an empty one",
    "scanner_fault": "the scanner does not read",
}

_T = LinkTimers()
NUMBERS: tuple[tuple[str, str, str], ...] = (
    ("speed", f"{DEFAULT_BAUD:,} baud, 8N1", "what agents are set to unless told otherwise"),
    ("payload of a frame", f"1…{MAX_PAYLOAD:,} bytes", "1.1 s at 9,600 baud: a longer one makes each repeat dearer"),
    ("checksum", f"{CRC_SIZE} bytes", "CRC-32"),
    ("between two zeros", f"at most {MAX_ENCODED:,} bytes", "the longest payload, its checksum and the stuffing"),
    ("part of a report", f"1…{MAX_CHUNK} bytes", "fills a frame"),
    ("report", f"1…{MAX_REPORT:,} bytes", "30 units with 30 contests of 20 selections, and some room"),
    ("units in a report", f"1…{MAX_UNITS}", "an urn for remote votes may serve 30"),
    ("entries in a journal report", f"1…{MAX_ENTRIES}", "what is more goes into the next report"),
    ("turnout times", f"at most {MAX_TURNOUT_TIMES}", "set by the election"),
    ("turnout and journal of an urn", f"{MAX_SIDE_RECORDS:,} entries of the log", "then `REPORT_TOO_MANY`"),
    (
        "reports that wait in the urn",
        f"{MAX_WAITING}, of which {KEPT_PLACES} for zero and final reports alone",
        "a firmware may choose others",
    ),
    ("words for the display", f"at most {MAX_WORDS} characters", "in Cyrillic 400 bytes"),
    ("first repeat", f"after {_T.repeat_ms:,} ms", "more than a full frame and its answer take at 9,600 baud"),
    ("further repeats", f"the gap doubles, up to {_T.repeat_limit_ms:,} ms", "a line that is out is not flooded"),
    ("pause before the next hello", f"{_T.pause_ms:,} ms", "after `TurnedAway`, `Refused` with retry, and `Reset`"),
    ("ping", f"after {_T.ping_ms:,} ms without anything to say", "so that both know of each other"),
    ("“nobody answers” on the display", f"after {_T.silent_repeats} repeats", "14 s"),
    ("giving up a farewell", f"after {_T.bye_repeats} repeats", "all that matters was answered before it"),
    ("urn's clock off", f"more than {MAX_CLOCK_OFFSET_S} s", "the agent tells its people"),
)

_FOR_GOOD, _FOR_NOW, _RESET, _AWAY = "`Refused`, for good", "`Refused`, retry", "`Reset`", "`TurnedAway`"
CODES: Mapping[str, str] = {
    "URN_NOT_OURS": _AWAY,
    "LINK_VERSION_UNKNOWN": _AWAY,
    "LINK_UNKNOWN_CONNECTION": _RESET,
    "LINK_OUT_OF_TURN": f"{_RESET}; also shown by the urn for an answer",
    "LINK_SEQUENCE_GAP": _RESET,
    "LINK_WRONG_DATA": f"{_RESET}; also shown by the urn for a `Proceed`",
    "LINK_MESSAGE_UNKNOWN": f"{_RESET}; also shown by the urn",
    "LINK_MESSAGE_MALFORMED": f"{_RESET}; also shown by the urn",
    "LINK_MESSAGE_TOO_SHORT": "no answer, the agent's notice; also shown by the urn",
    "LINK_WRONG_REPORT": "shown by the urn: an answer about another report",
    "LINK_TOO_MANY_REPORTS": "shown by the urn: its queue is full",
    "LINK_REPORT_KIND_UNKNOWN": _FOR_GOOD,
    "LINK_REPORT_TOO_LONG": _FOR_GOOD,
    "LINK_DIGEST_MISMATCH": _FOR_NOW,
    "REPORT_UNREADABLE": _FOR_GOOD,
    "REPORT_UNORDERED": _FOR_GOOD,
    "REPORT_UNEVEN": _FOR_GOOD,
    "REPORT_WITHHELD": _FOR_GOOD,
    "REPORT_NOT_ZERO": _FOR_GOOD,
    "REPORT_NOT_THIS_URNS": _FOR_GOOD,
    "REPORT_NONCE_WEAK": _FOR_GOOD,
    "REPORT_WRONG_TIME": _FOR_GOOD,
    "REPORT_TOO_MANY": _FOR_GOOD,
    "RECORD_TOO_LONG": _FOR_GOOD,
    "OUTBOX_FULL": f"{_FOR_NOW}; {_AWAY}",
    "OUTBOX_DISK_FAILED": f"{_FOR_NOW}; {_AWAY}",
    "OUTBOX_READ_ONLY": f"{_FOR_NOW}; {_AWAY}",
    "OUTBOX_BUSY": f"{_FOR_NOW}; {_AWAY}",
    "OUTBOX_DAMAGED": f"{_FOR_NOW}; {_AWAY}",
    "OUTBOX_FAILED": f"{_FOR_NOW}; {_AWAY}",
    "LINK_FRAME_TOO_LONG": "no answer: noise",
    "LINK_FRAME_TOO_SHORT": "no answer: noise",
    "LINK_FRAME_BAD_STUFFING": "no answer: noise",
    "LINK_FRAME_BAD_CHECKSUM": "no answer: noise",
}
