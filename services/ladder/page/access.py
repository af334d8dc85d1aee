"""Who may look at the pages, and who may do something there.

Without API keys the programs listen on loopback only, and whoever is there may look. With keys one logs in with a key;
a signed cookie then says until when, and for which key, which must still be among those of API_KEYS_FILE.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import Request, Response

from services.ladder.page.frame import Elsewhere
from services.ladder.page.queries import PageQueries
from shared.http import Keys, Problem

COOKIE: Final = "ladder_session"
HOURS: Final = 12
_LARGEST: Final = 100_000
"""Bytes of a form at most."""


class Visitor(NamedTuple):
    """Who looks: the name of their key, whether they may change something, and the mark their forms must bring back."""

    name: str | None
    acts: bool
    mark: str

    @property
    def tries(self) -> bool:
        """Whether they may have something reckoned out that changes nothing: on loopback without keys everybody."""
        return self.acts or self.name is None


class Access:
    """Lets in, or sends to the log-in."""

    def __init__(self, queries: PageQueries, now: Callable[[], float] = time.time) -> None:
        self._queries = queries
        self._now = now
        self._secret: bytes | None = None

    async def visitor(self, request: Request) -> Visitor:
        """Who looks. Raises Elsewhere (the log-in) when nobody has been let in."""
        keys = _keys(request)
        if not keys.needed:
            return Visitor(None, acts=False, mark="")
        visitor = await self._by_cookie(keys, request.cookies.get(COOKIE, ""))
        if visitor is None:
            raise Elsewhere(f"/login?{urlencode({'to': _address(request)}, errors='replace')}")
        return visitor

    async def let_in(self, request: Request, response: Response, secret: str) -> bool:
        """Whether the key may look; the response then carries the cookie."""
        keys = _keys(request)
        key = keys.find(secret)
        if key is None or not keys.may(key, "ladder:read"):
            return False
        payload = f"{key.sha256}.{int(self._now()) + HOURS * 3600}"
        signed = f"{payload}.{await self._signature(payload)}"
        _set_cookie(request, response, signed, HOURS * 3600)
        return True

    async def _by_cookie(self, keys: Keys, cookie: str) -> Visitor | None:
        payload, _, signature = cookie.rpartition(".")
        digest, _, until = payload.partition(".")
        if not hmac.compare_digest(signature.encode(), (await self._signature(payload)).encode()):
            return None
        key = keys.by_digest(digest)
        if key is None or int(until) <= self._now():
            return None
        return Visitor(key.name, keys.may(key, "admin"), await self._signature(f"form {payload}"))

    async def _signature(self, text: str) -> str:
        if self._secret is None:
            self._secret = await self._queries.secret()
        digest = hmac.digest(self._secret, text.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _keys(request: Request) -> Keys:
    keys: Keys = request.app.state.keys
    return keys


def _set_cookie(request: Request, response: Response, value: str, seconds: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, value, max_age=seconds, httponly=True, samesite="strict", secure=secure)


def log_out(request: Request, response: Response) -> None:
    """Let the browser forget the cookie."""
    _set_cookie(request, response, "", 0)


def inside(address: str) -> str:
    """The address if it is a path of ours, else the first page: nobody is led elsewhere by a link to the log-in."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and address.isprintable() else "/"


def _address(request: Request) -> str:
    path = request.url.path if request.method == "GET" else "/"
    return f"{path}?{request.url.query}" if request.url.query and request.method == "GET" else path


async def form(request: Request, largest: int = _LARGEST) -> dict[str, str]:
    """The fields of a posted form, each once. Raises Problem 403 when another site's page sent it, 422.

    `largest`: bytes of it at most.
    """
    if not from_here(request):
        raise Problem(403, "foreign-form", "The form came from another page")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise Problem(422, "invalid-request", "The form is too large")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=1_000)
    except ValueError as error:
        raise Problem(422, "invalid-request", "The form cannot be read") from error
    return {name: values[-1] for name, values in fields.items()}


def from_here(request: Request) -> bool:
    """Whether a form was sent by a page of ours, as browsers say (Fetch Metadata, else `Origin`)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def check_mark(visitor: Visitor, fields: dict[str, str], may: bool) -> None:
    """Raises Problem 403 unless the visitor `may` do it and the form is one that was shown to them."""
    brought = fields.get("mark", "").encode("utf-8", "replace")
    if not may or not hmac.compare_digest(brought, visitor.mark.encode()):
        raise Problem(403, "forbidden", "This needs a key with the scope admin")
