"""Arbitrary bodies of records for property tests, drawn from the types themselves, so that a new field is drawn too.

Names, numbers and hashes are mostly those that the small election knows: else nearly every record would end at the
first rule. Lists are drawn distinct and ascending, as nearly all of them have to be.
"""

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from ledger.election import Election
from ledger.primitives import PublicKey
from ledger.record import KINDS, Body
from ledger.rulings import Authority, Decision
from tests.unit.ledger.election_factory import DEVICE_KEYS, OFFICIAL_KEYS, POLLS_OPEN

KNOWN_TEXTS = ["101", "201", "A", "KG", "u0", "u1", "u2", "d0", "x", "+06:00", "2027-01-24", "W.100", "F.100"]
KNOWN_NUMBERS = [0, 1, 2, 3, 5, 30, 100, POLLS_OPEN, POLLS_OPEN + 3_600, 2**31 - 1, 2**53 - 1]
KNOWN_KEYS = [bytes(key.public_key) for key in (*DEVICE_KEYS, *OFFICIAL_KEYS)]
KNOWN_IDS = [bytes(PublicKey(key).key_id) for key in KNOWN_KEYS]

# What goes with which action; a body with anything else is no body.
GIVEN = {
    "grant_role": {"role"}, "revoke_key": {"key_id"}, "replace_device": {"key_id", "device"},
    "amend_contest": {"contest"}, "amend_unit": {"unit"}, "succeed_chain": {"chain"},
    "release": {"targets"}, "correct": {"targets", "supersedes"}, "annul": {"targets", "unit", "contests"},
    "reinstate": {"targets"}, "out_of_use": {"urn"},
}  # fmt: skip
COMMON = {"election_id", "action", "reason", "document"}
ONE_TARGET = {"release", "correct", "reinstate"}


def arbitrary_bodies(election_id: bytes, leaves: Sequence[bytes]) -> st.SearchStrategy[Body | None]:
    """Bodies of any kind, None where a draw did not fit; ``leaves`` are leaf hashes of entries that are there."""
    return st.sampled_from(list(KINDS.values())).flatmap(_Drawer(election_id, leaves).struct)


def arbitrary_elections() -> st.SearchStrategy[Election]:
    """Election records that are well-formed, and of nothing that is there."""
    return _Drawer(bytes(32), []).struct(Election).filter(lambda body: body is not None)


def _first(row: Any) -> Any:
    """What a row of a list is sorted and told apart by."""
    if isinstance(row, tuple):
        return row[0]
    fields = getattr(row, "__struct_fields__", None)
    return getattr(row, fields[0]) if fields else row


class _Drawer:
    def __init__(self, election_id: bytes, leaves: Sequence[bytes]) -> None:
        self._election_id = election_id
        self._hashes = st.sampled_from([*leaves, *KNOWN_IDS, *KNOWN_KEYS, election_id])

    def struct(self, kind: type[Any]) -> st.SearchStrategy[Any]:
        info = inspect.type_info(kind)
        assert isinstance(info, inspect.StructType)
        drawn = {field.name: self._field(kind, field.name, field.type) for field in info.fields}
        return st.fixed_dictionaries(drawn).map(lambda values: _build(kind, values))

    def _field(self, kind: type[Any], name: str, type_of: inspect.Type) -> st.SearchStrategy[Any]:
        if name == "election_id":
            return st.sampled_from([self._election_id] * 15 + [bytes(32)])
        if kind is Election and name == "fold_version":
            return st.sampled_from([1, 1, 1, 2])
        return self._value(type_of)

    def _value(self, type_of: inspect.Type) -> st.SearchStrategy[Any]:
        match type_of:
            case inspect.IntType(ge=low, le=high):
                known = [number for number in KNOWN_NUMBERS if (low or 0) <= number <= (high or 0)]
                return st.sampled_from(known) | st.integers(low, high)
            case inspect.BytesType(min_length=32):
                return self._hashes | st.binary(min_size=32, max_size=32)
            case inspect.BytesType(min_length=low, max_length=high):
                return st.binary(min_size=low or 0, max_size=high)
            case inspect.StrType(pattern=str(pattern)):
                known_texts = [text for text in KNOWN_TEXTS if re.search(pattern, text)]
                return st.sampled_from(known_texts) if known_texts else st.from_regex(pattern)
            case inspect.StrType():
                return st.sampled_from(["", "Жеңиш", 'a "b", c'])
            case inspect.LiteralType(values=values):
                return st.sampled_from(list(values))
            case inspect.NoneType():
                return st.none()
            case inspect.UnionType(types=types):
                return st.one_of([self._value(one) for one in types])
            case inspect.VarTupleType(item_type=item, min_length=low):
                rows = st.lists(self._value(item).filter(lambda row: row is not None), min_size=low or 0, max_size=3)
                return rows.map(_ascending)
            case inspect.StructType(cls=cls):
                return self.struct(cls)
            case _:
                raise TypeError(f"no strategy for {type_of}")


def _ascending(rows: list[Any]) -> tuple[Any, ...]:
    return tuple({_first(row): row for row in sorted(rows, key=_first)}.values())


def _build(kind: type[Any], values: dict[str, Any]) -> Any:
    """None for values that cannot be together."""
    if kind in (Authority, Decision):
        action = values["action"]
        kept = COMMON | GIVEN[action]
        values = {name: value for name, value in values.items() if name in kept}
        if kind is Decision:
            targets = values.get("targets", ())
            values["targets"] = targets[:1] if action in ONE_TARGET else targets
    try:
        return kind(**values)
    except (ValueError, TypeError):
        return None
