"""A successor log: the entries of another again, a succession, and what is its own."""

from typing import Any

import msgspec

from ledger.fold import Fold
from ledger.note import Ed25519NoteSigner
from ledger.policy import Policy, PolicyLog
from ledger.rulings import Succession
from ledger.signing import Ed25519Signer
from tests.unit.ledger.election_factory import Night
from tests.unit.ledger.observer.publication_factory import LOG_KEY, Author
from tests.unit.ledger.ruling_factory import OFFICIALS, other_chain

SECOND_KEY = Ed25519Signer(bytes([4]) * 32)


class Heir(Author):
    """The author of a successor log."""

    def checkpoint(self, key: Ed25519Signer = SECOND_KEY, **changes: Any) -> bytes:
        return super().checkpoint(key, **changes)


def succession(author: Author, **changes: Any) -> Succession:
    size, root, key = author.size, author.root(), bytes(SECOND_KEY.public_key)
    body = Succession(author.night.election_id, 2, key, size, root, size, root, other_chain(9), "lost", "9/1")
    return msgspec.structs.replace(body, **changes)


def take_again(before: Author, count: int, **changes: Any) -> Heir:
    """A log that takes the first entries of another, hands over, and has a snapshot of its own."""
    night = Night(Fold(), before.night.election_id, [])
    for entry in before.night.entries[:count]:
        night.take(entry)
    heir = Heir(night)
    heir.origin = before.origin[:-1] + "2"
    for name, data in before.files.items():
        if name.startswith("results/"):
            heir.files[name] = data
    heir.say(succession(heir, **changes), *OFFICIALS)
    return heir


def policy(author: Author) -> Policy:
    names = author.origin[:-1]
    keys = Ed25519NoteSigner(names + "1", LOG_KEY).key, Ed25519NoteSigner(names + "2", SECOND_KEY).key
    return Policy(tuple(PolicyLog(key) for key in keys))


def finish(heir: Heir) -> Heir:
    heir.snapshot()
    heir.publish()
    return heir
