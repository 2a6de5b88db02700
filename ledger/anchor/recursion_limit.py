"""Undoes what a chain's libraries do to the whole process: py_ecc raises Python's recursion limit to 100,000.

With that limit a deeply nested JSON document, in any request to any part of the process, overflows the C stack and
kills the process, where otherwise it gets a RecursionError. web3, eth-account and py-evm all import py_ecc.
"""

import sys

# Imported for its effect, so that no later import has it.
import py_ecc  # noqa: F401

RECURSION_LIMIT = 12_288
"""What py-evm asks for, to nest 1,024 calls. The JSON parsers keep within 8 MiB of stack at this depth."""


def lower_recursion_limit() -> None:
    """To be called by every module that imports one of these libraries."""
    sys.setrecursionlimit(RECURSION_LIMIT)
