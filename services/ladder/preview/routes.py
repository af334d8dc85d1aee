"""A draft of the rules tried out over HTTP: the answer comes line by line and ends with the caller's patience."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Send

from services.ladder.core.rules import Rules, RulesError, load
from services.ladder.figures.queries import FigureQueries
from services.ladder.preview.queries import PreviewQueries
from services.ladder.preview.running import Preview
from services.ladder.queries import Queries
from services.ladder.schemas import problem
from shared.http import Fault, Problem

MOST_BYTES: Final = 1 << 18
LINES: Final = "application/jsonl"

_TOML: Final = {"text/plain": {"schema": {"type": "string", "description": "The draft, as a rules.toml."}}}
_LINES: Final = {LINES: {"schema": {"type": "string"}}}


class Wanted(StrEnum):
    """What the lines of the answer are."""

    RESULT = "result"
    ANNOUNCEMENTS = "announcements"


Sample = Annotated[float, Query(gt=0, le=1, description="The share of the people; always the same ones.")]
Answer = Annotated[Wanted, Query(description="The result with progress, or all that would have been announced.")]


class Lines(StreamingResponse):
    """JSON lines, made as long as somebody listens."""

    def __init__(self, chunks: AsyncGenerator[bytes]) -> None:
        super().__init__(chunks, headers={"Cache-Control": "no-store"}, media_type=LINES)
        self._chunks = chunks

    async def stream_response(self, send: Send) -> None:
        """Send chunk after chunk; end the work when the client has gone."""
        async with aclosing(self._chunks):
            await super().stream_response(send)


def add_preview(routes: APIRouter, queries: Queries, clock: FigureQueries, rules: Rules) -> None:
    """The question what another version of the rules would change."""

    @routes.post(
        "/v1/rules/preview",
        response_class=StreamingResponse,
        openapi_extra={"requestBody": {"required": True, "content": _TOML}},
        responses={
            200: {"description": "JSON lines", "content": _LINES},
            400: problem("The request ended before its body did"),
            413: problem("A draft of the rules is smaller"),
        },
    )
    async def preview_rules(request: Request, sample: Sample = 1.0, answer: Answer = Wanted.RESULT) -> Response:
        """What a draft of the rules would change: who would stand where, and what would have been announced.

        The journal is told anew with the draft, up to now; nothing is changed and nobody is told. With
        `answer=result` each line is `{"progress": …}`, the last one `{"result": …}`; an answer without it was broken
        off. With `answer=announcements` each line is a CloudEvent as it would have been on `ladder.events`.
        """
        draft = _draft(await _body(request), rules)
        now = (await clock.present()).now
        preview = Preview(PreviewQueries(queries, sample), rules, draft, now)
        return Lines(preview.result() if answer is Wanted.RESULT else preview.announcements())


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                raise Problem(413, "too-large", f"A draft has {MOST_BYTES} bytes at most")
    except ClientDisconnect as error:
        raise Problem(400, "malformed", "The request ended before its body did") from error
    return body


def _draft(toml: bytes, rules: Rules) -> Rules:
    """The draft, for the currency and zone of the shop. Raises Problem 422."""
    try:
        return load(toml, currency=rules.currency, exponent=rules.exponent, time_zone=rules.time_zone)
    except RulesError as error:
        fault = Fault(pointer="", detail=str(error))
        raise Problem(422, "invalid-rules", "The draft cannot be used", errors=[fault]) from error
