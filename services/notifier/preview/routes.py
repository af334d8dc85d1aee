"""A draft of the plays tried out over HTTP: the answer comes line by line and ends with the caller's patience."""

from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.notifier.preview.body import asked
from services.notifier.preview.previews import PlaysPreviews
from shared.http import PROBLEM, needs
from shared.http.streamed import PreviewResponse

LINES: Final = "application/jsonl"

_TEXT: Final = {"schema": {"type": "string", "description": "The draft, as a plays.toml."}}
_LINES: Final = {
    "schema": {
        "type": "string",
        "description": 'First {"draft": …} with the text of a plays.toml, then announcements as CloudEvents.',
    }
}
_BODY: Final = {"text/plain": _TEXT, "application/toml": _TEXT, LINES: _LINES}


class PlaysAnswer(StrEnum):
    """What the lines of the answer are."""

    RESULT = "result"
    MESSAGES = "messages"


Days = Annotated[int, Query(ge=1, le=365, description="So many days up to now.")]
Answer = Annotated[PlaysAnswer, Query(description="The result with progress, or every message besides.")]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


def plays_preview(previews: PlaysPreviews) -> APIRouter:
    """The question what another book of plays would have sent."""
    router = APIRouter(tags=["notifier"])

    @router.post(
        "/v1/plays/preview",
        dependencies=[needs("ladder:read")],
        response_class=StreamingResponse,
        openapi_extra={"requestBody": {"required": True, "content": _BODY}},
        responses={
            200: {"description": "JSON lines", "content": {LINES: {"schema": {"type": "string"}}}},
            400: _problem("The request ended before its body did"),
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope"),
            408: _problem("Nothing more of the request came"),
            413: _problem("A draft of the plays is smaller"),
            422: _problem("The draft, a line or a parameter is not valid; `errors` says where"),
            429: _problem("Another draft is being tried out; try again after `Retry-After`"),
            503: _problem("The database does not answer"),
        },
    )
    async def preview_plays(request: Request, days: Days = 30, answer: Answer = PlaysAnswer.RESULT) -> Response:
        """Who would have got what from the last days' announcements under a draft of the plays, and who not, and why.

        Nothing is sent, given or kept. Each line is `{"progress": …}`, with `answer=messages` also `{"message": …}`,
        the last one `{"result": …}`; an answer without it was broken off. A body of JSON lines brings announcements
        that take the place of those on record, as `/v1/rules/preview?answer=announcements` writes them. A process
        tries out one draft at a time.
        """
        draft, announced = await asked(request)
        preview = await previews.begin(draft, days, announced)
        chunks = preview.lines(messages=answer is PlaysAnswer.MESSAGES)
        return PreviewResponse(chunks, previews.end, {"Cache-Control": "no-store"}, LINES)

    return router
