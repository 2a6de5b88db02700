"""The account that deploys the contract and sends anchors: its key in a file of the server, in a keystore with a
password, or with an external signer.

A keystore is the file that every Ethereum client makes (Web3 Secret Storage, version 3). ``init`` copies it beside the
other keys; its password stays outside, in a file that the commands are told.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from eth_account import Account

from central_server.directory import ElectionDirectory
from central_server.keys import KeyFileError, load_key, read_secret_file
from central_server.settings import Settings
from ledger.anchor.evm_connection import EvmConnection
from ledger.anchor.primitives import Address
from ledger.anchor.remote_signer import RemoteSubmitter
from ledger.anchor.submitter import KeySubmitter
from ledger.anchor.transactions import Submitter
from ledger.errors import FormatError

MAX_KEYSTORE = 16 * 1024
_MAX_PASSWORD = 1024


def submitter_address(directory: ElectionDirectory, settings: Settings) -> Address:
    """Known without any password. Raises KeyFileError."""
    if settings.chain.signer is not None:
        return Address.from_hex(settings.chain.signer.address[2:])
    if directory.keystore.exists():
        return keystore_address(read_secret_file(directory.keystore, MAX_KEYSTORE), directory.keystore)
    return KeySubmitter(load_key(directory.key("submitter"), "secp256k1")).address


@contextmanager
def open_submitter(
    directory: ElectionDirectory, settings: Settings, password_file: Path | None, suffix: str = ""
) -> Iterator[Callable[[], Submitter]]:
    """To be asked for when it is needed: opening a keystore takes a second, and may fail while the server runs.

    ``suffix``: of the keys of a contract that succeeded another; those are files. What is given raises KeyFileError.
    """
    if suffix:
        yield lambda: KeySubmitter(load_key(directory.key(f"submitter{suffix}"), "secp256k1"))
        return
    if settings.chain.signer is not None:
        with closing(EvmConnection(settings.chain.signer.url)) as connection:
            remote = RemoteSubmitter(connection.call, submitter_address(directory, settings))
            yield lambda: remote
        return
    opened: list[Submitter] = []

    def load() -> Submitter:
        if not opened:
            opened.append(_load(directory, password_file))
        return opened[0]

    yield load


def keystore_address(data: bytes, path: Path) -> Address:
    """Raises KeyFileError(``KEYSTORE_DAMAGED``)."""
    try:
        return Address.from_hex(str(json.loads(data)["address"]).lower().removeprefix("0x"))
    except (ValueError, TypeError, KeyError, FormatError) as error:
        raise _damaged(path) from error


def _load(directory: ElectionDirectory, password_file: Path | None) -> Submitter:
    path = directory.keystore
    if not path.exists():
        return KeySubmitter(load_key(directory.key("submitter"), "secp256k1"))
    data = read_secret_file(path, MAX_KEYSTORE)
    if password_file is None:
        raise KeyFileError("KEYSTORE_LOCKED", f"{path} has a password: name its file with --submitter-password-file")
    password = read_secret_file(password_file, _MAX_PASSWORD).removesuffix(b"\n")
    try:
        key = Account.decrypt(data.decode(), password.decode())
    except (ValueError, TypeError, KeyError) as error:
        # The library says the same for a wrong password and for a damaged file.
        words = f"{path} does not open with the password in {password_file}, or is damaged"
        raise KeyFileError("KEYSTORE_LOCKED", words) from error
    submitter = KeySubmitter(bytes(key))
    if submitter.address != keystore_address(data, path):
        raise _damaged(path)
    return submitter


def _damaged(path: Path) -> KeyFileError:
    return KeyFileError("KEYSTORE_DAMAGED", f"{path} is no keystore of an account (version 3): put back its copy")
