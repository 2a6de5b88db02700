"""The log of one election, opened with its guard and its key as they lie in the directory."""

from central_server.directory import ElectionDirectory
from central_server.keys import load_key
from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.signing import Ed25519Signer
from ledger.store.contract import Store
from ledger.store.guard import FileGuard


def open_signer(directory: ElectionDirectory, name: str) -> Ed25519Signer:
    """An Ed25519 key that the server holds, by name: log or publisher. Raises KeyFileError."""
    return Ed25519Signer(load_key(directory.key(name), "ed25519"))


def open_log(directory: ElectionDirectory, store: Store) -> Log:
    """The log over this store. Raises KeyFileError, and as ``Log`` does where store and guard do not agree."""
    signer = Ed25519NoteSigner(store.origin, open_signer(directory, "log"))
    return Log(store, FileGuard(directory.guard, store.origin), signer)
