"""JSON-RPC to a node through web3: the one module that imports it, and the funnel of all its failures.

Responsible for asking, and for turning whatever goes wrong into ChainError. Retries nothing: whoever asks knows whether
and when it makes sense. Proxies and other settings of the environment are ignored: the node is near, and named on
purpose.
"""

from collections.abc import Mapping, Sequence

import requests
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from ledger.anchor.primitives import ChainError, RpcError
from ledger.anchor.recursion_limit import lower_recursion_limit
from ledger.anchor.rpc_values import parse_data
from ledger.errors import FormatError

lower_recursion_limit()

TIMEOUT_SECONDS = 10.0
"""For connecting and for each read of an answer."""

_MAX_ERROR_DATA = 65_536


class EvmConnection:
    """One node by its address, ``http(s)://…``. Raises FormatError(``BAD_RPC_URL``); asks nothing yet."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise FormatError("BAD_RPC_URL", "the address of a node's JSON-RPC starts with http:// or https://")
        session = requests.Session()
        session.trust_env = False
        self._session = session
        self._provider = HTTPProvider(
            url, request_kwargs={"timeout": TIMEOUT_SECONDS}, session=session, exception_retry_configuration=None
        )

    def call(self, method: str, params: Sequence[object]) -> object:
        """The result of a method. Raises ChainError(``CHAIN_UNREACHABLE``, ``CHAIN_ANSWER_MALFORMED``) and RpcError."""
        try:
            response: object = self._provider.make_request(RPCEndpoint(method), list(params))
        except requests.RequestException as error:
            message = f"{method}: the node does not answer ({type(error).__name__})"
            raise ChainError("CHAIN_UNREACHABLE", message, retryable=True) from error
        except (Web3Exception, ValueError, RecursionError) as error:
            raise _malformed(method) from error
        if not isinstance(response, dict) or ("error" not in response and "result" not in response):
            raise _malformed(method)
        if response.get("error") is not None:
            raise _parse_error(response["error"])
        return response.get("result")

    def close(self) -> None:
        self._session.close()


def _malformed(method: str) -> ChainError:
    message = f"{method}: what the node answers is not JSON-RPC; is this the address of a node?"
    return ChainError("CHAIN_ANSWER_MALFORMED", message, retryable=True)


def _parse_error(error: object) -> RpcError:
    fields: Mapping[str, object] = error if isinstance(error, dict) else {}
    number, message = fields.get("code"), fields.get("message")
    try:
        data = parse_data(fields.get("data"), "error.data", _MAX_ERROR_DATA)
    except FormatError:
        # Nodes put all sorts of things there; only a reverted call's bytes are of use.
        data = None
    return RpcError(number if isinstance(number, int) else 0, str(message)[:500], data)
