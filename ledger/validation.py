"""Validation rules as data of an election: coded comparisons of sums over named quantities.

A rule says what must hold. F.xxx is arithmetic: a tally that breaks it is held, not counted, until it is released or
corrected. W.xxx is unlikely: counted and flagged. Everyone can judge them again from the log. Scopes and quantities:

    contest   one cell of a tally: ballots, votes, overvotes, undervotes; ballots and overvotes times the votes allowed
              (``ballots_x_allowed``, ``overvotes_x_allowed``); withheld cells are not asked
    tally     one tally: ballots (of the contest that has most), turnout (the urn's last), openings (zero reports of
              this urn and session), time, polls_open, polls_close, snapshot_before
    clock     one tally, once the next snapshot is there: time, and the server's times around it, snapshot_before and
              snapshot_after
    return    one contest of a hand-counted protocol: its lines by name, votes, registered
    all but clock   registered (voters of the unit, where known)
    all       one (the number 1, for constants)
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from ledger.canonical import Canonical
from ledger.words import Words

MAX_RULES = 100

Quantity = Literal[
    "one",
    "ballots",
    "votes",
    "overvotes",
    "undervotes",
    "ballots_x_allowed",
    "overvotes_x_allowed",
    "registered",
    "turnout",
    "openings",
    "time",
    "polls_open",
    "polls_close",
    "snapshot_before",
    "snapshot_after",
    "received",
    "issued_early",
    "issued_inside",
    "issued_outside",
    "cancelled",
    "lost",
    "unaccounted",
    "found_mobile",
    "found_stationary",
    "valid",
    "invalid",
]
Scope = Literal["contest", "tally", "clock", "return"]
Relation = Literal["=", "<=", "<"]
Values = Mapping[str, int | None]
"""What the quantities are in one case; None or absent for what is not known."""


class Term(Canonical, frozen=True):
    """``factor`` times a quantity."""

    factor: Annotated[int, Meta(ge=1, le=1_000_000)]
    quantity: Quantity


Sum = Annotated[tuple[Term, ...], Meta(min_length=1, max_length=16)]


class Rule(Canonical, frozen=True):
    """What must hold: ``left`` ``relation`` ``right``. A tally that breaks an F rule is held; by a W rule, flagged.

    Asked only where all its quantities are known, and where ``where``, if there is one, is not zero.
    """

    code: Annotated[str, Meta(pattern=r"\A[FW]\.[0-9]{3}\Z")]
    scope: Scope
    where: Quantity | None
    left: Sum
    relation: Relation
    right: Sum
    words: Words

    def __post_init__(self) -> None:
        if self.code.startswith("F.") and self.scope in ("clock", "return"):
            raise ValueError(f"rule {self.code}: what is judged afterwards can flag, not hold")

    @property
    def holds_back(self) -> bool:
        """Whether a tally that breaks this rule is held."""
        return self.code.startswith("F.")


def breaks(rule: Rule, values: Values) -> bool:
    """Whether the rule is asked in this case, and does not hold."""
    if rule.where is not None and not _value(rule.where, values):
        return False
    left, right = _sum(rule.left, values), _sum(rule.right, values)
    if left is None or right is None:
        return False
    if rule.relation == "=":
        return left != right
    return left > right if rule.relation == "<=" else left >= right


def _value(quantity: str, values: Values) -> int | None:
    return 1 if quantity == "one" else values.get(quantity)


def _sum(terms: Sum, values: Values) -> int | None:
    total = 0
    for term in terms:
        value = _value(term.quantity, values)
        if value is None:
            return None
        total += term.factor * value
    return total
