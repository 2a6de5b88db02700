"""What every route for devices asks first: a certificate, and a device of this election that it stands for."""

from starlette.types import Scope

from central_server.devices import KnownDevice, Roster
from central_server.http_errors import RequestError
from central_server.http_protocol import peer_certificate


def require_device(scope: Scope, roster: Roster) -> KnownDevice:
    """Raises RequestError(``NO_CERTIFICATE``, ``UNKNOWN_DEVICE``)."""
    certificate = peer_certificate(scope)
    if certificate is None:
        raise RequestError("NO_CERTIFICATE", "present the client certificate that is in the device's bundle")
    device = roster.identify(certificate)
    if device is None:
        raise RequestError("UNKNOWN_DEVICE", "no device of this election has the key of the client's certificate")
    return device
