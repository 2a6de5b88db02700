"""``GET /healthz``: whether the server takes records, for a monitor and for an agent that wants to tell refusal from
outage. Asks for no certificate and says nothing that is not public.
"""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse


def health_router(read_health: Callable[[], Mapping[str, object]]) -> APIRouter:
    """``read_health`` gives the answer; its ``status`` is ``ok``, ``degraded`` (a follower lags) or ``failing``."""
    router = APIRouter()

    # A coroutine, so that it is answered from the loop and not queued for a thread.
    @router.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> JSONResponse:
        health = read_health()
        return JSONResponse(dict(health), status_code=503 if health["status"] == "failing" else 200)

    return router
