"""``GET /healthz``: how the server is, for a monitor and for an agent that wants to tell refusal from outage.

``/healthz/live``: the process answers. ``/healthz/ready``: what is sent is kept, status 200, or else 503 with the
reasons. ``/healthz`` says all of it. Asks for no certificate and says nothing that is not public.
"""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse


def health_router(read_health: Callable[[], Mapping[str, object]]) -> APIRouter:
    """``read_health`` gives the answer; its ``status`` is ``ok``, ``degraded`` (a follower lags) or ``failing``."""
    router = APIRouter()

    # Coroutines, so that they are answered from the loop and not queued for a thread.
    @router.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> JSONResponse:
        health = read_health()
        return JSONResponse(dict(health), status_code=503 if health["status"] == "failing" else 200)

    @router.api_route("/healthz/live", methods=["GET", "HEAD"])
    async def live() -> JSONResponse:
        return JSONResponse({"live": True})

    @router.api_route("/healthz/ready", methods=["GET", "HEAD"])
    async def ready() -> JSONResponse:
        health = read_health()
        document = {"ready": health["ready"], "reasons": health["reasons"]}
        return JSONResponse(document, status_code=200 if health["ready"] else 503)

    return router
