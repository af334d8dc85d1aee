"""`/v1/subscriptions` over HTTP: who looks needs `ladder:read`, who changes anything `admin`."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from services.notifier.subscriptions import answers
from services.notifier.subscriptions.office import Office
from services.notifier.subscriptions.subscription import DeliveryState
from shared.http import PROBLEM, needs

_NO_NUL: Final = "^[^\x00]*$"

Id = Annotated[str, Path(max_length=100, pattern=_NO_NUL, description="Of the subscription.")]
Announcement = Annotated[str, Path(max_length=200, pattern=_NO_NUL, description="The announcement's id.")]
After = Annotated[str | None, Query(description="Go on behind the page that gave this as `next`.")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Items in the page at most.")]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


_UNKNOWN: Final[dict[int | str, dict[str, Any]]] = {404: _problem("There is no such thing")}
_READ: Final = [needs("ladder:read")]
_CHANGE: Final = [needs("admin")]
_MORE: Final[dict[str, Any]] = {"response_model_exclude_none": True}


def routes(office: Office) -> APIRouter:
    """All of it."""
    router = APIRouter(
        tags=["subscriptions"],
        responses={
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope"),
            422: _problem("Something in the request is not valid; `errors` says what"),
        },
    )
    _add_subscriptions(router, office)
    _add_secrets(router, office)
    _add_deliveries(router, office)
    return router


def _add_subscriptions(router: APIRouter, office: Office) -> None:
    @router.post(
        "/v1/subscriptions",
        status_code=201,
        dependencies=_CHANGE,
        responses={409: _problem("There are too many already")},
        **_MORE,
    )
    async def subscribe(body: answers.NewSubscription) -> answers.MadeSubscription:
        """Subscribe. The answer holds the secret that signs what is posted, and nothing else ever shows it."""
        return await office.make(body)

    @router.get("/v1/subscriptions", dependencies=_READ, **_MORE)
    async def list_subscriptions() -> answers.Subscriptions:
        """All subscriptions, without secrets."""
        return await office.all()

    @router.get("/v1/subscriptions/{id}", dependencies=_READ, responses=_UNKNOWN, **_MORE)
    async def get_subscription(id: Id) -> answers.SubscriptionItem:  # noqa: A002 - the name in the path
        """One subscription, without its secret."""
        return await office.one(id)

    @router.patch("/v1/subscriptions/{id}", dependencies=_CHANGE, responses=_UNKNOWN, **_MORE)
    async def change_subscription(
        id: Id,  # noqa: A002 - the name in the path
        body: answers.SubscriptionChange,
    ) -> answers.SubscriptionItem:
        """Change it, or switch it on or off. What waits when it is switched off is dropped and can be replayed."""
        return await office.change(id, body)

    @router.delete("/v1/subscriptions/{id}", status_code=204, dependencies=_CHANGE, responses=_UNKNOWN)
    async def unsubscribe(id: Id) -> Response:  # noqa: A002 - the name in the path
        """Remove it with its deliveries."""
        await office.remove(id)
        return Response(status_code=204)


def _add_secrets(router: APIRouter, office: Office) -> None:
    @router.post("/v1/subscriptions/{id}/rotate", dependencies=_CHANGE, responses=_UNKNOWN)
    async def rotate_secret(
        id: Id,  # noqa: A002 - the name in the path
        body: answers.Rotation | None = None,
    ) -> answers.NewSecret:
        """A new secret; for a while the old one signs as well."""
        return await office.rotate(id, (body or answers.Rotation()).overlap_hours)

    @router.post(
        "/v1/subscriptions/{id}/ping",
        dependencies=_CHANGE,
        responses={**_UNKNOWN, 409: _problem("Under CLOCK=facts nothing leaves the house")},
    )
    async def ping(id: Id) -> answers.Pong:  # noqa: A002 - the name in the path
        """Post a `webhook.ping` now and tell what the receiver said."""
        return await office.ping(id)


def _add_deliveries(router: APIRouter, office: Office) -> None:
    @router.get("/v1/subscriptions/{id}/deliveries", dependencies=_READ, responses=_BAD_CURSOR, **_MORE_BUT_NEXT)
    async def list_deliveries(
        id: Id,  # noqa: A002 - the name in the path
        state: DeliveryState | None = None,
        after: After = None,
        limit: Limit = 100,
    ) -> answers.Deliveries:
        """What the subscription got or is to get, newest first."""
        return await office.deliveries(id, state, after, limit)

    @router.get("/v1/subscriptions/{id}/deliveries/{announcement}", dependencies=_READ, responses=_UNKNOWN)
    async def get_delivery(id: Id, announcement: Announcement) -> answers.DeliveryDetail:  # noqa: A002 - as above
        """One delivery with its body and the log of its attempts."""
        return await office.delivery(id, announcement)

    @router.post(
        "/v1/subscriptions/{id}/replay",
        status_code=202,
        dependencies=_CHANGE,
        responses={**_UNKNOWN, 409: _problem("The subscription is off, or nothing leaves under CLOCK=facts")},
    )
    async def replay(id: Id, body: answers.Replay) -> answers.Queued:  # noqa: A002 - the name in the path
        """Deliver one announcement or a range of them once more, or for the first time."""
        return await office.replay(id, body)


_BAD_CURSOR: Final[dict[int | str, dict[str, Any]]] = {
    **_UNKNOWN,
    400: _problem("The cursor is not one that this list has given out"),
}
_MORE_BUT_NEXT: Final[dict[str, Any]] = {"response_model_exclude_unset": True}
