"""A signed ruling to a running server, and the log's receipt for it back, verified.

Errors of its own: ``UNREACHABLE`` (no answer: the same again is safe), and whatever code the server refuses with.
"""

import ssl
from pathlib import Path

import httpx
import msgspec

from ledger.errors import TunukError
from ledger.policy import parse_policy
from ledger.proof import verify_tlog_proof
from ledger.store.durable import StorageError, read_file, write_file

PATH = "/v1/rulings"
SECONDS = 30.0
MAX_ANSWER = 64 * 1024
MAX_POLICY = 64 * 1024


class _Problem(msgspec.Struct, frozen=True):
    """A refusal, as ``http_errors`` writes it."""

    code: str
    message: str


class SubmitError(TunukError):
    """The server could not be reached, or refused."""


def submit_ruling(record: bytes, server: str, authority: Path, policy: Path, receipt: Path) -> int:
    """The index in the log; ``receipt`` then holds the tlog-proof.

    ``authority`` is the commission's certificate authority (PEM), which the server's certificate is checked by.
    Raises SubmitError, StorageError, FormatError, SignatureError, InclusionError.
    """
    data = read_file(policy, MAX_POLICY)
    if data is None:
        raise StorageError("POLICY_MISSING", f"{policy} does not exist: it is the file that observers pin")
    proof = _post(record, server, authority)
    index = verify_tlog_proof(proof, record, parse_policy(data)).leaf_index
    write_file(receipt, proof)
    return index


def _post(record: bytes, server: str, authority: Path) -> bytes:
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise StorageError("CA_MISSING", f"cannot read {authority}, the authority's certificate: {error}") from error
    headers = {"Content-Type": "application/octet-stream"}
    try:
        with (
            httpx.Client(verify=context, base_url=server, timeout=SECONDS, trust_env=False) as client,
            client.stream("POST", PATH, content=record, headers=headers) as response,
        ):
            return _read_answer(response)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        words = f"no answer from {server} ({error}): sending the same again is safe"
        raise SubmitError("UNREACHABLE", words) from error


def _read_answer(response: httpx.Response) -> bytes:
    answer = b""
    for chunk in response.iter_bytes():
        answer += chunk
        if len(answer) > MAX_ANSWER:
            raise SubmitError("BAD_ANSWER", f"more than {MAX_ANSWER} bytes from {response.url}")
    if response.status_code == httpx.codes.OK:
        return answer
    try:
        problem = msgspec.json.decode(answer, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SubmitError("BAD_ANSWER", f"status {response.status_code} from {response.url}, and no code") from error
    raise SubmitError(problem.code, problem.message)
