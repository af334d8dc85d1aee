"""Subscriptions at work: a real notifier, real receivers that fail in every way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import standardwebhooks

from services.notifier.outgoing.addresses import Guard, networks
from services.notifier.outgoing.client import Client
from services.notifier.subscriptions import courier, store
from services.notifier.subscriptions.courier import Courier
from shared.events import NOTIFIER_EVENTS
from shared.http import Keys, new_key
from shared.instants import DAY
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.receivers import Manner, Receiver, receiver
from tests.make import demoted, lapsed, promoted
from tests.until import until

HERE = {"outgoing_networks": "127.0.0.1"}


@asynccontextmanager
async def stage(database: str, folder: Path, **settings: object) -> AsyncIterator[tuple[Notifier, Receiver]]:
    """A notifier and a receiver on this machine."""
    async with receiver() as hook, notifier(database, folder, {**HERE, **settings}) as running:
        yield running, hook


async def subscribe(running: Notifier, hook: Receiver, **wanted: Any) -> dict[str, Any]:
    """To rises, if not asked for otherwise."""
    chosen = {"url": hook.url(), "types": ["rung.promoted"], **wanted}
    answer = await running.http.post("/v1/subscriptions", json=chosen)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def ask(running: Notifier, method: str, path: str, **more: Any) -> Any:
    answer = await running.http.request(method, f"/v1/subscriptions{path}", **more)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def announced(running: Notifier, *numbers: int, person: str = "c1") -> list[str]:
    """Announce some rises; their ids."""
    now = await running.now()
    messages = [promoted(now, 4, subject=person, id_=f"a{number}") for number in numbers]
    await running.announce(*messages)
    return [message.id for message in messages]


async def states(running: Notifier, id_: str) -> dict[str, str]:
    """The states of a subscription's deliveries, by announcement."""
    return {
        each["id"]: each["state"]
        for each in (await ask(running, "GET", f"/{id_}/deliveries", params={"limit": 1000}))["items"]
    }


async def come(running: Notifier, id_: str, **expected: str) -> None:
    async def there() -> bool:
        found = await states(running, id_)
        assert found == expected
        return True

    await until(there)


async def hurry(running: Notifier) -> None:
    """What waits, waits no longer."""
    await running.pool.execute("update notifier.delivery set next_at = 0 where state = 'waiting'")
    await running.pool.execute("update notifier.subscription set paused_until = 0")


# -- what is posted ----------------------------------------------------------------------------------------------


async def test_an_announcement_is_posted_with_a_signature_that_holds(database: str, tmp_path: Path) -> None:
    """As the ladder wrote it, with the person's number; a record that comes twice is posted once."""
    async with stage(database, tmp_path) as (running, hook):
        made = await subscribe(running, hook)
        await announced(running, 1)
        await announced(running, 1)
        await announced(running, 2)
        await announced(running, 3, person="c2")
        await come(running, made["id"], a1="delivered", a2="delivered", a3="delivered")

        assert sorted(hook.events()) == ["a1", "a2", "a3"]
        for post in hook.posts:
            standardwebhooks.Webhook(made["secret"]).verify(post.body, post.headers)
        by_id = {post.event["id"]: post.event for post in hook.posts}
        assert [by_id[id_]["sequence"][-2:] for id_ in ("a1", "a2", "a3")] == ["01", "02", "01"]
        assert (by_id["a1"]["type"], by_id["a1"]["subject"], by_id["a1"]["data"]["to"]) == ("rung.promoted", "c1", 4)
        assert hook.posts[0].headers["content-type"] == "application/json"


async def test_each_gets_what_it_asked_for(database: str, tmp_path: Path) -> None:
    """By type and rung; history only where it is wanted; what the notifier itself tells as well."""
    async with stage(database, tmp_path) as (running, hook):
        wishes: dict[str, dict[str, Any]] = {
            "falls": {"types": ["rung.demoted"]},
            "members": {"types": [], "rungs": [5]},
            "all": {"types": [], "historical": True},
            "messages": {"types": ["message.held_back"]},
        }
        made = {name: await subscribe(running, hook, **wish) for name, wish in wishes.items()}
        now = await running.now()
        old = promoted(now - 2 * DAY, 5, id_="old", historical=True)
        await running.announce(promoted(now, 4, id_="up"), demoted(now, 5, id_="down"), lapsed(now, id_="gone"), old)
        await running.settled()

        got = {name: await states(running, made[name]["id"]) for name in made}
        told = {each["id"] for each in await running.told(NOTIFIER_EVENTS) if each["type"] == "message.held_back"}
        assert set(got["falls"]) == {"down"}
        assert set(got["members"]) == {"down"}
        assert {"up", "down", "gone", "old"} <= set(got["all"])
        assert told
        assert set(got["messages"]) == told


async def test_two_secrets_sign_while_one_is_replaced(database: str, tmp_path: Path) -> None:
    """The old one until its time is over; neither is ever shown again."""
    async with stage(database, tmp_path) as (running, hook):
        made = await subscribe(running, hook)
        new = await ask(running, "POST", f"/{made['id']}/rotate", json={"overlap_hours": 1})
        await announced(running, 1)
        await come(running, made["id"], a1="delivered")
        for secret in (made["secret"], new["secret"]):
            standardwebhooks.Webhook(secret).verify(hook.posts[0].body, hook.posts[0].headers)

        await ask(running, "POST", f"/{made['id']}/rotate", json={"overlap_hours": 0})
        await announced(running, 2)
        await come(running, made["id"], a1="delivered", a2="delivered")
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(new["secret"]).verify(hook.posts[1].body, hook.posts[1].headers)
        shown = (await running.http.get("/v1/subscriptions")).text
        assert "secret" not in shown
        assert made["secret"] not in shown


# -- failures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status"),
    [(500, 500), (404, 404), ((302, {"Location": "/elsewhere"}), 302), (Manner.BREAK, None), (Manner.GARBAGE, None)],
    ids=["500", "404", "redirect", "break", "garbage"],
)
async def test_what_failed_is_tried_again_under_the_same_id(
    database: str, tmp_path: Path, answer: Any, status: int | None
) -> None:
    """And every attempt is in the log."""
    async with stage(database, tmp_path) as (running, hook):
        hook.say(answer, 200)
        made = await subscribe(running, hook)
        await announced(running, 1)

        async def failed_once() -> bool:
            rows = await running.pool.fetch("select status from notifier.attempt")
            return [row["status"] for row in rows] == [status]

        await until(failed_once)
        failing = await ask(running, "GET", f"/{made['id']}")
        assert "failing_since" in failing
        await hurry(running)
        await come(running, made["id"], a1="delivered")

        detail = await ask(running, "GET", f"/{made['id']}/deliveries/a1")
        assert [(each["number"], each["status"]) for each in detail["log"]] == [(1, status), (2, 200)]
        assert detail["body"]["id"] == "a1"
        assert hook.events() == ["a1", "a1"]
        assert "failing_since" not in await ask(running, "GET", f"/{made['id']}")


async def test_a_receiver_that_is_busy_is_left_alone(database: str, tmp_path: Path) -> None:
    """For as long as it says, with all that waits for it; then one by one until it is well again."""
    async with stage(database, tmp_path) as (running, hook):
        hook.say((429, {"Retry-After": "3600"}), 200)
        made = await subscribe(running, hook)
        await announced(running, 1)

        async def paused() -> bool:
            return "paused_until" in await ask(running, "GET", f"/{made['id']}")

        await until(paused)
        await announced(running, 2, 3)
        await running.settled()
        (first,) = [
            each for each in (await ask(running, "GET", f"/{made['id']}/deliveries"))["items"] if each["id"] == "a1"
        ]
        assert first["next_attempt_at"] >= (await ask(running, "GET", f"/{made['id']}"))["paused_until"]
        assert hook.events() == ["a1"]
        await hurry(running)
        await come(running, made["id"], a1="delivered", a2="delivered", a3="delivered")
        assert hook.most_at_once == 1


async def test_a_receiver_that_is_gone_is_switched_off_and_that_is_told(database: str, tmp_path: Path) -> None:
    """On notifier.events, and to the others; what waited is dropped and can be replayed."""
    async with stage(database, tmp_path) as (running, hook), receiver() as other:
        hook.say(500, 410)
        made = await subscribe(running, hook)
        watching = await subscribe(running, other, types=["subscription.switched_off"])
        await announced(running, 1)
        await until(lambda: len(hook.posts) == 1)
        await announced(running, 2)
        await come(running, made["id"], a1="dropped", a2="failed")
        await until(lambda: len(other.posts) == 1)

        event = other.posts[0].event
        assert (event["type"], event["subject"]) == ("subscription.switched_off", made["id"])
        assert event["data"] == {"url": hook.url(), "reason": "gone"}
        (told,) = [each for each in await running.told() if each["type"] == "subscription.switched_off"]
        assert told["id"] == event["id"]
        found = await ask(running, "GET", f"/{made['id']}")
        assert (found["state"], found["off_reason"]) == ("off", "gone")
        assert len(await states(running, watching["id"])) == 1

        await announced(running, 3)
        await running.settled()
        assert "a3" not in await states(running, made["id"])
        assert (await running.http.post(f"/v1/subscriptions/{made['id']}/replay", json={"id": "a1"})).status_code == 409
        hook.say(200)
        assert "off_reason" not in await ask(running, "PATCH", f"/{made['id']}", json={"state": "on"})
        queued = await ask(running, "POST", f"/{made['id']}/replay", json={"since": "2020-01-01T00:00:00Z"})
        assert queued == {"queued": 3}
        await come(running, made["id"], a1="delivered", a2="delivered", a3="delivered")


async def test_five_days_of_nothing_but_failures_switch_off(database: str, tmp_path: Path) -> None:
    """Days that the test takes from the calendar."""
    async with stage(database, tmp_path) as (running, hook):
        hook.say(500)
        made = await subscribe(running, hook)
        await announced(running, 1)
        await until(lambda: len(hook.posts) == 1)

        async def failing() -> bool:
            return "failing_since" in await ask(running, "GET", f"/{made['id']}")

        await until(failing)
        await running.pool.execute("update notifier.subscription set failing_since = failing_since - $1", 5 * DAY)
        await hurry(running)

        async def off() -> bool:
            found = await ask(running, "GET", f"/{made['id']}")
            return (found["state"], found.get("off_reason")) == ("off", "failing")

        await until(off)

        async def told() -> bool:
            return [each["type"] for each in await running.told()].count("subscription.switched_off") == 1

        await until(told)


async def test_the_tenth_failure_is_the_last(database: str, tmp_path: Path) -> None:
    """And can be replayed."""
    async with stage(database, tmp_path) as (running, hook):
        hook.say(500)
        made = await subscribe(running, hook)
        await announced(running, 1)
        await until(lambda: len(hook.posts) == 1)
        await running.pool.execute("update notifier.delivery set attempts = 9")
        await hurry(running)
        await come(running, made["id"], a1="failed")
        hook.say(200)
        assert await ask(running, "POST", f"/{made['id']}/replay", json={"id": "a1"}) == {"queued": 1}
        await come(running, made["id"], a1="delivered")


async def test_a_receiver_that_hangs_delays_nobody_else(database: str, tmp_path: Path) -> None:
    """However many announcements wait for it."""
    async with stage(database, tmp_path) as (running, hook), receiver(Manner.HANG) as slow:
        stuck = [await subscribe(running, slow) for _ in range(5)]
        made = await subscribe(running, hook)
        ids = await announced(running, *range(40))
        await until(lambda: len(hook.posts) == 40)
        assert set(hook.events()) == set(ids)
        for each in stuck:
            assert "delivered" not in (await states(running, each["id"])).values()
        assert slow.most_at_once <= len(stuck) * courier.AT_ONCE
        await come(running, made["id"], **dict.fromkeys(ids, "delivered"))


# -- several processes, and those that are killed ----------------------------------------------------------------


@asynccontextmanager
async def couriers(running: Notifier, count: int) -> AsyncIterator[list[asyncio.Task[None]]]:
    """More couriers on the same database, each with connections of its own."""
    async with AsyncExitStack() as stack:
        tasks = []
        for _ in range(count):
            client = Client(Guard(networks("127.0.0.1")))
            stack.push_async_callback(client.close)
            tasks.append(asyncio.create_task(Courier(running.pool, client, asyncio.Event(), 30).run()))
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_several_share_the_work_and_none_does_it_twice(database: str, tmp_path: Path) -> None:
    """Whoever claims a delivery has it."""
    async with stage(database, tmp_path) as (running, hook), couriers(running, 3):
        made = await subscribe(running, hook)
        ids = await announced(running, *range(200))
        await come(running, made["id"], **dict.fromkeys(ids, "delivered"))
        assert sorted(hook.events()) == sorted(ids)


async def test_what_a_killed_process_had_claimed_is_delivered_by_another(database: str, tmp_path: Path) -> None:
    """When its lease is over; not before, and not only in part."""
    async with stage(database, tmp_path) as (running, hook):
        made = await subscribe(running, hook)
        await running.pool.execute("update notifier.subscription set paused_until = $1", 2**62)
        await announced(running, 1, 2)
        await come(running, made["id"], a1="waiting", a2="waiting")
        async with running.pool.acquire() as connection:
            assert len(await store.claim(connection, {made["id"]: 8})) == 2
            assert await store.claim(connection, {made["id"]: 8}) == []
        await running.pool.execute("update notifier.subscription set paused_until = 0")
        await announced(running, 3)
        await come(running, made["id"], a1="waiting", a2="waiting", a3="delivered")
        await hurry(running)
        await come(running, made["id"], a1="delivered", a2="delivered", a3="delivered")
        assert sorted(hook.events()) == ["a1", "a2", "a3"]


# -- over HTTP ---------------------------------------------------------------------------------------------------


async def test_a_subscription_can_be_changed_and_removed(database: str, tmp_path: Path) -> None:
    """Members that are not named stay as they are."""
    async with stage(database, tmp_path) as (running, hook):
        made = await subscribe(running, hook, types=["rung.promoted"], rungs=[5, 4], description="CRM")
        changed = await ask(running, "PATCH", f"/{made['id']}", json={"rungs": [], "state": "off"})
        expected = {name: made[name] for name in ("id", "url", "description", "types", "created_at", "historical")}
        assert changed == {**expected, "rungs": [], "state": "off", "off_reason": "asked"}
        assert (await ask(running, "GET", ""))["items"] == [changed]
        await announced(running, 1)
        await running.settled()
        assert await states(running, made["id"]) == {}
        await ask(running, "DELETE", f"/{made['id']}")
        for method, path in [
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/ping"),
            ("POST", "/rotate"),
            ("GET", "/deliveries"),
        ]:
            answer = await running.http.request(method, f"/v1/subscriptions/{made['id']}{path}")
            assert answer.status_code == 404


async def test_a_ping_tells_what_the_receiver_says(database: str, tmp_path: Path) -> None:
    """At once, signed like everything else, also where the subscription is off."""
    async with stage(database, tmp_path) as (running, hook):
        made = await subscribe(running, hook)
        await ask(running, "PATCH", f"/{made['id']}", json={"state": "off"})
        pong = await ask(running, "POST", f"/{made['id']}/ping")
        assert (pong["delivered"], pong["status"]) == (True, 204)
        standardwebhooks.Webhook(made["secret"]).verify(hook.posts[0].body, hook.posts[0].headers)
        assert hook.posts[0].event["type"] == "webhook.ping"
        hook.say((302, {"Location": "/"}))
        pong = await ask(running, "POST", f"/{made['id']}/ping")
        assert (pong["delivered"], pong["status"], pong["detail"]) == (False, 302, "said 302")
        await ask(running, "PATCH", f"/{made['id']}", json={"url": "https://10.1.2.3.nip.invalid/"})
        pong = await ask(running, "POST", f"/{made['id']}/ping")
        assert (pong["delivered"], pong["status"]) == (False, None)


async def test_deliveries_are_listed_page_by_page(database: str, tmp_path: Path) -> None:
    """Newest first, by state; a range is replayed by the time at which it was recorded."""
    async with stage(database, tmp_path) as (running, hook):
        made = await subscribe(running, hook)
        ids = await announced(running, *range(5))
        await come(running, made["id"], **dict.fromkeys(ids, "delivered"))
        found: list[str] = []
        after: dict[str, str] = {}
        while True:
            page = await ask(running, "GET", f"/{made['id']}/deliveries", params={"limit": 2, **after})
            found += [each["id"] for each in page["items"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert sorted(found) == sorted(ids)
        assert (await ask(running, "GET", f"/{made['id']}/deliveries", params={"state": "failed"}))["items"] == []
        nothing = {"since": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00+01:00"}
        assert await ask(running, "POST", f"/{made['id']}/replay", json=nothing) == {"queued": 0}


REFUSED: list[tuple[str, str, Any, int]] = [
    ("POST", "", {"url": "ftp://x.example/"}, 422),
    ("POST", "", {"url": "http://10.0.0.1/"}, 422),
    ("POST", "", {"url": "https://[::1]/"}, 422),
    ("POST", "", {"url": "https://x.example/", "types": ["rung.lost"]}, 422),
    ("POST", "", {"url": "https://x.example/", "rungs": [8]}, 422),
    ("POST", "", {"url": "https://x.example/", "secret": "mine"}, 422),
    ("POST", "", "{", 400),
    ("POST", "/{id}/replay", {}, 422),
    ("POST", "/{id}/replay", {"id": "a", "since": "2020-01-01T00:00:00Z"}, 422),
    ("POST", "/{id}/replay", {"id": "unknown"}, 404),
    ("POST", "/{id}/rotate", {"overlap_hours": 169}, 422),
    ("GET", "/{id}/deliveries?after=x", None, 400),
    ("GET", "/{id}/deliveries/unknown", None, 404),
    ("PATCH", "/unknown", {}, 404),
]


async def test_what_makes_no_sense_is_refused(database: str, tmp_path: Path) -> None:
    """With a problem."""
    async with stage(database, tmp_path) as (running, hook):
        made = await subscribe(running, hook)
        for method, path, body, status in REFUSED:
            content: dict[str, Any] = {"content": body, "headers": {"Content-Type": "application/json"}}
            sent = content if isinstance(body, str) else {"json": body} if body is not None else {}
            answer = await running.http.request(method, "/v1/subscriptions" + path.format(id=made["id"]), **sent)
            assert answer.status_code == status, (method, path, body, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_changes_need_a_greater_key_than_looks(database: str, tmp_path: Path) -> None:
    """Plain http is refused where no network was named."""
    reading, reader = new_key("reader", ["ladder:read"])
    changing, admin = new_key("admin", ["admin"])
    async with notifier(database, tmp_path, keys=Keys([reader, admin])) as running:

        async def status(method: str, secret: str | None, url: str = "https://x.example/") -> int:
            headers: dict[str, str] = {} if secret is None else {"Authorization": f"Bearer {secret}"}
            body = {"url": url} if method == "POST" else None
            return (await running.http.request(method, "/v1/subscriptions", headers=headers, json=body)).status_code

        assert [await status("GET", secret) for secret in (None, reading, changing)] == [401, 200, 200]
        assert [await status("POST", secret) for secret in (None, reading, changing)] == [401, 403, 201]
        assert await status("POST", changing, "http://x.example/") == 422


async def test_under_the_facts_clock_nothing_is_called(database: str, tmp_path: Path) -> None:
    """What would have been posted is recorded."""
    settings = {"clock": "facts", "simulate": True}
    async with stage(database, tmp_path, **settings) as (running, hook):
        made = await subscribe(running, hook)
        await announced(running, 1)
        await come(running, made["id"], a1="recorded")
        for path, body in [("ping", None), ("replay", {"id": "a1"})]:
            answer: httpx.Response = await running.http.post(f"/v1/subscriptions/{made['id']}/{path}", json=body)
            assert answer.status_code == 409
    assert hook.posts == []
