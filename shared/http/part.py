"""What a service adds to the program it runs in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request, Response

from shared.http.keys import Scope

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
