"""Consents over HTTP: asked for, confirmed, chosen and shown."""

import re
from pathlib import Path
from typing import Any

import httpx

from shared.events import SHOP_EVENTS
from shared.instants import HOUR, SECOND
from tests.integration.notifier_part import Notifier, notifier
from tests.make import DOUBLE_OPT_IN, lapsed, promoted, purchase

REQUESTED: dict[str, Any] = {
    "channel": "email",
    "purpose": "marketing",
    "basis": "requested",
    "proof": {"wording": "Yes, write to me", "version": "7", "form": "footer", "ip": "203.0.113.7"},
}


async def ask(running: Notifier, **more: Any) -> str:
    """Somebody asked to be written to; the path of the link in the mail that asks them to confirm."""
    now = await running.now()
    await running.tell("contact.identified", now - HOUR, profile={"email": "c1@example.org", "language": "en"})
    await running.tell("contact.consented", now - 60 * SECOND, **{**REQUESTED, **more})
    await running.settled()
    found = re.search(r"/c/\S+", running.text())
    assert found is not None
    return found.group()


async def consents(running: Notifier, person: str = "c1") -> dict[str, Any]:
    answer: dict[str, Any] = (await running.http.get(f"/v1/customers/{person}/consents")).raise_for_status().json()
    return answer


def stands(answer: dict[str, Any], channel: str = "email") -> dict[str, Any]:
    """Whether advertising by this channel is permitted."""
    (found,) = [
        each
        for each in answer["standing"]
        if (each["channel"], each["purpose"]) == (channel, "marketing") and "topic" not in each
    ]
    return {name: value for name, value in found.items() if name in ("basis", "reason")}


def safe(response: httpx.Response) -> bool:
    """Whether nothing can be put into the page, and its address goes to nobody."""
    policy = response.headers["content-security-policy"]
    return (
        policy.startswith("default-src 'none'; style-src 'sha256-")
        and "unsafe" not in policy
        and response.headers["referrer-policy"] == "no-referrer"
        and response.headers["cache-control"] == "no-store"
        and "<script" not in response.text
    )


async def test_a_request_is_confirmed_in_the_mailbox_once(database: str, tmp_path: Path) -> None:
    """One service mail, a page that changes nothing, a click that counts, and what was learned goes to the facts."""
    async with notifier(database, tmp_path) as running:
        path = await ask(running)
        assert await running.outcomes() == [("confirmation", "sent", None)]
        assert "List-Unsubscribe" not in running.mail()[0]
        page = await running.http.get(path)
        assert (page.status_code, safe(page)) == (200, True)
        assert "Yes, write to me" in page.text
        assert stands(await consents(running)) == {"reason": "no_basis"}

        done = await running.http.post(path)
        again = [await running.http.post(path), await running.http.get(path)]
        await running.settled()
        await running.announce(lapsed(await running.now()))
        await running.settled()

        assert (done.status_code, [each.status_code for each in again]) == (200, [410, 410])
        (told,) = await running.told(SHOP_EVENTS)
        assert (told["type"], told["data"]) == ("contact.consented", {"channel": "email", "purpose": "marketing"})
        answer = await consents(running)
        assert stands(answer) == {"basis": "double_opt_in"}
        (proven,) = [each for each in answer["statements"] if each.get("basis") == "double_opt_in"]
        assert proven["complete"] is True
        assert proven["proof"]["requested_ip"] == "203.0.113.7"
        assert proven["proof"].keys() >= DOUBLE_OPT_IN["proof"].keys()
        sent = (await running.messages(customer="c1"))[0]
        assert (sent["state"], sent["basis"], sent["basis_fact"]) == ("sent", "double_opt_in", proven["id"])


async def test_a_link_to_confirm_grows_old_and_can_be_revoked(database: str, tmp_path: Path) -> None:
    """After its time, and after an objection; the link of another mail is none."""
    async with notifier(database, tmp_path) as running:
        path = await ask(running)
        await running.pool.execute("update notifier.confirmation set expires_at = 0")
        assert (await running.http.post(path)).status_code == 410
        await running.pool.execute("update notifier.confirmation set expires_at = $1", await running.now() + HOUR)
        assert (await running.http.get(path)).status_code == 200
        await running.tell("contact.objected", await running.now(), topic=SHOP_EVENTS)
        await running.settled()

        assert (await running.http.post(path)).status_code == 410
        assert (await running.http.post("/c/abc")).status_code == 404
        assert (await running.http.post(path.replace("/c/", "/u/"))).status_code == 404
        assert stands(await consents(running)) == {"reason": "objected"}


async def test_a_request_that_is_repeated_is_answered_once(database: str, tmp_path: Path) -> None:
    """The same record, and another request within the hour."""
    async with notifier(database, tmp_path) as running:
        await ask(running)
        now = await running.now()
        for at in (now - 60 * SECOND, now - 60 * SECOND, now):
            await running.tell("contact.consented", at, **REQUESTED)
        await running.settled()

        assert len(running.mail()) == 1
        held = [each["reason"] for each in await running.messages(state="held_back")]
        assert set(held) == {"duplicate"}


async def test_a_person_chooses_channels_and_topics_without_logging_in(database: str, tmp_path: Path) -> None:
    """What is unticked ends at once, what is newly ticked is asked for in the mailbox, and all of it can be read."""
    async with notifier(database, tmp_path) as running:
        now = await running.now()
        await running.introduce(language="en")
        bought = purchase(now - HOUR, order="o1", items=[{"sku": "s", "category": "shoes"}])
        await running.tell_fact(bought)
        await running.announce(promoted(now, 4))
        await running.settled()
        path = running.mail()[0]["List-Unsubscribe"].strip("<>").removeprefix("http://127.0.0.1:8000")
        page = await running.http.get(path)
        assert safe(page)
        assert page.text.count(" checked") == 2 + 4
        assert 'lang="en"' in page.text
        assert "Was Sie von uns bekommen" in (await running.http.get(f"{path}?lang=de")).text

        less = {"save": "1", "channel": ["email"], "topic": ["offers", "content"], "preferred": "email"}
        assert "Saved" in (await running.http.post(path, data=less)).text
        await running.settled()
        answer = await consents(running)
        assert (stands(answer), stands(answer, "post")) == ({"basis": "double_opt_in"}, {"reason": "objected"})
        refused = {each["topic"] for each in answer["standing"] if each.get("topic") and each["channel"] == "email"}
        assert (refused, answer["preferred_channel"]) == ({"thanks", "surveys"}, "email")
        assert answer["by_preference"] == "email"

        more = {"save": "1", "channel": ["email", "post", "phone"], "topic": ["offers", "content", "surveys"]}
        assert "please confirm" in (await running.http.post(path, data=more)).text
        await running.settled()
        answer = await consents(running)
        assert (stands(answer, "post"), stands(answer, "phone")) == ({"basis": "express"}, {"reason": "no_basis"})
        (confirm,) = [each for each in await running.messages(customer="c1") if each["play"] == "confirmation"]
        assert confirm["state"] == "sent"
        facts = await running.told(SHOP_EVENTS)
        told = ((each["type"], each["data"]["channel"], each["data"]["purpose"]) for each in facts)
        assert sorted(told, key=str) == [
            ("contact.consented", "post", "marketing"),
            ("contact.objected", "post", "marketing"),
            ("contact.objected", None, "surveys"),
            ("contact.objected", None, "thanks"),
        ]


async def test_consents_are_shown_with_their_evidence(database: str, tmp_path: Path) -> None:
    """What is missing, until when a consent to calls is kept, and nothing of a stranger."""
    async with notifier(database, tmp_path) as running:
        await running.tell("contact.consented", 1_709_164_800_000_000, basis="double_opt_in", proof={"form": "footer"})
        proof = {"wording": "May we call?", "form": "checkout"}
        await running.tell("contact.consented", 1_709_164_800_000_001, channel="phone", basis="express", proof=proof)
        await running.settled()
        answer = await consents(running)

        called, opted = answer["statements"]
        assert called["keep_until"].startswith("2029-03-01")
        assert (opted["complete"], opted["missing"][:2]) == (False, ["wording", "version"])
        assert stands(answer, "phone") == {"basis": "express"}
        assert (await consents(running, "nobody"))["statements"] == []
        assert (await running.http.get("/v1/customers/a%00b/consents")).status_code == 422


async def test_who_does_not_say_who_they_are_does_not_advertise(database: str, tmp_path: Path) -> None:
    """Without name, address and imprint in the settings marketing is held back."""
    async with notifier(database, tmp_path, unnamed=True) as running:
        await running.introduce()
        await running.announce(lapsed(await running.now()))
        await running.settled()

        assert await running.outcomes() == [("win_back", "held_back", "no_basis")]
