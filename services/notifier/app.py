"""The notifier over HTTP: messages and why they were sent or not, plays, perks."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from services.notifier.asking.answers import Draft, Messages, MessageText, Perks, Preview, Reasons
from services.notifier.asking.queries import Queries
from services.notifier.message import State
from services.notifier.plays.book import Book
from shared.http import PROBLEM, json, needs

MOST: Final = 1_000
"""Items in one page at most."""

_NO_NUL: Final = "^[^\x00]*$"

Person = Annotated[str, Query(min_length=1, max_length=200, pattern=_NO_NUL, description="Only this person's.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items in the page at most.")]
After = Annotated[str | None, Query(description="Go on behind the page that gave this as `next`.")]
PlayId = Annotated[str, Query(pattern="^[a-z0-9_]{1,60}$", description="Only of this play.")]
MessageId = Annotated[str, Path(max_length=100, pattern=_NO_NUL)]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


def questions(queries: Queries, book: Book) -> APIRouter:
    """What operations and the shop may ask, with a key."""
    router = APIRouter(
        tags=["notifier"],
        responses={
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope"),
            422: _problem("A parameter is not valid; `errors` says which"),
        },
    )

    @router.get(
        "/v1/messages",
        dependencies=[needs("ladder:read")],
        response_model_exclude_unset=True,
        responses={400: _problem("The cursor is not one that this list has given out")},
    )
    async def list_messages(
        customer: Person | None = None,
        state: State | None = None,
        play: PlayId | None = None,
        after: After = None,
        limit: Limit = 100,
    ) -> Messages:
        """Every decision to write to somebody and what became of it, newest first; also what was held back, and why."""
        return await queries.messages(customer, state, play, after, limit)

    @router.get("/v1/reasons", dependencies=[needs("ladder:read")])
    async def count_reasons(play: PlayId | None = None) -> Reasons:
        """Why messages were not sent, counted by play and reason."""
        return await queries.reasons(play)

    @router.get(
        "/v1/messages/{message_id}",
        dependencies=[needs("admin")],
        response_model_exclude_unset=True,
        responses={404: _problem("No message has this id")},
    )
    async def get_message(message_id: MessageId) -> MessageText:
        """A message with its text. It holds personal data, so it needs the scope `admin`."""
        return await queries.message(message_id)

    @router.post(
        "/v1/templates/preview",
        dependencies=[needs("admin")],
        responses={404: _problem("Nobody with this id has a profile")},
    )
    async def preview(draft: Draft) -> Preview:
        """A text as a person would read it, with a voucher that is none; nothing is sent or kept."""
        return await queries.preview(draft)

    @router.get("/v1/plays", dependencies=[needs("ladder:read")], response_model=dict[str, Any])
    async def get_plays() -> Response:
        """The book of plays."""
        return json(book)

    @router.get("/v1/perks", dependencies=[needs("ladder:read")], response_model_exclude_unset=True)
    async def list_perks(customer: Person) -> Perks:
        """The perks a person has or had."""
        return await queries.perks(customer)

    return router
