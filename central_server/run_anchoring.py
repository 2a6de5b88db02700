"""The anchoring follower as ``run`` starts and stops it, on the contract in force.

The log says which contract that is. Where officials have put another in its place, anchoring goes on there from the
next step on; where this server does not have that contract's keys, it says so and everything else goes on.
"""

import contextlib
from collections.abc import Callable, Iterator

from central_server.anchor_files import AnchorFiles
from central_server.anchor_keys import find_anchor_key
from central_server.anchoring import AnchorFollower, PublishedFolder, guarded
from central_server.chain_node import GAS_PRICE, anchor_target, open_nodes
from central_server.follower_context import FollowerContext, run_thread
from central_server.health import FollowerReport
from central_server.keys import KeyFileError
from central_server.log_access import open_signer
from central_server.submitters import open_submitter
from ledger.anchor.evm import AnchorContract, open_contract
from ledger.anchor.nodes import ChainNodes
from ledger.anchor.primitives import Address
from ledger.anchor.statement import AnchorDomain, origin_hash
from ledger.election import ChainPins
from ledger.errors import TunukError
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore

CLOSING_SECONDS = 15.0
"""For the anchor of the last checkpoint. What is not done by then is done after the next start."""

CONFIRMATIONS = 0
"""Blocks of the embedded chain and of a QBFT network are final at once."""

_KEY_SECONDS = 5.0
"""Until keys that are missing are looked for again."""


class ContractFollower:
    """Anchors on the contract that ``pins`` gives. ``step`` and ``close`` belong to one thread.

    ``make`` makes the follower of a contract, and raises KeyFileError where this server has no key of it.
    """

    def __init__(
        self,
        pins: Callable[[], ChainPins],
        make: Callable[[ChainPins], AnchorFollower],
        tell_error: Callable[[str, TunukError], None],
    ) -> None:
        self._pins, self._make, self._tell_error = pins, make, tell_error
        self._made_for: ChainPins | None = None
        self._follower: AnchorFollower | None = None
        self._missing: str | None = None

    @property
    def problem(self) -> str | None:
        """The code of what keeps anchors back."""
        follower = self._follower
        return self._missing if follower is None else follower.problem

    def numbers(self) -> dict[str, int | None]:
        """As ``AnchorFollower``."""
        follower = self._follower
        return {"size": None, "lag": None} if follower is None else follower.numbers()

    def step(self) -> float:
        """The seconds until the next step."""
        pins = self._pins()
        if pins != self._made_for:
            self._follower = None
            try:
                self._follower = self._make(pins)
            except KeyFileError as error:
                if error.code != self._missing:
                    self._tell_error("anchoring", error)
                self._missing = error.code
                return _KEY_SECONDS
            self._made_for, self._missing = pins, None
        return _KEY_SECONDS if self._follower is None else self._follower.step()

    def close(self) -> bool:
        return self._follower is None or self._follower.close()


@contextlib.contextmanager
def run_anchoring(context: FollowerContext, rpc_port: int) -> Iterator[tuple[FollowerReport, str | None]]:
    """Anchor, unless the embedded chain cannot be opened: that is told, and everything else goes on without it."""
    with contextlib.ExitStack() as stack:
        try:
            nodes = stack.enter_context(open_nodes(context.directory, context.settings, rpc_port, context.clock))
        except StorageError as error:
            context.operator.tell_error("anchoring", error)
            code = error.code
            yield FollowerReport("anchoring", lambda: code, dict), None
            return
        store = stack.enter_context(SqliteStore(context.directory.log, context.origin))
        follower = ContractFollower(
            context.pins, lambda pins: _make_follower(context, pins, nodes, store, stack), context.operator.tell_error
        )
        thread = stack.enter_context(run_thread(context, "anchoring", follower.step, follower.close, CLOSING_SECONDS))

        def numbers() -> dict[str, int | None]:
            return {**follower.numbers(), "nodes": len(nodes.urls), "nodes_failing": len(nodes.problems)}

        yield FollowerReport("anchoring", lambda: follower.problem or thread.problem, numbers), nodes.urls[0]


def _make_follower(
    context: FollowerContext, pins: ChainPins, nodes: ChainNodes, store: SqliteStore, stack: contextlib.ExitStack
) -> AnchorFollower:
    """Raises KeyFileError."""
    directory, origin = context.directory, context.origin
    suffix, key = find_anchor_key(directory, Address(pins.anchor_address))
    submitter = stack.enter_context(open_submitter(directory, context.settings, context.password_file, suffix))
    target = anchor_target(pins, origin, open_signer(directory, "log").public_key)

    def open_anchors() -> AnchorContract:
        account = submitter()
        return nodes.open(lambda call: open_contract(call, target, account, GAS_PRICE))

    return AnchorFollower(
        open_anchors,
        AnchorDomain(target.chain_id, target.contract, origin_hash(origin)),
        PublishedFolder(directory.publication, origin),
        AnchorFiles(directory.publication, target.contract),
        guarded(key, store, FileGuard(directory.guard, origin)),
        context.settings.anchor_seconds,
        CONFIRMATIONS,
        context.monotonic,
        lambda words: context.operator.tell("anchoring", words),
    )
