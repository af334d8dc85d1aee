"""Routes that are matched before the path is percent-decoded, so that an id may hold `/`."""

from urllib.parse import quote, unquote_to_bytes

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class RawPathRoute(APIRoute):
    """Matches segments of the path as it was sent: `/v1/customers/a%2Fb` is the person `a/b`.

    Bytes that are no UTF-8 arrive as lone surrogates, which the parameter's own check refuses.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route does, on the raw path."""
        match, child = super().matches({**scope, "path": _raw_path(scope)} if scope["type"] == "http" else scope)
        if "path_params" in child:
            child["path_params"] = {name: _decoded(value) for name, value in child["path_params"].items()}
        return match, child


def _raw_path(scope: Scope) -> str:
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw is None else raw.partition(b"?")[0].decode("latin-1")


def _decoded(segment: str) -> str:
    return unquote_to_bytes(segment.encode("latin-1")).decode("utf-8", "surrogateescape")
