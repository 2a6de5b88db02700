"""Bundles as the election authority would make them, for the small election's device 0."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

from ledger.policy import Policy, encode_policy
from ledger.primitives import PublicKey
from tests.unit.ledger.election_factory import small_night
from tests.unit.urn_agent.small_log import SmallLog

AUTHORITY = Ed25519PrivateKey.from_private_bytes(bytes([50]) * 32)


def make_certificate(
    public_key: PublicKey | bytes, name: str, signer: Ed25519PrivateKey = AUTHORITY, *, is_authority: bool = False
) -> bytes:
    """A certificate in PEM. Names of servers are addresses: the tests' are all 127.0.0.1."""
    key = Ed25519PublicKey.from_public_bytes(public_key)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    if is_authority:
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, None).public_bytes(serialization.Encoding.PEM)


def authority_certificate(key: Ed25519PrivateKey = AUTHORITY) -> bytes:
    return make_certificate(key.public_key().public_bytes_raw(), "authority", key, is_authority=True)


def frame_entries(entries: list[bytes]) -> bytes:
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def write_bundle(
    root: Path, public_key: PublicKey, *, policy: Policy | None = None, server: str = "null", device: str = "d0"
) -> Path:
    """A whole bundle at ``root``, for a device with ``public_key``; ``server`` is JSON."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "client.pem").write_bytes(make_certificate(public_key, "device"))
    (root / "ca.pem").write_bytes(authority_certificate())
    (root / "policy").write_bytes(encode_policy(policy or SmallLog().policy))
    (root / "election.records").write_bytes(frame_entries(small_night().entries))
    (root / "device.json").write_text(f'{{"device": "{device}", "server_url": {server}}}')
    return root
