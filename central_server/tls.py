"""The server's side of TLS: 1.3 alone, and client certificates by the commission's own authority.

A certificate is asked for and not required here, so that a client without one gets an answer that says so instead of a
broken connection. One by another authority is refused in the handshake. Which device it stands for is found later.
"""

import ssl
from pathlib import Path

from ledger.store.durable import StorageError, storage_error


def make_server_context(certificate: Path, key: Path, authority: bytes) -> ssl.SSLContext:
    """A listening server's context; ``authority`` is the CA's certificate (PEM). Raises StorageError(``TLS_FILES``)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # TLS 1.2 signs bytes that the peer partly chooses, with a key that signs records as well (docs/decisions/0003).
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    # Every connection proves its key anew; a resumed one would rest on a proof of earlier.
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(cadata=authority.decode("ascii"))
    except ssl.SSLError as error:
        raise StorageError("TLS_FILES", f"{certificate} and {key.name} are damaged or do not fit: {error}") from error
    except OSError as error:
        raise storage_error(error, f"read {certificate} and {key}") from error
    return context
