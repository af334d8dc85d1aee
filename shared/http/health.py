"""Whether a process runs, can use what it depends on, and how far it is behind; its metrics."""

from collections.abc import Sequence

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.http.part import Check, Part
from shared.http.problems import json
from shared.telemetry import LAG


def health(parts: Sequence[Part]) -> APIRouter:
    """The routes that every program has besides its parts'."""
    router = APIRouter(tags=["health"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """The process runs and answers."""
        return {"status": "ok"}

    @router.get("/readyz", responses={503: {"description": "Something it depends on cannot be used"}})
    async def readyz() -> Response:
        """Whether each dependency can be used, and how far behind the processing is."""
        checks = {name: await _outcome(check) for part in parts for name, check in part.checks.items()}
        lag: dict[str, int] = {}
        if all(outcome == "ok" for outcome in checks.values()):
            checks["lag"] = await _outcome(lambda: _measure(parts, lag))
        ready = all(outcome == "ok" for outcome in checks.values())
        body = {"status": "ok" if ready else "unavailable", "checks": checks, "lag": lag}
        return json(body, status=200 if ready else 503)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Prometheus metrics of this process; what cannot be looked up now keeps the value it had."""
        await _outcome(lambda: _measure(parts, {}))
        for part in parts:
            if part.observe is not None:
                await _outcome(part.observe)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _measure(parts: Sequence[Part], lag: dict[str, int]) -> None:
    for part in parts:
        if part.lag is not None:
            lag[part.name] = await part.lag()
            LAG.labels(part.name).set(lag[part.name])


async def _outcome(check: Check) -> str:
    try:
        await check()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "ok"
