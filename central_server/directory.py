"""Where things lie in the directory of one election. Names only; what is in the files is for those who write them.

``server/`` holds what the server must not lose, and its keys. ``election-key/`` is apart because it is to be taken
offline once the roster is final, ``server/guard/`` because it may be mounted from another disk than the log.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ElectionDirectory:
    """The paths under ``root`` (the ``--dir`` of the commands)."""

    root: Path

    @property
    def election_key(self) -> Path:
        return self.root / "election-key" / "election.key"

    @property
    def server(self) -> Path:
        return self.root / "server"

    @property
    def lock(self) -> Path:
        """Held by the one command that writes here."""
        return self.server / "lock"

    @property
    def running(self) -> Path:
        """Addresses of the server that runs now; not there while none does."""
        return self.server / "running.json"

    @property
    def run_settings(self) -> Path:
        """What an operator chooses for runs, where there is a file."""
        return self.root / "settings.toml"

    @property
    def settings(self) -> Path:
        """Written last by ``init``: whoever finds it finds the rest."""
        return self.server / "settings.json"

    @property
    def definition(self) -> Path:
        return self.server / "definition.json"

    @property
    def roster(self) -> Path:
        """What ``roster`` has fixed, and whether it has finished."""
        return self.server / "roster.json"

    @property
    def log(self) -> Path:
        return self.server / "log.sqlite"

    @property
    def guard(self) -> Path:
        return self.server / "guard" / "head"

    @property
    def certificates(self) -> Path:
        return self.server / "ca"

    @property
    def chain(self) -> Path:
        return self.root / "chain"

    @property
    def bundles(self) -> Path:
        return self.root / "bundles"

    @property
    def policy(self) -> Path:
        return self.root / "policy"

    @property
    def witness_policy(self) -> Path:
        """What a published checkpoint must satisfy, where there is a file: witnesses, their addresses, a quorum."""
        return self.root / "witness-policy"

    @property
    def publication(self) -> Path:
        return self.root / "publication"

    @property
    def keystore(self) -> Path:
        """The submitter's key behind a password, where it was given so."""
        return self.server / "keys" / "submitter.json"

    def key(self, name: str) -> Path:
        """The file of a key that the server holds: log, cosigner, publisher, anchor or submitter."""
        return self.server / "keys" / f"{name}.key"
