"""``central-server init``: the directory of a new election, with its keys, its certificate authority and its chain.

Every step finds what an earlier, interrupted run has made and goes on from there; the settings are written last, and
who finds them finds the rest. The election itself is fixed later, by ``roster``, once the devices' keys are known.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from central_server.certificates import CertificateAuthority
from central_server.definition_checks import verify_definition
from central_server.definition_file import MAX_DEFINITION, DefinitionFile
from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.init_network import NetworkOptions, network_settings, read_keystore
from central_server.keys import create_key, create_secret_file, read_secret_file
from central_server.settings import ChainSettings, Settings, verify_settings, write_settings
from central_server.submitters import submitter_address
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.errors import ConflictError
from ledger.store.durable import StorageError, make_directory, read_file, storage_error, write_file

LIFETIME = timedelta(days=3 * 365)
"""Of certificates: an election, its recounts and its court cases."""

SUBMITTER_WEI = 10**24
"""The submitter's balance in the embedded chain: a million ether, which nobody can buy anything for."""

_FIRST_CHAIN_ID = 2**32
_CHAIN_IDS = 2**48
_MAX_AUTHORITY = 16 * 1024


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What the operator chooses once. ``network`` is None for the embedded chain."""

    definition: Path
    server_url: str | None
    network: NetworkOptions | None
    snapshot_seconds: int
    anchor_seconds: int


def init_election(directory: ElectionDirectory, options: InitOptions, clock: Callable[[], float]) -> DefinitionFile:
    """Make the directory, durably. Returns the definition as it was checked.

    Raises ConflictError(``ALREADY_INITIALISED``), FormatError for the definition, KeyFileError, StorageError.
    """
    data = read_file(options.definition, MAX_DEFINITION)
    if data is None:
        raise StorageError("DEFINITION_MISSING", f"{options.definition} does not exist")
    definition = verify_definition(data)
    keystore = None if options.network is None else read_keystore(options.network)
    settings = _choose_settings(options)
    make_private_directory(directory.server)
    with hold_directory(directory.lock):
        if directory.settings.exists():
            raise ConflictError(
                "ALREADY_INITIALISED", f"{directory.root} holds an election: choose another directory for another one"
            )
        _make_keys(directory, settings, keystore)
        _make_authority(directory, definition.authority, clock)
        chain = settings.chain if settings.chain.nodes else make_chain(directory, settings, clock)
        write_file(directory.definition, data)
        write_settings(directory.settings, msgspec.structs.replace(settings, chain=chain))
    return definition


def _choose_settings(options: InitOptions) -> Settings:
    """With a chain id for a chain that is yet to be made. Raises FormatError(``BAD_VALIDATORS``, ``BAD_OPTION``)."""
    embedded = ChainSettings(_FIRST_CHAIN_ID + secrets.randbelow(_CHAIN_IDS), (), (), None)
    chain = embedded if options.network is None else network_settings(options.network)
    settings = Settings(
        "tunuk-server-settings/2",
        secrets.token_hex(16),
        options.server_url,
        chain,
        options.snapshot_seconds,
        options.anchor_seconds,
    )
    verify_settings(settings)
    return settings


def make_private_directory(path: Path) -> None:
    """A folder that only its owner may enter. Raises StorageError."""
    make_directory(path)
    try:
        path.chmod(0o700)
    except OSError as error:
        raise storage_error(error, f"close {path} to others") from error


def load_authority(directory: ElectionDirectory) -> CertificateAuthority:
    """The certificate authority that init made. Raises KeyFileError, FormatError(``BAD_CA``)."""
    data = read_secret_file(directory.certificates / "authority.pem", _MAX_AUTHORITY)
    start = data.find(b"-----BEGIN CERTIFICATE-----")
    return CertificateAuthority(data[max(start, 0) :], data[: max(start, 0)])


def _make_keys(directory: ElectionDirectory, settings: Settings, keystore: bytes | None) -> None:
    make_private_directory(directory.election_key.parent)
    create_key(directory.election_key, "ed25519")
    make_private_directory(directory.key("log").parent)
    create_key(directory.key("log"), "ed25519")
    create_key(directory.key("cosigner"), "mldsa44")
    create_key(directory.key("publisher"), "ed25519")
    create_key(directory.key("anchor"), "secp256k1")
    if keystore is not None:
        if not directory.keystore.exists():
            create_secret_file(directory.keystore, keystore)
    elif settings.chain.signer is None:
        create_key(directory.key("submitter"), "secp256k1")


def _make_authority(directory: ElectionDirectory, name: str, clock: Callable[[], float]) -> None:
    """Key and certificate lie in one file, so that no crash can part them."""
    make_private_directory(directory.certificates)
    path = directory.certificates / "authority.pem"
    if not path.exists():
        authority = CertificateAuthority.create(name, datetime.fromtimestamp(clock(), UTC), LIFETIME)
        create_secret_file(path, authority.key_pem + authority.certificate)
    write_file(directory.certificates / "ca.pem", load_authority(directory).certificate)


def make_chain(directory: ElectionDirectory, chosen: Settings, clock: Callable[[], float]) -> ChainSettings:
    """The embedded chain: a new one, or what an interrupted run made, under another id than the ``chosen`` one."""
    try:
        chain = EmbeddedChain.open(directory.chain, clock)
    except StorageError as error:
        if error.code != "CHAIN_MISSING":
            raise
        balances = {submitter_address(directory, chosen): SUBMITTER_WEI}
        chain = EmbeddedChain.create(directory.chain, chosen.chain.chain_id, balances, clock)
    chain.close()
    return msgspec.structs.replace(chosen.chain, chain_id=chain.chain_id)
