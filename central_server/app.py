"""The HTTP application: routes put together, and every error turned into a coded JSON answer."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from central_server.http_errors import REQUEST_REFUSALS, RequestError, encode_refusal, refusal_headers
from central_server.routes.health import health_router
from central_server.routes.receipts import ReceiptsRoute
from central_server.routes.records import PATH, RecordsRoute
from central_server.routes.rulings import PATH as RULINGS_PATH
from central_server.routes.rulings import RulingsRoute

_CODES = {404: "NOT_FOUND", 405: "WRONG_METHOD"}


def make_app(
    records: RecordsRoute,
    receipts: ReceiptsRoute,
    rulings: RulingsRoute,
    read_health: Callable[[], Mapping[str, object]],
) -> ASGIApp:
    """The application; it reads no files, holds no connections, and has no pages of documentation of its own."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.routes.append(Route("/v1/receipts/{leaf}", receipts.get, methods=["GET"]))
    app.router.routes.append(Route(RULINGS_PATH, rulings.post, methods=["POST"]))
    app.include_router(health_router(read_health))
    app.add_exception_handler(RequestError, _refuse)
    app.add_exception_handler(HTTPException, _refuse_address)
    app.add_exception_handler(Exception, _refuse_fault)
    return ServerErrorMiddleware(_BusyRouteFirst(records, app), _refuse_fault)


class _BusyRouteFirst:
    """Records go to their route at once: the way through a framework would cost as much as verifying a signature."""

    def __init__(self, records: RecordsRoute, rest: ASGIApp) -> None:
        self._records = records
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        try:
            if scope["method"] in ("GET", "HEAD") and _has_body(scope):
                raise RequestError("UNEXPECTED_BODY", REQUEST_REFUSALS["UNEXPECTED_BODY"].meaning)
            if scope["path"] == PATH:
                await self._records(scope, receive, send)
            else:
                await self._rest(scope, receive, send)
        except RequestError as error:
            await _answer(error)(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 "))
        for name, value in scope["headers"]
    )


def _answer(error: RequestError) -> Response:
    status, headers = error.answer.status.value, refusal_headers(error)
    return Response(encode_refusal(error), status, headers, media_type="application/json")


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestError):
        raise error
    return _answer(error)


async def _refuse_address(_: Request, error: Exception) -> Response:
    """No such address, or not with this method: found by the router before any route of ours is asked."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = _CODES.get(status, "BAD_REQUEST")
    return _answer(RequestError(code, REQUEST_REFUSALS[code].meaning))


async def _refuse_fault(_: Request, __: Exception) -> Response:
    """A fault of this program. The traceback goes to the server's log, after the client has its answer."""
    return _answer(RequestError("INTERNAL", REQUEST_REFUSALS["INTERNAL"].meaning))
