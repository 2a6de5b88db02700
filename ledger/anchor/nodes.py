"""Several nodes of one chain, of which one is used at a time: the next one, when that fails.

A node is believed only after it was checked against the pins, so that a change of nodes is always a new beginning:
whoever holds a connection drops it at the first failure and asks for another one here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ledger.anchor.node_answers import RpcCall
from ledger.anchor.primitives import RpcError
from ledger.errors import TunukError

_Opened = TypeVar("_Opened")


@dataclass(frozen=True, slots=True)
class ChainNode:
    """``url`` of the JSON-RPC, and a call to it for the use of one thread."""

    url: str
    call: RpcCall


class ChainNodes:
    """At least one, in the order in which they are tried. For one thread; ``problems`` may be read from any.

    ``problems``: the code of its last failure, by the address of each node that has not been well since.
    """

    def __init__(self, nodes: Sequence[ChainNode]) -> None:
        self._nodes = tuple(ChainNode(node.url, self._noted(node)) for node in nodes)
        self._first = 0
        self.problems: dict[str, str] = {}

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(node.url for node in self._nodes)

    def open(self, attempt: Callable[[RpcCall], _Opened]) -> _Opened:
        """What the first node gives that ``attempt`` is content with. Raises the last one's TunukError.

        The next call begins with the node after that one: it is made because something failed.
        """
        for step in range(len(self._nodes)):
            place = (self._first + step) % len(self._nodes)
            node = self._nodes[place]
            try:
                opened = attempt(node.call)
            except TunukError as error:
                self._note(node.url, error)
                if step == len(self._nodes) - 1:
                    raise
            else:
                self.problems = {url: code for url, code in self.problems.items() if url != node.url}
                self._first = (place + 1) % len(self._nodes)
                return opened
        raise ValueError("no node was given")

    def _noted(self, node: ChainNode) -> RpcCall:
        def call(method: str, params: Sequence[object]) -> object:
            try:
                return node.call(method, params)
            except RpcError:
                # An answer, if not the one that was hoped for.
                raise
            except TunukError as error:
                self._note(node.url, error)
                raise

        return call

    def _note(self, url: str, error: TunukError) -> None:
        self.problems = {**self.problems, url: error.code}
