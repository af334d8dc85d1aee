"""Problems: every answer that is an error (RFC 9457), with a pointer to each fault (RFC 6901)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from fastapi import Response

PROBLEM: Final = "application/problem+json"


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
