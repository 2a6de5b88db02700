"""Certificates name what they were issued for, and requests prove the key that they are for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from central_server.certificates import CertificateAuthority, certificate_key, verify_request
from ledger.errors import FormatError, TunukError
from tests.unit.central_server.server_factory import DEVICE_SEEDS, make_request
from tests.unit.ledger.election_factory import DEVICE_KEYS

NOW = datetime(2027, 1, 24, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority.create("cec.example", NOW, YEAR)


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_a_device_certificate_holds_the_devices_own_key(authority: CertificateAuthority) -> None:
    pem = authority.issue_device("d0", DEVICE_KEYS[0].public_key, NOW, YEAR)
    certificate = x509.load_pem_x509_certificate(pem)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    assert certificate_key(der(pem)) == DEVICE_KEYS[0].public_key
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "d0"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_server_certificate_names_its_hosts(authority: CertificateAuthority) -> None:
    identity = authority.issue_server(["127.0.0.1", "::1", "localhost", "cec.example", "localhost"], NOW, YEAR)
    certificate = x509.load_pem_x509_certificate(identity.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "cec.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert certificate_key(der(identity.certificate)) is None


def test_no_certificate_outlives_its_authority(authority: CertificateAuthority) -> None:
    own = x509.load_pem_x509_certificate(authority.certificate)
    issued = x509.load_pem_x509_certificate(authority.issue_device("d0", DEVICE_KEYS[0].public_key, NOW, 9 * YEAR))
    assert issued.not_valid_after_utc == own.not_valid_after_utc
    with pytest.raises(FormatError) as caught:
        authority.issue_device("d0", DEVICE_KEYS[0].public_key, NOW + 2 * YEAR, YEAR)
    assert caught.value.code == "CA_EXPIRED"


def test_a_host_that_is_none_is_refused(authority: CertificateAuthority) -> None:
    with pytest.raises(FormatError) as caught:
        authority.issue_server(["выборы"], NOW, YEAR)
    assert caught.value.code == "BAD_HOST"


def test_the_authority_is_itself_again_after_loading(authority: CertificateAuthority) -> None:
    again = CertificateAuthority(authority.certificate, authority.key_pem)
    assert again.key_pem == authority.key_pem


def test_a_mixed_up_or_damaged_authority_is_refused(authority: CertificateAuthority) -> None:
    other = CertificateAuthority.create("cec.example", NOW, YEAR)
    for certificate, key in [
        (authority.certificate, other.key_pem),
        (b"", authority.key_pem),
        (authority.certificate, b"-----BEGIN"),
    ]:
        with pytest.raises(FormatError) as caught:
            CertificateAuthority(certificate, key)
        assert caught.value.code == "BAD_CA"


def other_algorithm() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "d0")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    return request.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.PEM).decode()


def tampered() -> str:
    """The last byte of the signature is another."""
    data = bytearray(x509.load_pem_x509_csr(make_request("d0", DEVICE_SEEDS[0]).encode()).public_bytes(Encoding.DER))
    data[-1] ^= 1
    return x509.load_der_x509_csr(bytes(data)).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: "no request", "BAD_REQUEST"),
        (lambda: make_request("d1", DEVICE_SEEDS[0]), "BAD_REQUEST"),
        (lambda: make_request("d0", DEVICE_SEEDS[1]), "REQUEST_OF_OTHER_KEY"),
        (other_algorithm, "REQUEST_OF_OTHER_KEY"),
        (tampered, "REQUEST_NOT_SIGNED"),
    ],
)
def test_a_request_that_proves_nothing_is_refused(make: Callable[[], str], code: str) -> None:
    verify_request(make_request("d0", DEVICE_SEEDS[0]), "d0", DEVICE_KEYS[0].public_key)
    with pytest.raises(TunukError) as caught:
        verify_request(make(), "d0", DEVICE_KEYS[0].public_key)
    assert caught.value.code == code


def test_a_certificate_of_another_sort_has_no_devices_key(authority: CertificateAuthority) -> None:
    assert certificate_key(der(authority.certificate)) is None
    assert certificate_key(b"garbage") is None
