"""Trust policies (C2SP tlog-policy): which logs count, and how many witnesses must have seen a checkpoint.

Responsible for the policy file and for judging checkpoints by it. An observer pins one such file; where it comes from,
and what the log's entries say, is not this module's business. The rules of the file, one error message each:

1. Octets: tab, newline, 0x20-0x7E and 0x80-0xFF. Every line ends with a newline. Names are opaque octets.
2. ``log`` and ``witness`` keys are vkeys of a fitting type; no public key twice among the logs, or among the witnesses.
3. Witnesses and groups share one name space, in which ``none`` is taken.
4. A line refers to names defined above it only; a name is a member of at most one group.
5. There is exactly one quorum line.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from ledger.checkpoint import VerifiedCheckpoint, verify_checkpoint
from ledger.errors import FormatError, SignatureError
from ledger.signing import CryptographyVerifier, Verifier
from ledger.vkey import KeyType, NoteKey, encode_vkey, parse_vkey

MAX_POLICY = 256 * 1024
"""Bytes: 64 ML-DSA-44 vkeys of 2 kB, with as much again for addresses and comments."""
MAX_ITEMS = 32
"""Logs, witnesses and groups, of each; the number that the specification asks for."""

_VERIFIER = CryptographyVerifier()
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_THRESHOLD = re.compile(rb"[1-9][0-9]?")
_LOG_TYPES = (KeyType.ED25519, KeyType.COSIGNATURE_MLDSA44)
_WITNESS_TYPES = (KeyType.COSIGNATURE_ED25519, KeyType.COSIGNATURE_MLDSA44)
_NONE = b"none"


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log by its key, whose name is its origin; ``url`` is its prefix, to read tiles from."""

    key: NoteKey
    url: bytes | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """``name`` has a meaning within the policy only; ``url`` is where checkpoints are submitted."""

    name: bytes
    key: NoteKey
    url: bytes | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """Has witnessed a checkpoint when at least ``threshold`` of its members have."""

    name: bytes
    threshold: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as parse_policy() returns it; ``quorum`` None asks for no witness."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...] = ()
    groups: tuple[PolicyGroup, ...] = ()
    quorum: bytes | None = None

    def accepts(self, cosigned: Collection[NoteKey]) -> bool:
        """Whether cosignatures by these keys make the quorum."""
        witnessed = {witness.name for witness in self.witnesses if witness.key in cosigned}
        # Groups stand in the order of their definition, so that a group's members are settled before it.
        for group in self.groups:
            if sum(member in witnessed for member in group.members) >= group.threshold:
                witnessed.add(group.name)
        return self.quorum is None or self.quorum in witnessed


def log_only_policy(key: NoteKey, url: bytes | None = None) -> Policy:
    """The policy that trusts one log's signature and asks for no witness."""
    return Policy((PolicyLog(key, url),))


def verify_checkpoint_with_policy(note: bytes, policy: Policy, verifier: Verifier = _VERIFIER) -> VerifiedCheckpoint:
    """Require a listed log's signature under its own name and the quorum of witnesses.

    Raises FormatError, SignatureError(``BAD_SIGNATURE``, ``NO_KNOWN_SIGNATURE``, ``NOT_BY_LOG``, ``QUORUM_NOT_MET``),
    UnjudgeableError(``UNKNOWN_KEY_TYPE``) where the note has a signature of a policy's key that cannot be checked here.
    """
    witnesses = [witness.key for witness in policy.witnesses]
    checkpoint = verify_checkpoint(note, [log.key for log in policy.logs], witnesses, verifier)
    cosigned = {line.key for line in checkpoint.signatures}
    if not policy.accepts(cosigned):
        count = sum(key in cosigned for key in witnesses)
        raise SignatureError("QUORUM_NOT_MET", f"{count} of {len(witnesses)} witnesses signed: not the policy's quorum")
    return checkpoint


def encode_policy(policy: Policy) -> bytes:
    """The file, one spelling for each policy. Raises FormatError(``BAD_POLICY``) where parse_policy() would."""
    lines = [[b"log", encode_vkey(log.key).encode(), log.url] for log in policy.logs]
    lines += [[b"witness", item.name, encode_vkey(item.key).encode(), item.url] for item in policy.witnesses]
    lines += [[b"group", group.name, b"%d" % group.threshold, *group.members] for group in policy.groups]
    lines.append([b"quorum", _NONE if policy.quorum is None else policy.quorum])
    data = b"".join(b" ".join(word for word in line if word is not None) + b"\n" for line in lines)
    if parse_policy(data) != policy:
        raise FormatError("BAD_POLICY", "the policy would be read back as another one")
    return data


def parse_policy(data: bytes) -> Policy:
    """Raises FormatError(``POLICY_TOO_LONG``, ``BAD_POLICY``), UnjudgeableError(``UNKNOWN_KEY_TYPE``)."""
    if len(data) > MAX_POLICY:
        raise FormatError("POLICY_TOO_LONG", f"a policy is at most {MAX_POLICY} bytes long, not {len(data)}")
    if _FORBIDDEN.search(data) or (data and not data.endswith(b"\n")):
        raise _bad("a policy is lines ended by newlines, with no control characters but tabs")
    reader = _Reader()
    for number, line in enumerate(data.split(b"\n"), 1):
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        try:
            reader.read(words)
        except FormatError as error:
            raise FormatError("BAD_POLICY", f"line {number} of the policy: {error.message}") from error
    return reader.policy()


class _Reader:
    """Takes a policy's lines one by one and keeps the rules that span them."""

    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[PolicyWitness] = []
        self._groups: list[PolicyGroup] = []
        self._names: set[bytes] = {_NONE}
        self._members: set[bytes] = set()
        self._quorums: list[bytes | None] = []

    def read(self, words: list[bytes]) -> None:
        match words:
            case [b"log", vkey, *rest] if len(rest) <= 1:
                key = self._key(vkey, _LOG_TYPES, [log.key for log in self._logs])
                self._logs.append(PolicyLog(key, rest[0] if rest else None))
            case [b"witness", name, vkey, *rest] if len(rest) <= 1:
                key = self._key(vkey, _WITNESS_TYPES, [witness.key for witness in self._witnesses])
                self._define(name)
                self._witnesses.append(PolicyWitness(name, key, rest[0] if rest else None))
            case [b"group", name, threshold, *members] if members:
                self._groups.append(self._group(name, threshold, members))
            case [b"quorum", name]:
                if self._quorums:
                    raise _bad("there is a quorum line already")
                self._quorums.append(None if name == _NONE else self._known(name))
            case _:
                raise _bad(f"not a log, witness, group or quorum line: {b' '.join(words)[:80]!r}")
        if max(len(self._logs), len(self._witnesses), len(self._groups)) > MAX_ITEMS:
            raise _bad(f"a policy has at most {MAX_ITEMS} logs, witnesses and groups")

    def policy(self) -> Policy:
        if not self._quorums:
            raise _bad("a policy has one quorum line")
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorums[0])

    def _key(self, vkey: bytes, types: Collection[KeyType], known: list[NoteKey]) -> NoteKey:
        try:
            key = parse_vkey(vkey.decode())
        except UnicodeDecodeError as error:
            raise _bad("a vkey is UTF-8") from error
        if key.key_type not in types:
            raise _bad(f"the key of {key.name} is of type {key.key_type.name}, which is not for this use")
        if any(key.public_key == other.public_key for other in known):
            raise _bad(f"the public key of {key.name} is listed already")
        return key

    def _group(self, name: bytes, threshold: bytes, members: list[bytes]) -> PolicyGroup:
        for member in members:
            if member in self._members:
                raise _bad(f"{member!r} is a member of a group already")
            self._members.add(self._known(member))
        self._define(name)
        count = {b"all": len(members), b"any": 1}.get(threshold)
        if count is None:
            count = int(threshold) if _THRESHOLD.fullmatch(threshold) else 0
        if not 1 <= count <= len(members):
            raise _bad(f"a group's threshold is all, any or a number from 1 to its members: {threshold[:80]!r}")
        return PolicyGroup(name, count, tuple(members))

    def _define(self, name: bytes) -> None:
        if name in self._names:
            raise _bad(f"the name {name!r} is taken")
        self._names.add(name)

    def _known(self, name: bytes) -> bytes:
        if name == _NONE or name not in self._names:
            raise _bad(f"no witness or group {name!r} is defined above")
        return name


def _bad(message: str) -> FormatError:
    return FormatError("BAD_POLICY", message)
