"""What a device may sign for: one election, the urns that the election gives it, and the rules that bind what it says.

All of it comes from the election's records in the device's bundle. Responsible for the values, not for verifying them.
"""

from collections.abc import Collection
from dataclasses import dataclass

from ledger.primitives import Hash


@dataclass(frozen=True, slots=True)
class Assignment:
    """``turnout_times`` are Unix seconds, ascending; ``secrecy_threshold`` is in ballots, 0 for none."""

    election_id: Hash
    urns: Collection[str]
    turnout_times: tuple[int, ...] = ()
    secrecy_threshold: int = 0
