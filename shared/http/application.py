"""One application of the parts of a process: routes, errors as problems, health."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from shared.http.health import health
from shared.http.keys import Keys
from shared.http.part import Direct, Part
from shared.http.problems import PROBLEM, Fault, Problem

_log = structlog.get_logger("http")


def application(parts: Sequence[Part], keys: Keys, *, title: str, version: str) -> FastAPI:
    """One FastAPI application of these parts, with health, metrics and one OpenAPI document."""
    app = _Application(title=title, version=version, docs_url=None, redoc_url=None)
    app.schemas = {name: schema for part in parts for name, schema in part.schemas.items()}
    app.direct = {place: direct for part in parts for place, direct in part.direct.items()}
    app.state.keys = keys
    for part in parts:
        app.include_router(part.router)
    app.include_router(health(parts))
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
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        clashing = sorted(name for name in schemas.keys() & self.schemas if schemas[name] != self.schemas[name])
        if clashing:
            raise ValueError(f"two things are described under one name: {', '.join(clashing)}")
        schemas.update(self.schemas)
        for operations in document["paths"].values():
            for operation in operations.values():
                if "application/json" in operation.get("requestBody", {}).get("content", {}):
                    operation["responses"].setdefault("400", _NO_JSON)
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


_NO_JSON: Final = {"description": "The body is no JSON", "content": {PROBLEM: {"schema": {"type": "object"}}}}
"""Of every route that reads a body: the framework reads it before the route can say anything about it."""


def _malformed(detail: str) -> Response:
    return Problem(400, "malformed", "The body is no JSON", detail=detail).response()


async def _on_invalid(_: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)
    for fault in invalid.errors():
        if fault["type"] == "json_invalid":
            return _malformed(str(fault.get("ctx", {}).get("error", fault["msg"])))
    faults = [Fault(pointer=_pointer(fault["loc"]), detail=fault["msg"]) for fault in invalid.errors()]
    return Problem(422, "invalid-request", "The request is not valid", errors=faults).response()


def _pointer(location: Sequence[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # raised by the framework alone: bytes that are no text, or nested without end
        return _malformed(str(error.detail))
    return Problem(error.status_code, "about:blank", str(error.detail), headers=error.headers).response()


async def _on_crash(request: Request, error: Exception) -> Response:
    _log.error("http.failed", method=request.method, route=request.scope.get("route_path"), exc_info=error)
    return Problem(500, "about:blank", "Internal error").response()
