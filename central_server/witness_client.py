"""One witness, asked over HTTP (C2SP tlog-witness, ``add-checkpoint``): the log's side of it.

Responsible for one head and one witness: the request with its proof, each status, and a witness that knows another size
than was thought. Bounded in time, attempts and bytes; nothing that a witness says is believed before it was verified.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx

from ledger.errors import FormatError, TunukError
from ledger.note import Note, NoteSignature, encode_note, verify_note
from ledger.primitives import Hash
from ledger.vkey import NoteKey
from ledger.witness_protocol import (
    MAX_ANSWER,
    SIZE_TYPE,
    AddCheckpoint,
    encode_request,
    parse_cosignatures,
    parse_size,
)

ATTEMPTS = 3
"""The first, one with the size that the witness names, and one more where another log server was faster."""
STEP_SECONDS = 3.0
TOTAL_SECONDS = 5.0
"""For all attempts together."""
MAX_RETRY_AFTER = 60.0


class WitnessError(TunukError):
    """A witness did not cosign. ``retry_after``: seconds that it asked for, 0 for none."""

    def __init__(self, code: str, message: str, retry_after: float = 0.0) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


_REFUSALS = {
    400: ("WITNESS_BAD_REQUEST", "it does not understand the request"),
    403: ("WITNESS_UNKNOWN_KEY", "it does not know the log's key"),
    404: ("WITNESS_UNKNOWN_LOG", "it does not know the log, or is at another address"),
    # Without a size: another root at the same size, as the specification had it at first.
    409: ("WITNESS_SEES_FORK", "it says that it has cosigned another head of this size"),
    422: ("WITNESS_SEES_FORK", "it says that this head does not extend the one that it cosigned before"),
    429: ("WITNESS_BUSY", "it was asked too often"),
}


@dataclass(frozen=True, slots=True)
class NewHead:
    """What is to be cosigned. ``prove(old_size)`` makes the consistency proof from an older size."""

    note: Note
    data: bytes
    size: int
    prove: Callable[[int], Sequence[Hash]]


class Cosigner(Protocol):
    """Whoever can be asked for cosignatures. May raise WitnessError, and what ``prove`` raises."""

    def cosign(self, head: NewHead) -> tuple[NoteSignature, ...]: ...


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    content_type: str
    retry_after: str
    body: bytes


class WitnessClient:
    """One address, and the keys that the policy has for it. For one thread at a time."""

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        keys: Sequence[NoteKey],
        old_size: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``old_size``: a guess at what the witness has cosigned; it corrects a wrong one."""
        self._client, self._keys, self._old_size, self._monotonic = client, tuple(keys), old_size, monotonic
        self.url = url.rstrip("/")

    def cosign(self, head: NewHead) -> tuple[NoteSignature, ...]:
        """The witness's signatures, verified; at least one."""
        deadline = self._monotonic() + TOTAL_SECONDS
        for _ in range(ATTEMPTS):
            old_size = min(self._old_size, head.size)
            request = AddCheckpoint(old_size, tuple(head.prove(old_size)), head.data)
            response = self._post(encode_request(request), deadline)
            if response.status == 200:
                signatures = self._verify(response.body, head.note)
                self._old_size = head.size
                return signatures
            if response.status != 409 or response.content_type != SIZE_TYPE:
                raise self._refused(response)
            self._old_size = self._parse_size(response.body)
            if self._old_size > head.size:
                raise WitnessError(
                    "WITNESS_AHEAD",
                    f"{self.url} has cosigned a head of size {self._old_size}, and this one has {head.size}: another "
                    "server publishes this log as well, or this one was restored from an old copy",
                )
        raise WitnessError("WITNESS_RACE", f"{self.url} named another size {ATTEMPTS} times")

    def _post(self, body: bytes, deadline: float) -> _Response:
        left = deadline - self._monotonic()
        if left <= 0:
            raise WitnessError("WITNESS_SLOW", f"{self.url} has not answered within {TOTAL_SECONDS:g} s")
        try:
            headers = {"Content-Type": "text/plain; charset=utf-8", "Accept-Encoding": "identity"}
            url, timeout = f"{self.url}/add-checkpoint", min(left, STEP_SECONDS)
            with self._client.stream("POST", url, content=body, headers=headers, timeout=timeout) as response:
                data = bytearray()
                for piece in response.iter_raw(16 * 1024):
                    data += piece
                    if len(data) > MAX_ANSWER or self._monotonic() > deadline:
                        raise WitnessError("WITNESS_BAD_ANSWER", f"{self.url} answers for too long")
                content_type = response.headers.get("Content-Type", "")
                retry_after = response.headers.get("Retry-After", "")
                return _Response(response.status_code, content_type, retry_after, bytes(data))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            words = str(error) or type(error).__name__
            raise WitnessError("WITNESS_UNREACHABLE", f"{self.url}: {words[:200]}") from error

    def _verify(self, body: bytes, note: Note) -> tuple[NoteSignature, ...]:
        try:
            lines = parse_cosignatures(body)
            known = {(key.name, key.key_id) for key in self._keys}
            ours = tuple(line for line in lines if (line.name, line.key_id) in known)
            # Verified as any reader of the checkpoint will verify them.
            for line in ours:
                encode_note(note.text, [line])
            verify_note(Note(note.text, ours), self._keys)
        except TunukError as error:
            raise WitnessError("WITNESS_BAD_ANSWER", f"{self.url}: {error.message}") from error
        return ours

    def _parse_size(self, body: bytes) -> int:
        try:
            return parse_size(body)
        except FormatError as error:
            raise WitnessError("WITNESS_BAD_ANSWER", f"{self.url}: {error.message}") from error

    def _refused(self, response: _Response) -> WitnessError:
        fallback = ("WITNESS_FAILED", f"it answered {response.status}")
        code, words = _REFUSALS.get(response.status, fallback)
        said = response.body[:120].decode("ascii", "replace").strip()
        retry_after = response.retry_after
        seconds = float(retry_after[:6]) if retry_after.isascii() and retry_after.isdigit() else 0.0
        return WitnessError(code, f"{self.url}: {words} ({said!r})", min(seconds, MAX_RETRY_AFTER))
