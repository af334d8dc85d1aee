"""The pages a person reaches from a mail: `/u/{token}`, what they get, and `/c/{token}`, whether they asked for it.

For whoever holds the mail: no key, no log-in, no cookie, no script. What is shown is never kept by anybody between.
"""

from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.notifier.consent.choosing import Choosing, Known, Outcome
from services.notifier.consent.preferences import ADDABLE, TOPICS, Choice
from services.notifier.consent.words import Topic
from services.notifier.message import Channel
from services.notifier.private_page import PRIVATE, Shown, Token, page, private, shown_as_html
from services.notifier.sealed import CONFIRM, Link, read_token
from services.notifier.settings import NotifierSettings
from shared.db import Pool

LARGEST_FORM: Final = 20_000
"""Bytes of a form that are looked at."""

_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": False,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "List-Unsubscribe": {"type": "string", "description": "`One-Click` (RFC 8058)"},
                        "save": {"type": "string", "description": "Set: channels and topics are a choice"},
                        "channel": {"type": "array", "items": {"type": "string", "enum": [*Channel]}},
                        "topic": {"type": "array", "items": {"type": "string", "enum": [*Topic]}},
                        "preferred": {"type": "string", "enum": ["", *Channel]},
                    },
                }
            }
        },
    }
}


_Word = TypeVar("_Word", Channel, Topic)


class Pages:
    """Renders the pages, with the headers that keep them to themselves."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._preferences = page("preferences")
        self._confirm = page("confirm")
        self._shop = {"shop": settings.sender_name, "imprint": settings.imprint}
        self._language = settings.mail_language

    def preferences(self, state: str, known: Known | None, language: str | None, status: int = 200) -> HTMLResponse:
        """What somebody gets, or what became of what they chose."""
        spoken = language or (known.language if known else self._language)
        choice = known.choice if known else Choice(frozenset(), frozenset())
        html = self._preferences.render(
            **self._shop,
            state=state,
            language=spoken,
            channels=[*Channel],
            addable=ADDABLE,
            topics=TOPICS[spoken],
            choice=choice,
            preferred=known.preferred if known else None,
        )
        return private(html, status)

    def confirmation(self, outcome: Outcome, wording: str, language: str | None) -> HTMLResponse:
        """Whether somebody asked for it, or what came of the link."""
        html = self._confirm.render(
            **self._shop, state=outcome.value, wording=wording, language=language or self._language
        )
        return private(html, _STATUS.get(outcome, 200))


_STATUS: Final = {Outcome.UNKNOWN: 404, Outcome.USED: 410, Outcome.EXPIRED: 410}


def way_out(pool: Pool, settings: NotifierSettings, secret: bytes) -> APIRouter:
    """`/u/{token}` and `/c/{token}`."""
    choosing = Choosing(pool, settings.lanes, settings.mail_language, by_facts=settings.clock == "facts")
    pages = Pages(settings)
    router = APIRouter(
        tags=["unsubscribe"],
        default_response_class=HTMLResponse,
        responses=PRIVATE,
    )

    @router.get("/u/{token}")
    async def show_preferences(token: Token, lang: Shown = None) -> HTMLResponse:
        """A page with what the person gets. Programs that only look at links must not unsubscribe anybody."""
        link = read_token(secret, token)
        if link is None:
            return pages.preferences("unknown", None, lang, 404)
        return pages.preferences("ask", await choosing.known(link.person), lang)

    @router.post("/u/{token}", openapi_extra=_FORM)
    async def choose(token: Token, request: Request, lang: Shown = None) -> HTMLResponse:
        """Choose channels and topics, or object to advertising by e-mail in one click by a mail program (RFC 8058)."""
        link = read_token(secret, token)
        if link is None:
            return pages.preferences("unknown", None, lang, 404)
        form = await _form(request)
        if "save" not in form:
            await choosing.object(link)
            return pages.preferences("done", await choosing.known(link.person), lang)
        known = await choosing.known(link.person)
        asked = await choosing.choose(
            link,
            _choice(form, known.choice),
            _known(Channel, form.get("preferred", [""])[0]),
            ip=_ip(request),
            shop=settings.sender_name,
            language=lang or known.language,
        )
        return pages.preferences("asked" if asked else "saved", await choosing.known(link.person), lang)

    async def confirmed(token: str, request: Request, lang: str | None, *, sure: bool) -> HTMLResponse:
        link: Link | None = read_token(secret, token, CONFIRM)
        if link is None:
            return pages.confirmation(Outcome.UNKNOWN, "", lang)
        outcome, asked = await choosing.confirm(link, ip=_ip(request), sure=sure)
        known = await choosing.known(link.person)
        return pages.confirmation(outcome, asked.wording if asked else "", lang or known.language)

    @router.get("/c/{token}", responses={410: shown_as_html("The link was used, or is too old")})
    async def show_confirmation(token: Token, request: Request, lang: Shown = None) -> HTMLResponse:
        """A page with a button: programs that only look at links must not agree for anybody."""
        return await confirmed(token, request, lang, sure=False)

    @router.post("/c/{token}", responses={410: shown_as_html("The link was used, or is too old")})
    async def confirm(token: Token, request: Request, lang: Shown = None) -> HTMLResponse:
        """Agree to what was asked for: once, and within seven days."""
        return await confirmed(token, request, lang, sure=True)

    return router


async def _form(request: Request) -> dict[str, list[str]]:
    """The fields of a form; of a body that is none, or by a mail program in parts, no field matters."""
    if "urlencoded" not in request.headers.get("content-type", "urlencoded"):
        return {}
    body = await request.body()
    try:
        return parse_qs(body[:LARGEST_FORM].decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}


def _choice(form: dict[str, list[str]], before: Choice) -> Choice:
    """What was ticked; a channel that cannot be switched on here is on only if it was."""
    ticked = {channel for each in form.get("channel", ()) if (channel := _known(Channel, each)) is not None}
    topics = {topic for each in form.get("topic", ()) if (topic := _known(Topic, each)) is not None}
    return Choice(frozenset(ticked & (ADDABLE | before.channels)), frozenset(topics))


def _known(words: type[_Word], text: str) -> _Word | None:
    try:
        return words(text)
    except ValueError:
        return None


def _ip(request: Request) -> str | None:
    return request.client.host if request.client else None
