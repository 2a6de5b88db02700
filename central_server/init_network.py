"""What ``init`` is told of the network that anchors the log: nodes, chain id, validators, and who signs transactions.

Responsible for reading it strictly. Nothing is asked over the network here; ``roster`` does that.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import msgspec

from central_server.keys import KeyFileError
from central_server.settings import ChainSettings, SignerSettings, ValidatorSetSettings
from central_server.submitters import MAX_KEYSTORE, keystore_address
from ledger.errors import FormatError
from ledger.store.durable import StorageError, read_file

MAX_VALIDATORS_FILE = 1024 * 1024
NO_VALIDATORS = (
    "No validators are pinned (--chain-validators): observers will not ask for their seals, and take this network "
    "for a demonstration."
)


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """``rpc``: addresses of nodes, in the order in which they are tried. ``signer``: address and account of one."""

    rpc: tuple[str, ...]
    chain_id: int
    validators: Path | None = None
    keystore: Path | None = None
    signer: tuple[str, str] | None = None


class _ValidatorSet(msgspec.Struct, forbid_unknown_fields=True):
    first_block: int
    addresses: list[str]


def add_network_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--chain-rpc",
        metavar="URL",
        action="append",
        default=[],
        help="JSON-RPC of a node to anchor on; again for each further node (default: embedded chain)",
    )
    parser.add_argument("--chain-id", type=_chain_id, metavar="N", help="chain id of that node's network")
    parser.add_argument("--chain-validators", type=Path, metavar="FILE", help="who seals its blocks, JSON")
    parser.add_argument("--submitter-keystore", type=Path, metavar="FILE", help="key of the account that sends anchors")
    parser.add_argument("--submitter-signer", metavar="URL", help="JSON-RPC of a signer that holds this key instead")
    parser.add_argument("--submitter-address", metavar="ADDRESS", help="0x…, the account of that signer")


def parse_network(options: argparse.Namespace) -> NetworkOptions | None:
    """None for the embedded chain. Raises FormatError(``CHAIN_OPTIONS``)."""
    if bool(options.chain_rpc) != (options.chain_id is not None):
        raise FormatError("CHAIN_OPTIONS", "an external network is given by both its node's address and its chain id")
    if (options.submitter_signer is None) != (options.submitter_address is None):
        raise FormatError("CHAIN_OPTIONS", "an external signer is given by both its address and its account")
    if options.submitter_signer is not None and options.submitter_keystore is not None:
        raise FormatError("CHAIN_OPTIONS", "the submitter's key is in a keystore or with a signer, not in both")
    if not options.chain_rpc:
        further = (options.chain_validators, options.submitter_keystore, options.submitter_signer)
        if any(one is not None for one in further):
            raise FormatError("CHAIN_OPTIONS", "the embedded chain has a submitter of its own, and no validators")
        return None
    signer = None if options.submitter_signer is None else (options.submitter_signer, options.submitter_address)
    rpc = tuple(options.chain_rpc)
    return NetworkOptions(rpc, options.chain_id, options.chain_validators, options.submitter_keystore, signer)


def _chain_id(text: str) -> int:
    if not text.isdecimal() or len(text) > 16 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on, not {text[:80]!r}")
    return int(text)


def network_settings(options: NetworkOptions) -> ChainSettings:
    """Raises FormatError(``BAD_OPTION``, ``BAD_VALIDATORS``), StorageError."""
    if len(set(options.rpc)) != len(options.rpc):
        raise FormatError("BAD_OPTION", "a node is named twice")
    sets = () if options.validators is None else _read_validators(options.validators)
    signer = None if options.signer is None else SignerSettings(options.signer[0], options.signer[1].lower())
    return ChainSettings(options.chain_id, options.rpc, sets, signer)


def read_keystore(options: NetworkOptions) -> bytes | None:
    """The keystore's bytes, which are looked at but not opened. Raises StorageError, KeyFileError."""
    path = options.keystore
    if path is None:
        return None
    data = read_file(path, MAX_KEYSTORE)
    if data is None:
        raise KeyFileError("KEY_MISSING", f"{path} does not exist")
    keystore_address(data, path)
    return data


def _read_validators(path: Path) -> tuple[ValidatorSetSettings, ...]:
    data = read_file(path, MAX_VALIDATORS_FILE)
    if data is None:
        raise StorageError("VALIDATORS_MISSING", f"{path} does not exist")
    try:
        given = msgspec.json.decode(data, type=list[_ValidatorSet])
        rows = [{"first_block": one.first_block, "addresses": sorted(map(str.lower, one.addresses))} for one in given]
        sets = msgspec.convert(rows, tuple[ValidatorSetSettings, ...])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(path, f"it is a JSON list of objects with first_block and addresses (0x…): {error}") from error
    firsts = [one.first_block for one in sets]
    if not sets or firsts != sorted(set(firsts)):
        raise _bad(path, "each set begins at a later block than the one before it, and there is at least one")
    if any(len(set(one.addresses)) != len(one.addresses) for one in sets):
        raise _bad(path, "a validator is named twice in one set")
    return sets


def _bad(path: Path, words: str) -> FormatError:
    return FormatError("BAD_VALIDATORS", f"{path}: {words}")
