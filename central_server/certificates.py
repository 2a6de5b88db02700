"""The commission's own certificate authority: its key, the server's certificate, a certificate for each device.

Transport only: a certificate lets a device connect, its record's signature is what counts. The authority and the server
have P-256 keys, which every TLS library and monitoring tool speaks; a device's certificate holds the Ed25519 key that
signs its records (docs/decisions/0003). Times are passed in; files are read and written elsewhere.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ledger.errors import FormatError, SignatureError
from ledger.primitives import PublicKey

BACKDATED = timedelta(days=365)
"""Devices far from any time server may have clocks that are behind; a certificate must be valid for them as well."""

MAX_COMMON_NAME = 64
"""The bound of X.520 on common names, which ``canonical.Identifier`` keeps as well."""


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """A server's certificate and its key, both PEM, for one TLS context."""

    certificate: bytes
    key: bytes


class CertificateAuthority:
    """Issues certificates that end no later than its own. Raises FormatError(``BAD_CA``) for a mixed-up pair."""

    def __init__(self, certificate: bytes, key: bytes) -> None:
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate)
            private_key = load_pem_private_key(key, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise FormatError("BAD_CA", f"the authority's certificate or key is damaged: {error}") from error
        if not isinstance(private_key, ec.EllipticCurvePrivateKey):
            raise FormatError("BAD_CA", "the authority's key is not a P-256 key")
        if private_key.public_key() != self._certificate.public_key():
            raise FormatError("BAD_CA", "the authority's certificate and key do not belong together")
        self._key = private_key
        self.certificate = certificate

    @classmethod
    def create(cls, authority: str, now: datetime, lifetime: timedelta) -> Self:
        """A new self-signed authority; ``authority`` is the commission's name as in the definition."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"{authority} devices"[:MAX_COMMON_NAME])
        builder = _builder(name, name, key.public_key(), now - BACKDATED, now + lifetime)
        usage = _key_usage(key_cert_sign=True, crl_sign=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(usage, critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
        return cls(certificate.public_bytes(Encoding.PEM), _private_pem(key))

    @property
    def key_pem(self) -> bytes:
        """The authority's secret, PKCS #8: for a file of mode 0600 alone."""
        return _private_pem(self._key)

    def issue_server(self, hosts: Iterable[str], now: datetime, lifetime: timedelta) -> ServerIdentity:
        """A certificate with a key of its own, for names and addresses under which devices reach the server."""
        names = [_general_name(host) for host in dict.fromkeys(hosts)]
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._leaf(_name("tunuk central server"), key.public_key(), now, lifetime)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return ServerIdentity(certificate.public_bytes(Encoding.PEM), _private_pem(key))

    def issue_device(self, device: str, public_key: PublicKey, now: datetime, lifetime: timedelta) -> bytes:
        """A client certificate (PEM) whose common name is the device's id and whose key is the device's own."""
        key = Ed25519PublicKey.from_public_bytes(public_key)
        builder = self._leaf(_name(device), key, now, lifetime)
        client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = builder.add_extension(client, critical=False).sign(self._key, hashes.SHA256())
        return certificate.public_bytes(Encoding.PEM)

    def _leaf(
        self, subject: x509.Name, key: Ed25519PublicKey | ec.EllipticCurvePublicKey, now: datetime, lifetime: timedelta
    ) -> x509.CertificateBuilder:
        start = max(now - BACKDATED, self._certificate.not_valid_before_utc)
        end = min(now + lifetime, self._certificate.not_valid_after_utc)
        if end <= now:
            raise FormatError("CA_EXPIRED", f"the certificate authority ended at {end:%Y-%m-%d}: nothing can be issued")
        own_key = self._certificate.public_key()
        if not isinstance(own_key, ec.EllipticCurvePublicKey):
            raise FormatError("BAD_CA", "the authority's key is not a P-256 key")
        builder = _builder(subject, self._certificate.subject, key, start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(digital_signature=True), critical=True)
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(own_key)
        return builder.add_extension(above, critical=False)


def verify_request(pem: str, device: str, public_key: PublicKey) -> None:
    """Require that a certificate request is by ``public_key``, signed with it, and for ``device``.

    Raises FormatError(``BAD_REQUEST``), SignatureError(``REQUEST_OF_OTHER_KEY``, ``REQUEST_NOT_SIGNED``).
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        names = [attribute.value for attribute in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError("BAD_REQUEST", f"device {device}: not a certificate request: {error}") from error
    if names != [device]:
        raise FormatError(
            "BAD_REQUEST", f"device {device}: the request's common name is {names!r:.200}, not the device"
        )
    if not isinstance(key, Ed25519PublicKey) or key.public_bytes_raw() != public_key:
        raise SignatureError("REQUEST_OF_OTHER_KEY", f"device {device}: the request is not by the enrolment's key")
    try:
        signed = request.is_signature_valid
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        signed = False
    if not signed:
        raise SignatureError("REQUEST_NOT_SIGNED", f"device {device}: the request is not signed by its own key")


def certificate_key(certificate: bytes) -> PublicKey | None:
    """The Ed25519 key that a certificate (DER) holds; None where it holds another sort of key."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return PublicKey(key.public_bytes_raw()) if isinstance(key, Ed25519PublicKey) else None


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: Ed25519PublicKey | ec.EllipticCurvePublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.not_valid_before(start).not_valid_after(end)
    return builder.serial_number(x509.random_serial_number())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise FormatError("BAD_HOST", f"not a host's name or address: {host[:80]!r}") from error


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
