"""The device's one key: it signs records, and stands behind the client certificate of the TLS connection.

Kept as unencrypted PKCS#8 PEM, because the agent has to start by itself after a power cut; the file's mode is its
protection, and a key that others could have read is refused. Responsible for making and loading it, and for the request
for a certificate. What a key is allowed to say is decided by the log.
"""

from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from ledger.primitives import PublicKey, Signature
from urn_agent.files import FolderError, create_file, read_file

MAX_KEY_FILE = 4_096


class DeviceKey:
    """A ``ledger.signing.Signer`` over the key file's key."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key = PublicKey(private_key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"DeviceKey({self.public_key.key_id.hex()})"

    def sign(self, message: bytes) -> Signature:
        return Signature(self._private_key.sign(message))

    def request_certificate(self, device: str) -> str:
        """An X.509 certificate signing request (PKCS#10) in PEM. Its common name is the device's."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self._private_key, None)
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def encode(self) -> bytes:
        """The key file's content."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def create_key(path: Path, seed: bytes) -> DeviceKey:
    """Make the key file from 32 random bytes. Raises FolderError(``FILE_EXISTS``, ``FILE_FAILED``)."""
    key = DeviceKey(Ed25519PrivateKey.from_private_bytes(seed))
    create_file(path, key.encode(), is_secret=True)
    return key


def load_key(path: Path) -> DeviceKey:
    """Raises FolderError(``KEY_UNREADABLE``) for a file without an Ed25519 key, and those of ``read_file``."""
    data = read_file(path, MAX_KEY_FILE, is_secret=True)
    try:
        private_key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FolderError("KEY_UNREADABLE", f"{path} holds no key that can be read") from error
    if not isinstance(private_key, Ed25519PrivateKey):
        raise FolderError("KEY_UNREADABLE", f"{path} holds a key of another kind than Ed25519")
    return DeviceKey(private_key)
