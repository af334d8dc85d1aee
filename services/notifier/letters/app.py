"""`/v1/letters` over HTTP: what waits, as a print shop takes it, and the end of a day."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from services.notifier.letters.answers import DayClosed, LetterDays
from services.notifier.letters.tray import Tray
from shared.http import PROBLEM, needs

MOST: Final = 400
"""Days in one page at most."""

_CSV: Final = "text/csv; charset=utf-8; header=present"

After = Annotated[date | None, Query(description="Go on behind the page that gave this as `next`.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Days in the page at most.")]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    binary = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {
        200: {"description": "The letters of the day", "content": binary},
        404: _problem("There are no letters of this day"),
    }


def letters(tray: Tray) -> APIRouter:
    """What the office does with letters, with a key of the scope `staff`."""
    router = APIRouter(
        tags=["letters"],
        dependencies=[needs("staff")],
        responses={
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope staff"),
            422: _problem("A parameter is not valid; `errors` says which"),
        },
    )

    @router.get("/v1/letters", response_model_exclude_unset=True)
    async def list_days(after: After = None, limit: Limit = 100) -> LetterDays:
        """Days with letters, the newest first: what waits, and what has gone."""
        return await tray.days(after, limit)

    @router.get("/v1/letters/{day}.pdf", response_class=Response, responses=_file("application/pdf"))
    async def print_day(day: date) -> Response:
        """A day's letters in one PDF for envelopes with a window: of a closed day as they went, always the same."""
        return _attached(await tray.pdf(day), "application/pdf", f"letters-{day}.pdf")

    @router.get("/v1/letters/{day}.csv", response_class=Response, responses=_file("text/csv"))
    async def list_day(day: date) -> Response:
        """The list that goes with the PDF: number, message, first page, pages, language, the lines of the address."""
        return _attached((await tray.csv(day)).encode(), _CSV, f"letters-{day}.csv")

    @router.post(
        "/v1/letters/{day}/close", responses={409: _problem("The day has not come yet, or nothing leaves the house")}
    )
    async def close_day(day: date) -> DayClosed:
        """Let the letters of this day go: they are sent. What comes later goes with the next day."""
        return await tray.close(day)

    return router


def _attached(content: bytes, media_type: str, name: str) -> Response:
    """It holds personal data, so nobody between keeps it."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type=media_type)
