"""The notifier asked over HTTP, and the way out of its mail."""

from pathlib import Path
from typing import Any

from shared.events import SHOP_EVENTS
from shared.http import Keys, new_key
from tests.integration.notifier_part import Notifier, notifier
from tests.make import DOUBLE_OPT_IN, lapsed, promoted


async def thanked(running: Notifier, *persons: str) -> None:
    """A thank-you has been sent to each."""
    now = await running.now()
    for number, person in enumerate(persons):
        await running.introduce(person)
        await running.announce(promoted(now + number, 4, subject=person))
    await running.settled()


def link(running: Notifier) -> str:
    """The path of the link in the newest mail's header."""
    address: str = running.mail()[-1]["List-Unsubscribe"]
    return address.strip("<>").removeprefix("http://127.0.0.1:8000")


async def all_pages(running: Notifier, **parameters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = (await running.http.get("/v1/messages", params={**parameters, **after})).raise_for_status().json()
        items += page["items"]
        if page["next"] is None:
            return items
        after = {"after": page["next"]}


async def test_every_decision_can_be_read(database: str, tmp_path: Path) -> None:
    """Newest first, page by page, of all or of one person, state or play."""
    people = [f"p{number}" for number in range(5)]
    async with notifier(database, tmp_path) as running:
        await thanked(running, *people)
        await running.announce(lapsed(await running.now(), subject="stranger"))
        await running.settled()

        everything = await all_pages(running, limit=2)
        assert len(everything) == 6
        assert len({item["id"] for item in everything}) == 6
        assert [item["at"] for item in everything] == sorted((item["at"] for item in everything), reverse=True)
        (held,) = await all_pages(running, state="held_back")
        assert held.keys() == {"id", "customer", "play", "cause", "state", "reason", "at"}
        assert (held["customer"], held["play"], held["reason"]) == ("stranger", "win_back", "no_address")
        assert len(await all_pages(running, play="thank_you", limit=5)) == 5
        (one,) = await all_pages(running, customer="p3")
        assert one["state"] == "sent"


async def test_a_message_is_shown_with_its_text(database: str, tmp_path: Path) -> None:
    """As the person reads it, also one that was held back."""
    async with notifier(database, tmp_path) as running:
        await thanked(running, "c1")
        await running.announce(lapsed(await running.now(), subject="stranger"))
        await running.settled()
        (sent,) = await running.messages(customer="c1")
        (held,) = await running.messages(customer="stranger")

        shown = (await running.http.get(f"/v1/messages/{sent['id']}")).json()
        assert shown["subject"] == "Danke, dass Sie wieder bei uns waren"
        assert "Anna Größe" in shown["text"]
        assert (await running.http.get(f"/v1/messages/{held['id']}")).json()["state"] == "held_back"
        assert (await running.http.get("/v1/messages/unknown")).status_code == 404


async def test_bad_questions_are_refused(database: str, tmp_path: Path) -> None:
    """With a problem that says what is wrong."""
    async with notifier(database, tmp_path) as running:
        for path, status in [
            ("/v1/messages?limit=1001", 422),
            ("/v1/messages?limit=0", 422),
            ("/v1/messages?state=lost", 422),
            ("/v1/messages?play=No+Play", 422),
            ("/v1/messages?customer=a%00b", 422),
            ("/v1/messages?after=abc", 400),
            ("/v1/messages?after=%C3%BC", 400),
            ("/v1/vouchers/nothing", 404),
            ("/v1/perks", 422),
        ]:
            response = await running.http.get(path)
            assert response.status_code == status, path
            assert response.headers["content-type"] == "application/problem+json"


async def test_the_book_of_plays_can_be_read(database: str, tmp_path: Path) -> None:
    """As it is played."""
    async with notifier(database, tmp_path) as running:
        book = (await running.http.get("/v1/plays")).json()

        (win_back,) = [each for each in book["play"] if each["id"] == "win_back"]
        assert win_back["on"] == ["customer.lapsed"]
        assert "send" in {each["do"] for each in win_back["step"]}
        assert [perk["rung"] for perk in book["perk"]] == [5, 6, 7]


async def test_questions_need_a_key_and_texts_a_greater_one(database: str, tmp_path: Path) -> None:
    """The way out needs none."""
    secret, key = new_key("tool", ["ladder:read"])
    async with notifier(database, tmp_path, keys=Keys([key])) as running:
        await thanked(running, "c1")
        held = {"Authorization": f"Bearer {secret}"}

        assert (await running.http.get("/v1/messages")).status_code == 401
        (message,) = (await running.http.get("/v1/messages", headers=held)).json()["items"]
        assert (await running.http.get(f"/v1/messages/{message['id']}", headers=held)).status_code == 403
        assert (await running.http.get(link(running))).status_code == 200


async def test_a_click_is_an_objection_for_the_next_decision(database: str, tmp_path: Path) -> None:
    """Looking at the page changes nothing, the button does; the shop's facts hear of it once."""
    async with notifier(database, tmp_path) as running:
        await thanked(running, "c1")
        path = link(running)
        page = await running.http.get(path)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert 'method="post"' in page.text
        assert await running.told(SHOP_EVENTS) == []

        for _ in range(2):
            done = await running.http.post(path, data={"List-Unsubscribe": "One-Click"})
            assert done.status_code == 200
            assert "keine Werbung" in done.text
        await running.announce(lapsed(await running.now()))
        await running.settled()

        assert await running.outcomes() == [("thank_you", "sent", None), ("win_back", "held_back", "objected")]
        (objection,) = await running.told(SHOP_EVENTS)
        assert (objection["type"], objection["subject"]) == ("contact.objected", "c1")
        assert objection["data"] == {"channel": "email", "purpose": "marketing"}
        rows = await running.pool.fetch("select source, untold from notifier.statement where kind = 'objection'")
        assert [tuple(row) for row in rows] == [("notifier", False)]


async def test_an_old_link_works_again_after_a_new_consent(database: str, tmp_path: Path) -> None:
    """Even if the consent is dated ahead of the clock; each objection is told under an id of its own."""
    async with notifier(database, tmp_path) as running:
        await thanked(running, "c1")
        path = link(running)
        await running.http.post(path)
        ahead = await running.now() + 3_600_000_000
        await running.tell("contact.consented", ahead, **DOUBLE_OPT_IN)
        await running.settled()
        await running.http.post(path)
        await running.announce(lapsed(await running.now()))
        await running.settled()

        assert (await running.outcomes())[1] == ("win_back", "held_back", "objected")
        assert len({each["id"] for each in await running.told(SHOP_EVENTS)}) == 2


async def test_a_link_of_somebody_else_does_nothing(database: str, tmp_path: Path) -> None:
    """A page says so, to people, in both languages."""
    async with notifier(database, tmp_path) as running:
        for path in ("/u/abc", "/u/%FF", "/u/" + "A" * 80):
            for ask in (running.http.get, running.http.post):
                answer = await ask(path)
                assert answer.status_code == 404
                assert "nicht vollständig" in answer.text
        assert await running.pool.fetchval("select count(*) from notifier.statement") == 0


async def test_the_lag_is_what_is_yet_to_be_done(database: str, tmp_path: Path) -> None:
    """A message that waits to be sent counts; one that waits for its next attempt does not."""
    async with notifier(database, tmp_path) as running:
        await thanked(running, "c1")
        lag = running.part.lag
        assert lag is not None
        assert await lag() == 0
        await running.pool.execute(
            "update notifier.message set state = 'retry', next_attempt_at = $1", await running.now() + 60_000_000
        )
        assert await lag() == 0
        await running.pool.execute("update notifier.message set next_attempt_at = 0")
        await running.become("sent")


async def test_metrics_tell_how_far_behind_it_is(database: str, tmp_path: Path) -> None:
    """Lag and the age of the outbox are looked up by whoever asks for metrics, also before anybody asks /readyz."""
    async with notifier(database, tmp_path) as running:
        await thanked(running, "p1")

        told = (await running.http.get("/metrics")).text.splitlines()

        assert 'loyalty_lag_records{service="notifier"} 0.0' in told
        assert 'loyalty_oldest_outbox_seconds{service="notifier"} 0.0' in told
