"""Validation rules as the authority writes them: JSON, in a definition or as the list of standard rules.

Responsible for the shape; what a rule means is for ``ledger.validation``.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from ledger.canonical import Text, require_text
from ledger.validation import Quantity, Relation, Rule, Scope, Term
from ledger.words import Words


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the file's objects."""


class WordsField(Strict, frozen=True):
    ky: Text
    ru: Text
    en: Text

    def __post_init__(self) -> None:
        require_text(self.ky, self.ru, self.en)

    def part(self) -> Words:
        return Words(self.ky, self.ru, self.en)


class TermField(Strict, frozen=True):
    factor: Annotated[int, Meta(ge=1, le=1_000_000)]
    quantity: Quantity

    def part(self) -> Term:
        return Term(self.factor, self.quantity)


Sum = Annotated[tuple[TermField, ...], Meta(min_length=1, max_length=16)]


class RuleField(Strict, frozen=True):
    """As ``ledger.validation.Rule``."""

    code: Annotated[str, Meta(pattern=r"\A[FW]\.[0-9]{3}\Z")]
    scope: Scope
    left: Sum
    relation: Relation
    right: Sum
    words: WordsField
    where: Quantity | None = None

    def __post_init__(self) -> None:
        self.part()

    def part(self) -> Rule:
        """Raises ValueError for a rule that cannot be."""
        left, right = (tuple(term.part() for term in terms) for terms in (self.left, self.right))
        return Rule(self.code, self.scope, self.where, left, self.relation, right, self.words.part())


def parse_rules(data: bytes) -> tuple[Rule, ...]:
    """A JSON array of rules. Raises msgspec.ValidationError."""
    return tuple(rule.part() for rule in msgspec.json.decode(data, type=tuple[RuleField, ...]))
