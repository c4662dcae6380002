"""A certificate authority of one installation, and the certificates of its two servers.

The authority's key stays where all keys are made. Clients are told its certificate, and so know the
server; who they are themselves they prove by their nkeys, or by the password of their role.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.platform.files import create_file, replace_file

AUTHORITY_DAYS = 3650
SERVER_DAYS = 365
RENEW_WITHIN = timedelta(days=60)  # before it ends, the next run makes another
CLOCKS_APART = timedelta(hours=1)
SERVER_NAMES = ("nats", "localhost", "127.0.0.1")
POSTGRES_NAMES = ("postgres", "localhost", "127.0.0.1")
CA, CA_KEY = "ca.pem", "ca.key"
SERVER, SERVER_KEY = "server.pem", "server.key"
POSTGRES, POSTGRES_KEY = "postgres.pem", "postgres.key"


@dataclass(frozen=True, slots=True)
class _Server:
    """Who has a certificate, for which names, in which files."""

    called: str
    names: tuple[str, ...]
    certificate: Path
    key: Path


def ensure_certificates(folder: Path, names: tuple[str, ...] = SERVER_NAMES) -> None:
    """An authority if there is none, and a certificate for each server that has none that lasts.

    `names` are those of nats-server.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(UTC)
    if not (folder / CA).exists():
        _make_authority(folder, now)
    for server in (
        _Server("nats-server", names, folder / SERVER, folder / SERVER_KEY),
        _Server("postgres", POSTGRES_NAMES, folder / POSTGRES, folder / POSTGRES_KEY),
    ):
        if not _lasts(server, now):
            _make_server(folder, server, now)


def _make_authority(folder: Path, now: datetime) -> None:
    # Whoever starts first makes the key; whoever finds it goes on with that, also after a crash.
    create_file(folder / CA_KEY, _private(ec.generate_private_key(ec.SECP256R1())))
    key = _authority_key(folder)
    name = _name("interlock authority")
    made = (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    replace_file(folder / CA, _public(made), mode=0o644)


def _make_server(folder: Path, server: _Server, now: datetime) -> None:
    authority = x509.load_pem_x509_certificate((folder / CA).read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName(list(map(_alternative, server.names)))
    made = (
        _builder(_name(server.called), authority.subject, key, now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .sign(_authority_key(folder), hashes.SHA256())
    )
    replace_file(server.key, _private(key))
    replace_file(server.certificate, _public(made), mode=0o644)


def _authority_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "the authority was made here"
    return key


def _lasts(server: _Server, now: datetime) -> bool:
    """Whether a server has a certificate for its names that is good for a while yet."""
    if not server.certificate.exists() or not server.key.exists():
        return False
    found = x509.load_pem_x509_certificate(server.certificate.read_bytes())
    told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    has_names = list(told) == list(map(_alternative, server.names))
    return has_names and found.not_valid_after_utc - now > RENEW_WITHIN


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_APART)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _public(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
