"""The urn's reports that wait to be sent, by importance: zero and final ones, then turnout, then the journal.

Within one importance the order is that of arrival. Bounded, with places that a long journal cannot take from a final
report. It lives in memory: an urn keeps its reports durably elsewhere, and queues them again after a restart.
"""

from urn_agent.link_events import Report
from urn_agent.link_messages import JOURNAL_REPORT, MAX_REPORT, TURNOUT_REPORT
from urn_agent.link_table import LocalProtocolError

MAX_WAITING = 64
"""Reports that wait: a day's turnout and journal, while nobody answers."""

KEPT_PLACES = 4
"""Of these, so many are for zero and final reports alone."""

_RANKS = {TURNOUT_REPORT: 1, JOURNAL_REPORT: 2}


class ReportQueue:
    """``add``, look at ``first``, ``remove`` it when it is settled or refused for good."""

    def __init__(self) -> None:
        self._waiting: list[Report] = []

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of all that wait, in the order of arrival."""
        return tuple(report.number for report in self._waiting)

    @property
    def first(self) -> Report | None:
        """The report to offer next."""
        return min(self._waiting, key=lambda report: _RANKS.get(report.kind, 0), default=None)

    def add(self, report: Report) -> None:
        """Raises LocalProtocolError(``LINK_REPORT_TOO_LONG``, ``LINK_TOO_MANY_REPORTS``)."""
        if not 0 < len(report.content) <= MAX_REPORT:
            raise LocalProtocolError("LINK_REPORT_TOO_LONG", f"a report has 1…{MAX_REPORT} bytes")
        places = MAX_WAITING - (KEPT_PLACES if report.kind in _RANKS else 0)
        if len(self._waiting) >= places:
            raise LocalProtocolError("LINK_TOO_MANY_REPORTS", f"at most {places} reports wait at a time")
        self._waiting.append(report)

    def remove(self, report: Report) -> None:
        self._waiting.remove(report)
