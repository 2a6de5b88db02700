"""The way to the server: HTTPS with the device's client certificate. The only module that knows the HTTP library.

Trusts the election authority's certificate authority and no other. Whatever goes wrong becomes one UplinkError with a
code and its cause chained. What an answer means is decided in ``delivery``.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from ledger.errors import TunukError
from urn_agent.delivery import NEEDING_PEOPLE, RECORDS_TYPE, RawAnswer

RECORDS_PATH = "/v1/records"
HEALTH_PATH = "/healthz"

MAX_ANSWER = 8 * 1_048_576
"""Bytes of an answer: 50 receipts with many cosignatures, twice over. What is longer is cut off unread."""

TIMEOUTS = httpx.Timeout(connect=10.0, read=30.0, write=30.0, pool=10.0)
"""Seconds. A poor mobile line needs some; the urn's report is safe meanwhile."""


CUT_OFFS_TO_DOUBT = 2

_HEADERS = {"Content-Type": RECORDS_TYPE, "Accept-Encoding": "identity"}
"""Uncompressed answers only, so that their length on the line is their length in memory."""


class UplinkError(TunukError):
    """No answer came."""

    @property
    def needs_people(self) -> bool:
        """Waiting alone will not mend it."""
        return self.code in NEEDING_PEOPLE


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Where the server is, and the PEM files for the connection."""

    server: str
    authority: Path
    certificate: Path
    key: Path


class Uplink:
    """One kept-alive connection; use it in one thread, and ``close`` it.

    Raises UplinkError(``UPLINK_SETTINGS``) where the files are no certificate, no key, or not of one another.
    """

    def __init__(self, settings: UplinkSettings) -> None:
        self._server = settings.server.rstrip("/")
        self._authority = settings.authority
        self._cut_offs = 0
        try:
            context = _trust(settings.authority)
            context.load_cert_chain(settings.certificate, settings.key)
            # Settings from the environment, such as proxies, are ignored: this machine belongs to one purpose.
            self._client = httpx.Client(verify=context, timeout=TIMEOUTS, trust_env=False)
        except (OSError, ssl.SSLError) as error:
            raise UplinkError("UPLINK_SETTINGS", f"the certificate files cannot be used: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def send_records(self, body: bytes) -> RawAnswer:
        """POST a batch. Raises UplinkError."""
        try:
            request = self._client.build_request("POST", self._server + RECORDS_PATH, content=body, headers=_HEADERS)
            response = self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise self._doubt(_explain(error)) from error
        except httpx.InvalidURL as error:
            raise UplinkError("UPLINK_ADDRESS", f"{self._server} is no address: {error}") from error
        self._cut_offs = 0
        try:
            return _read(response)
        except httpx.HTTPError as error:
            raise _explain(error) from error
        finally:
            response.close()

    def _doubt(self, failure: UplinkError) -> UplinkError:
        """Tell a refused certificate from an outage.

        Both cut the connection off before an answer. A server that does so twice running, and yet is healthy when
        asked without a certificate, does not take ours. Once may have been its restart, or an idle connection's end.
        """
        self._cut_offs = self._cut_offs + 1 if failure.code == "UPLINK_CUT_OFF" else 0
        if self._cut_offs < CUT_OFFS_TO_DOUBT or not self._is_healthy():
            return failure
        words = "the server is there and does not take this device's certificate: ask the operator"
        return UplinkError("UPLINK_CERTIFICATE_REFUSED", words)

    def _is_healthy(self) -> bool:
        try:
            with httpx.Client(verify=_trust(self._authority), timeout=TIMEOUTS, trust_env=False) as client:
                return client.head(self._server + HEALTH_PATH).status_code < 500
        except httpx.HTTPError:
            return False


def _trust(authority: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _read(response: httpx.Response) -> RawAnswer:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_ANSWER:
            words = f"the answer is longer than {MAX_ANSWER} bytes"
            raise UplinkError("UPLINK_ANSWER_TOO_LONG", words)
    headers = response.headers
    kind, retry_after, date = (headers.get(name, "") for name in ("content-type", "retry-after", "date"))
    return RawAnswer(response.status_code, kind, retry_after, bytes(body), date)


def _explain(error: httpx.HTTPError) -> UplinkError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            words = f"the server's certificate is not the election authority's: {cause.verify_message}"
            return UplinkError("UPLINK_SERVER_NOT_TRUSTED", words)
        if isinstance(cause, ssl.SSLError):
            return UplinkError("UPLINK_CUT_OFF", f"the server ended the encrypted connection: {cause.reason}")
    match error:
        case httpx.TimeoutException():
            return UplinkError("UPLINK_TIMEOUT", "the server did not answer in time")
        case httpx.ConnectError():
            return UplinkError("UPLINK_UNREACHABLE", f"the server cannot be reached: {error}")
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            return UplinkError("UPLINK_CUT_OFF", f"the connection ended without an answer: {error}")
        case httpx.UnsupportedProtocol():
            return UplinkError("UPLINK_ADDRESS", f"the server's address is not usable: {error}")
        case _:
            return UplinkError("UPLINK_FAILED", f"the request failed: {error}")


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in causes:
        causes.append(current)
        current = current.__cause__ or current.__context__
    return causes
