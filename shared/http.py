"""What every program's HTTP side shares: problems (RFC 9457), API keys with scopes, health and metrics."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from shared.settings import SettingsError
from shared.telemetry import LAG

PROBLEM: Final = "application/problem+json"
Scope = Literal["events:write", "ladder:read", "admin"]

_log = structlog.get_logger("http")


class Fault(msgspec.Struct, kw_only=True):
    """One fault of the input: where (JSON pointer, RFC 6901) and what."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 - the RFC's word
    """An answer that is an error: `application/problem+json`."""

    def __init__(
        self,
        status: int,
        type_: str,
        title: str,
        *,
        detail: str | None = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.headers = headers
        body = {"type": type_, "title": title, "status": status, "detail": detail, **extra}
        self.body = {name: value for name, value in body.items() if value is not None}
        if errors:
            self.body["errors"] = list(errors)

    def response(self) -> Response:
        """The answer on the wire."""
        return json(self.body, status=self.status, media_type=PROBLEM, headers=self.headers)


def json(
    body: Any, *, status: int = 200, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """A response of whatever msgspec can encode."""
    return Response(msgspec.json.encode(body), status, dict(headers or {}), media_type)


# -- API keys ----------------------------------------------------------------------------------------------------


class Key(msgspec.Struct, kw_only=True):
    """An API key at rest: its name, the SHA-256 of its 256 random bits, and what it may do."""

    name: str
    sha256: str
    scopes: list[Scope]


def new_key(name: str, scopes: list[Scope]) -> tuple[str, Key]:
    """A fresh key and its record; the key itself is shown once and kept nowhere."""
    secret = "ll_" + secrets.token_urlsafe(32)
    return secret, Key(name=name, sha256=_digest(secret), scopes=scopes)


def read_keys(path: Path) -> list[Key]:
    """The keys of a file with one JSON record a line. Raises SettingsError."""
    try:
        return [msgspec.json.decode(line, type=Key) for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise SettingsError(f"API_KEYS_FILE: {error.strerror}: {path}") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"API_KEYS_FILE: {error}: {path}") from error


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Keys:
    """Decides who may do what; without any key everybody on loopback may do everything."""

    def __init__(self, keys: Sequence[Key] | None) -> None:
        self._keys = None if keys is None else {key.sha256: key for key in keys}

    def check(self, secret: str | None, scope: Scope) -> None:
        """Raises Problem 401 or 403."""
        if self._keys is None:
            return
        key = self._keys.get(_digest(secret)) if secret else None
        if key is None:
            raise Problem(401, "unauthorized", "A valid API key is needed", headers={"WWW-Authenticate": "Bearer"})
        if scope not in key.scopes and "admin" not in key.scopes:
            raise Problem(403, "forbidden", f"This API key lacks the scope {scope}")


_bearer = HTTPBearer(auto_error=False, description="An API key made by `python -m services.keys new`")


def needs(scope: Scope) -> Any:
    """A dependency for routes: the request's key must have this scope."""

    async def check(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> None:
        request.app.state.keys.check(credentials.credentials if credentials else None, scope)

    return Depends(check)


# -- the application ---------------------------------------------------------------------------------------------

Check = Callable[[], Awaitable[None]]
"""Raises when a dependency cannot be used."""


@dataclass(frozen=True)
class Direct:
    """A route answered ahead of the framework, whose machinery costs more than a small request's own work.

    It is declared on the router as well, for the OpenAPI document.
    """

    scope: Scope
    answer: Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Part:
    """What one service adds to the program it runs in; `direct` by method and path."""

    name: str
    router: APIRouter
    checks: Mapping[str, Check] = field(default_factory=dict)
    lag: Callable[[], Awaitable[int]] | None = None
    observe: Callable[[], Awaitable[None]] | None = None
    """Sets the gauges that are looked up only when somebody asks for metrics."""
    direct: Mapping[tuple[str, str], Direct] = field(default_factory=dict)
    schemas: Mapping[str, Any] = field(default_factory=dict)
    """What its routes refer to under `#/components/schemas/` of the OpenAPI document."""


def application(parts: Sequence[Part], keys: Keys, *, title: str, version: str) -> FastAPI:
    """One FastAPI application of these parts, with health, metrics and one OpenAPI document."""
    app = _Application(title=title, version=version, docs_url=None, redoc_url=None)
    app.schemas = {name: schema for part in parts for name, schema in part.schemas.items()}
    app.direct = {place: direct for part in parts for place, direct in part.direct.items()}
    app.state.keys = keys
    for part in parts:
        app.include_router(part.router)
    app.include_router(_health(parts))
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_crash)
    return app


class _Application(FastAPI):
    direct: Mapping[tuple[str, str], Direct]
    schemas: Mapping[str, Any]

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document.setdefault("components", {}).setdefault("schemas", {}).update(self.schemas)
        return document

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        direct = self.direct.get((scope.get("method", ""), scope.get("path", "")))
        if direct is None:
            await super().__call__(scope, receive, send)
        else:
            request = Request(scope, receive)
            response = await _directly(direct, request, self.state.keys)
            await response(scope, receive, send)


async def _directly(direct: Direct, request: Request, keys: Keys) -> Response:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    try:
        keys.check(secret.strip() if scheme.lower() == "bearer" else None, direct.scope)
        return await direct.answer(request)
    except Problem as problem:
        return problem.response()
    except Exception as error:
        return await _on_crash(request, error)


async def _on_problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()


async def _on_invalid(_: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)
    faults = [Fault(pointer=_pointer(fault["loc"]), detail=fault["msg"]) for fault in invalid.errors()]
    return Problem(422, "invalid-request", "The request is not valid", errors=faults).response()


def _pointer(location: Sequence[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, "about:blank", str(error.detail), headers=error.headers).response()


async def _on_crash(request: Request, error: Exception) -> Response:
    _log.error("http.failed", method=request.method, route=request.scope.get("route_path"), exc_info=error)
    return Problem(500, "about:blank", "Internal error").response()


def _health(parts: Sequence[Part]) -> APIRouter:
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

    @router.get("/metrics")
    async def metrics() -> Response:
        """Prometheus metrics of this process."""
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
