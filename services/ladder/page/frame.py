"""What every page has around it: templates, headers, the files it is made with, and pages that tell of an error."""

import hashlib
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.ladder.core.standing import PHASE_OF, RUNGS
from services.ladder.page.language import COOKIE, LANGUAGES, Language, chosen, language
from shared.http import Problem

_PLACE: Final = Path(__file__).parent
_ASSETS: Final = {"style.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}
_YEAR: Final = 365 * 86_400

NAVIGATION: Final = (
    ("/", "ladder"),
    ("/live", "live"),
    ("/people", "people"),
    ("/at-risk", "at_risk"),
    ("/figures", "figures"),
    ("/worth", "worth"),
    ("/what-if", "what_if"),
    ("/plays", "plays"),
    ("/rules", "rules"),
    ("/health", "health"),
)

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_log = structlog.get_logger("page")


class Elsewhere(Exception):  # noqa: N818 - no error: the answer is at another address
    """The page asked for is to be found at `address`, a path of ours."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class Asset(NamedTuple):
    """A file that pages are made with; the digest in its address changes with it."""

    body: bytes
    type: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """All of them, by name."""
    found = {}
    for name, type_ in _ASSETS.items():
        body = (_PLACE / "assets" / name).read_bytes()
        found[name] = Asset(body, type_, hashlib.sha256(body).hexdigest()[:16])
    return found


def asset(name: str) -> Response:
    """One of them, to be kept by the browser. Raises Problem 404."""
    found = assets().get(name)
    if found is None:
        raise Problem(404, "about:blank", "Not Found")
    headers = {**HEADERS, "Cache-Control": f"public, max-age={_YEAR}, immutable"}
    return Response(found.body, 200, headers, found.type)


def person_path(person: str) -> str:
    """The address of a person's page; the id is a parameter, since browsers change dots and slashes in paths."""
    return f"/person?{urlencode({'id': person})}"


@cache
def environment() -> Environment:
    """The templates; whatever is filled in is escaped."""
    loader = FileSystemLoader(_PLACE / "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["zip"] = zip
    made.globals |= {
        "asset": lambda name: f"/page/{name}?v={assets()[name].digest}",
        "person_path": person_path,
        "RUNGS": RUNGS,
        "PHASE_OF": {str(stage): str(phase) for stage, phase in PHASE_OF.items()},
        "LANGUAGES": LANGUAGES,
        "NAVIGATION": NAVIGATION,
    }
    return made


def fragment(template: str, words: Language, **values: Any) -> str:
    """A piece of a page."""
    return environment().get_template(template).render(t=words, **values)


def shown(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the reader's language; the choice is remembered when it was made by the switch."""
    words = reader_language(request)
    values = {"visitor": None, "here": request.url.path, "switch": _switch(request), **values}
    response = HTMLResponse(fragment(template, words, **values), status, HEADERS)
    if request.query_params.get("language") == words.code:
        response.set_cookie(COOKIE, words.code, max_age=_YEAR, samesite="lax", httponly=True)
    return response


def reader_language(request: Request) -> Language:
    """The language of whoever asks, with times in the shop's zone."""
    return language(chosen(request), request.state.zone)


def _switch(request: Request) -> dict[str, str]:
    """The address of the same page in each language."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "language"]
    path = request.url.path if request.method == "GET" else "/"
    return {code: f"{path}?{urlencode([*asked, ('language', code)], errors='replace')}" for code in LANGUAGES}


class PageRoute(APIRoute):
    """A route whose errors are pages too; a subclass says in which time zone times are told."""

    zone = "UTC"

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As any route's, with errors told in the reader's language."""
        answer = super().get_route_handler()

        async def handled(request: Request) -> Response:
            request.state.zone = self.zone
            try:
                return await answer(request)
            except Elsewhere as elsewhere:
                return RedirectResponse(elsewhere.address, 303, HEADERS)
            except Problem as problem:
                return _told(request, problem)
            except RequestValidationError:
                return _told(request, Problem(422, "invalid-request", "The request is not valid"))
            except Exception as error:
                _log.error("page.failed", method=request.method, path=request.url.path, exc_info=error)
                return _told(request, Problem(500, "about:blank", "Internal error"))

        return handled


def route_in(zone: str) -> type[PageRoute]:
    """The routes of pages that tell times in this zone (IANA name)."""
    return type("ZonedPageRoute", (PageRoute,), {"zone": zone})


def _told(request: Request, problem: Problem) -> Response:
    key = "unknown_customer" if problem.body["type"] == "unknown-customer" else str(problem.status)
    response = shown(request, "error.html.j2", status=problem.status, key=key)
    response.headers.update(problem.headers or {})
    return response
