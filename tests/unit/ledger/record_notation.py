"""How ``docs/records.md`` writes the type of a field, derived from the type itself."""

from typing import Any, get_args

from msgspec import inspect

from ledger.canonical import Canonical
from ledger.validation import Quantity

_INTEGERS = {(0, 2**53 - 1): "u53", (0, 2**31 - 1): "u31", (0, 253_402_300_799): "Time"}
_PATTERNS = {r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z": "Identifier"}


def fields_of(struct: type[Canonical]) -> list[tuple[str, str]]:
    """Name and type of each field, in the order of the array."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return [(field.name, write_type(field.type)) for field in info.fields]


def structs_of(struct: type[Canonical]) -> list[type[Canonical]]:
    """The struct and those within it, each once, outermost first."""
    found: dict[type[Canonical], None] = {struct: None}
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        for inner in _structs_in(field.type):
            found |= dict.fromkeys(structs_of(inner))
    return list(found)


def _structs_in(kind: inspect.Type) -> list[type[Any]]:
    match kind:
        case inspect.StructType(cls=cls):
            return [cls]
        case inspect.VarTupleType(item_type=item):
            return _structs_in(item)
        case inspect.UnionType(types=types):
            return [struct for one in types for struct in _structs_in(one)]
    return []


def write_type(kind: inspect.Type) -> str:
    match kind:
        case inspect.IntType(ge=low, le=high):
            known = _INTEGERS.get((low or 0, high or 0))
            return known if known is not None else f"{low} to {_power(high or 0)}"
        case inspect.BytesType(min_length=low, max_length=high):
            return f"bin {low}" if low == high else f"bin {low} to {high}"
        case inspect.StrType(pattern=str(pattern)):
            return _PATTERNS.get(pattern, f"text `{pattern.removeprefix(chr(92) + 'A').removesuffix(chr(92) + 'Z')}`")
        case inspect.StrType():
            return "Text"
        case inspect.LiteralType(values=values):
            return "Quantity" if set(values) == set(get_args(Quantity)) else ", ".join(f"`{value}`" for value in values)
        case inspect.VarTupleType(item_type=item, min_length=low, max_length=high):
            return f"[{write_type(item)}] {low or 0} to {high}"
        case inspect.UnionType(types=types):
            return " or ".join([*(write_type(one) for one in types if not isinstance(one, inspect.NoneType)), "nil"])
        case inspect.StructType(cls=cls):
            return str(cls.__name__)
    raise TypeError(f"no notation for {kind}")


def _power(number: int) -> str:
    return "2^53 - 1" if number == 2**53 - 1 else str(number)
