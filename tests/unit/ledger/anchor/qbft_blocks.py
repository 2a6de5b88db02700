"""The recorded blocks, and headers spoiled in one way each."""

import json
from pathlib import Path
from typing import Any

from ledger.anchor.block_header import BlockHeader, header_of_block
from ledger.anchor.primitives import Address
from ledger.anchor.rlp import Item, decode_rlp, encode_rlp

_FILE = Path(__file__).parents[3] / "vectors" / "qbft" / "blocks.json"
CASES: dict[str, dict[str, Any]] = {case["name"]: case for case in json.loads(_FILE.read_text())["cases"]}


def header(name: str) -> BlockHeader:
    return header_of_block(CASES[name]["block"])


def validators(name: str) -> list[Address]:
    return [Address.from_hex(text[2:].lower()) for text in CASES[name]["validators"]]


def with_extra(original: BlockHeader, place: int, value: Item) -> BlockHeader:
    """The header with one part of its extra data replaced: 0 vanity, 1 validators, 2 vote, 3 round, 4 seals."""
    parts = list(decode_rlp(original.extra_data))
    parts[place] = value
    return original.with_extra_data(encode_rlp(parts))  # type: ignore[arg-type]


def seals_of(original: BlockHeader) -> list[bytes]:
    return list(decode_rlp(original.extra_data)[4])  # type: ignore[arg-type]
