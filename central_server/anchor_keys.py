"""The keys of an anchor contract: who signs what it takes, and who sends it. Those of its successors have numbers.

The first contract's are ``anchor`` and ``submitter``; a contract that succeeds another has a key of each of its own,
``anchor-2`` and ``submitter-2`` and so on, since the old anchor key may be stolen.
"""

from central_server.directory import ElectionDirectory
from central_server.keys import KeyFileError, load_key
from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.primitives import Address

MAX_CONTRACTS = 100


def suffixes() -> tuple[str, ...]:
    """Of the key files, from the first contract's on."""
    return ("", *(f"-{number}" for number in range(2, MAX_CONTRACTS + 1)))


def load_anchor_key(directory: ElectionDirectory, suffix: str = "") -> AnchorKey:
    """Raises KeyFileError."""
    return AnchorKey(load_key(directory.key(f"anchor{suffix}"), "secp256k1"))


def find_anchor_key(directory: ElectionDirectory, address: Address) -> tuple[str, AnchorKey]:
    """The suffix and the key of the contract with this anchor address. Raises KeyFileError(``ANCHOR_KEY_MISSING``)."""
    for suffix in suffixes():
        if directory.key(f"anchor{suffix}").exists():
            key = load_anchor_key(directory, suffix)
            if key.address == address:
                return suffix, key
    words = f"the contract in force takes what 0x{address.hex()} signs, and no such key is"
    raise KeyFileError("ANCHOR_KEY_MISSING", f"{words} in {directory.key('anchor').parent}")
