"""A draft of the rules tried out over HTTP: the answer comes line by line and ends with the caller's patience."""

from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from services.ladder.preview.previews import Previews
from services.ladder.schemas import problem
from shared.http import Problem
from shared.http.streamed import PreviewResponse

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


def add_preview(routes: APIRouter, previews: Previews) -> None:
    """The question what another version of the rules would change."""

    @routes.post(
        "/v1/rules/preview",
        response_class=StreamingResponse,
        openapi_extra={"requestBody": {"required": True, "content": _TOML}},
        responses={
            200: {"description": "JSON lines", "content": _LINES},
            400: problem("The request ended before its body did"),
            413: problem("A draft of the rules is smaller"),
            429: problem("Another draft is being tried out; try again after `Retry-After`"),
        },
    )
    async def preview_rules(request: Request, sample: Sample = 1.0, answer: Answer = Wanted.RESULT) -> Response:
        """What a draft of the rules would change: who would stand where, and what would have been announced.

        The journal is told anew with the draft, up to now; nothing is changed and nobody is told. With
        `answer=result` each line is `{"progress": …}`, the last one `{"result": …}`; an answer without it was broken
        off. With `answer=announcements` each line is a CloudEvent as it would have been on `ladder.events`. A process
        tries out one draft at a time.
        """
        preview = await previews.begin(await draft_of(request), sample)
        chunks = preview.result() if answer is Wanted.RESULT else preview.announcements()
        return PreviewResponse(chunks, previews.end, {"Cache-Control": "no-store"}, LINES)


async def draft_of(request: Request) -> bytes:
    """The text of a draft. Raises Problem 400 and 413."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                raise Problem(413, "too-large", f"A draft has {MOST_BYTES} bytes at most")
    except ClientDisconnect as error:
        raise Problem(400, "malformed", "The request ended before its body did") from error
    return body
