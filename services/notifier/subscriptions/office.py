"""What people and tools do with subscriptions: make, change, remove, rotate, ping, replay, look."""

import secrets
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import msgspec

from services.notifier.outgoing.addresses import Guard
from services.notifier.outgoing.client import Client, checked_url
from services.notifier.subscriptions import answers, cursors, signing, store
from services.notifier.subscriptions.judging import HOUR
from services.notifier.subscriptions.posting import post
from services.notifier.subscriptions.subscription import DeliveryState, OffReason, State, Subscription
from shared import instants
from shared.db import Connection, Pool
from shared.http import Fault, Problem
from shared.log.partitioner import lane_of

MOST: Final = 200
"""Subscriptions at most: each announcement is held against all of them."""
REPLAYED_AT_ONCE: Final = 1_000
PING: Final = "webhook.ping"


class Office:
    """Does it, in the database behind `pool`; `wake` is called when there is something to deliver."""

    def __init__(
        self, pool: Pool, client: Client, guard: Guard, lanes: int, wake: Callable[[], None], *, by_facts: bool
    ) -> None:
        self._pool = pool
        self._client = client
        self._guard = guard
        self._lanes = lanes
        self._wake = wake
        self._by_facts = by_facts

    async def make(self, asked: answers.NewSubscription) -> answers.MadeSubscription:
        """A new subscription, with its secret. Raises Problem 409, 422."""
        secret = secrets.token_bytes(signing.SECRET_BYTES)
        made = Subscription(
            id=str(uuid4()),
            url=self._url(asked.url),
            description=asked.description,
            types=tuple(dict.fromkeys(asked.types)),
            rungs=tuple(sorted(set(asked.rungs))),
            historical=asked.historical,
            state=State.ON,
            off_reason=None,
            created_at=_now(),
        )
        async with self._pool.acquire() as connection:
            if await store.count(connection) >= MOST:
                raise Problem(409, "too-many-subscriptions", f"There are {MOST} subscriptions; remove one first")
            await store.add(connection, made, lane_of(made.id, self._lanes), secret)
        return answers.MadeSubscription(**_item(made), secret=signing.shown(secret))

    def _url(self, text: str) -> str:
        try:
            url = checked_url(text)
            if url.startswith("http:") and not self._guard.allows_some:
                raise ValueError("is not https, which all but networks named in OUTGOING_NETWORKS need")
            if self._guard.refuses(urlsplit(url).hostname or ""):
                raise ValueError("is an address that may not be called")
        except ValueError as error:
            fault = Fault(pointer="/body/url", detail=str(error))
            raise Problem(422, "invalid-request", "The request is not valid", errors=[fault]) from error
        return url

    async def all(self) -> answers.Subscriptions:
        """All subscriptions."""
        async with self._pool.acquire() as connection:
            found = await store.listening(connection)
        return answers.Subscriptions(items=[answers.SubscriptionItem(**_item(each)) for each in found])

    async def one(self, id_: str) -> answers.SubscriptionItem:
        """One subscription. Raises Problem 404."""
        async with self._pool.acquire() as connection:
            return answers.SubscriptionItem(**_item(await _found(connection, id_)))

    async def change(self, id_: str, asked: answers.SubscriptionChange) -> answers.SubscriptionItem:
        """The subscription as it is then. Raises Problem 404, 422."""
        changes = {name: value for name in asked.model_fields_set if (value := getattr(asked, name)) is not None}
        state = changes.pop("state", None)
        if "url" in changes:
            changes["url"] = self._url(changes["url"])
        async with self._pool.acquire() as connection, connection.transaction():
            before = await _found(connection, id_)
            await store.change(connection, id_, changes)
            if state is State.OFF and before.state is State.ON:
                await store.switch_off(connection, id_, OffReason.ASKED)
            elif state is State.ON:
                await store.switch_on(connection, id_)
            return answers.SubscriptionItem(**_item(await _found(connection, id_)))

    async def remove(self, id_: str) -> None:
        """Forget it with its deliveries. Raises Problem 404."""
        async with self._pool.acquire() as connection:
            if not await store.remove(connection, id_):
                raise _unknown()

    async def rotate(self, id_: str, overlap_hours: int) -> answers.NewSecret:
        """A new secret. Raises Problem 404."""
        secret = secrets.token_bytes(signing.SECRET_BYTES)
        until = _now() + overlap_hours * HOUR
        async with self._pool.acquire() as connection:
            if not await store.rotate(connection, id_, secret, until):
                raise _unknown()
        return answers.NewSecret(secret=signing.shown(secret), old_until=instants.text(until))

    async def ping(self, id_: str) -> answers.Pong:
        """Post a test event now, also where the subscription is off. Raises Problem 404, 409."""
        async with self._pool.acquire() as connection:
            called = await store.called(connection, id_)
        if called is None:
            raise _unknown()
        if self._by_facts:
            raise Problem(409, "simulated", "Under CLOCK=facts nothing leaves the house")
        at = _now()
        event = {"specversion": "1.0", "id": str(uuid4()), "source": "notifier", "type": PING, "subject": id_}
        body = msgspec.json.encode({**event, "time": instants.text(at), "data": {}})
        begun = time.monotonic()
        said = await post(self._client, called.url, event["id"], at, body, called.secrets)
        delivered = said.status is not None and 200 <= said.status < 300
        seconds = round(time.monotonic() - begun, 3)
        return answers.Pong(delivered=delivered, status=said.status, detail=said.detail, seconds=seconds)

    # -- deliveries ----------------------------------------------------------------------------------------------

    async def deliveries(
        self, id_: str, state: DeliveryState | None, after: str | None, limit: int
    ) -> answers.Deliveries:
        """A page of deliveries. Raises Problem 400, 404."""
        place = None if after is None else cursors.decode(after)
        async with self._pool.acquire() as connection:
            await _found(connection, id_)
            rows = await store.deliveries(connection, id_, state, place, limit + 1)
        page = rows[:limit]
        more = len(rows) > limit
        return answers.Deliveries(
            items=[answers.DeliveryItem(**_delivery(row)) for row in page],
            next=cursors.encode(page[-1]["created_at"], page[-1]["id"]) if more else None,
        )

    async def delivery(self, id_: str, announcement: str) -> answers.DeliveryDetail:
        """One delivery with its attempts. Raises Problem 404."""
        async with self._pool.acquire() as connection:
            row = await store.delivery(connection, id_, announcement)
            log = await store.attempts(connection, id_, announcement)
        if row is None:
            raise Problem(404, "unknown-delivery", "This subscription was not to get such an announcement")
        attempts = [answers.AttemptItem(**{**dict(each), "at": instants.text(each["at"])}) for each in log]
        return answers.DeliveryDetail(**_delivery(row), body=msgspec.json.decode(row["body"]), log=attempts)

    async def replay(self, id_: str, asked: answers.Replay) -> answers.Queued:
        """Queue once more what the subscription wants of it. Raises Problem 404, 409."""
        async with self._pool.acquire() as connection:
            subscription = await _found(connection, id_)
            if subscription.state is State.OFF:
                raise Problem(409, "switched-off", "The subscription is off; switch it on first")
            if self._by_facts:
                raise Problem(409, "simulated", "Under CLOCK=facts nothing leaves the house")
            if asked.id is not None:
                queued = await _replay_one(connection, id_, asked.id)
            else:
                assert asked.since is not None
                since = _instant(asked.since.timestamp())
                until = None if asked.until is None else _instant(asked.until.timestamp())
                queued = await _replay_range(connection, subscription, since, until)
        self._wake()
        return answers.Queued(queued=queued)


async def _replay_one(connection: Connection, id_: str, announcement: str) -> int:
    place = await store.one_announced(connection, announcement)
    if place is None:
        raise Problem(404, "unknown-announcement", "No announcement that is kept has this id")
    await store.replay(connection, id_, [place])
    return 1


async def _replay_range(connection: Connection, subscription: Subscription, since: int, until: int | None) -> int:
    """Part by part, each by itself: a long range must not hold anything up."""
    queued, after = 0, (since - 1, "")
    until = _now() if until is None else until
    while rows := await store.announced_between(connection, since, until, after, REPLAYED_AT_ONCE):
        wanted = [row for row in rows if subscription.wants(row["type"], row["rung"], historical=row["historical"])]
        await store.replay(connection, subscription.id, [(row["lane"], row["id"]) for row in wanted])
        queued += len(wanted)
        after = (rows[-1]["recorded_at"], rows[-1]["id"])
    return queued


async def _found(connection: Connection, id_: str) -> Subscription:
    found = await store.find(connection, id_)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Problem:
    return Problem(404, "unknown-subscription", "There is no subscription with this id")


def _now() -> int:
    return time.time_ns() // 1_000


def _instant(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _item(subscription: Subscription) -> dict[str, Any]:
    members = msgspec.structs.asdict(subscription)
    del members["slowed"]
    members["types"], members["rungs"] = list(subscription.types), list(subscription.rungs)
    members["created_at"] = instants.text(subscription.created_at)
    since, until = subscription.failing_since, subscription.paused_until
    members["failing_since"] = None if since is None else instants.text(since)
    members["paused_until"] = instants.text(until) if until > _now() else None
    return members


def _delivery(row: asyncpg.Record) -> dict[str, Any]:
    waits = row["state"] == DeliveryState.WAITING
    return {
        "id": row["id"],
        "type": row["type"],
        "subject": row["person"],
        "sequence": f"{row['sequence']:020}",
        "state": DeliveryState(row["state"]),
        "attempts": row["attempts"],
        "created_at": instants.text(row["created_at"]),
        "next_attempt_at": instants.text(row["next_at"]) if waits else None,
        "ended_at": None if row["ended_at"] is None else instants.text(row["ended_at"]),
    }
