"""The survey after a service: asked by mail, answered on a page, told as a fact."""

import re
from pathlib import Path
from typing import Any

from services.notifier.settings import NotifierSettings
from shared.events import SHOP_EVENTS
from shared.instants import DAY, HOUR
from tests.integration.notifier_part import Notifier, notifier
from tests.make import fact

SHIPPED: dict[str, object] = {"plays_file": NotifierSettings().plays_file}


async def asked(running: Notifier) -> tuple[str, str]:
    """Somebody was served a day ago; the paths of the thumbs up and down in the mail that asks them."""
    now = await running.now()
    await running.introduce(language="en")
    await running.settled()
    await running.tell_fact(fact("contact.served", now - HOUR, minutes=12, id_="s1"))
    await running.settled()
    await running.pool.execute("update notifier.run set due_at = due_at - $1 where play = 'served'", DAY)
    await running.become("sent")
    up, down = re.findall(r"/r/\S+", running.text())
    return up, down


async def told(running: Notifier) -> list[dict[str, Any]]:
    """The ratings that everybody can read."""
    await running.settled()
    return [each for each in await running.told(SHOP_EVENTS) if each["type"] == "contact.rated"]


async def test_a_thumb_becomes_a_fact_once(database: str, tmp_path: Path) -> None:
    """Whoever only looks rates nothing; the button does, once, and the other thumb comes too late."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        up, down = await asked(running)
        assert up in running.mail()[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
        page = await running.http.get(up)
        assert (page.status_code, 'lang="en"' in page.text) == (200, True)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "Yes, gladly" in page.text
        assert "Nein, eher nicht" in (await running.http.get(f"{down}?lang=de")).text
        assert (await running.http.head(up)).status_code in (200, 405)
        assert await told(running) == []

        given = [await running.http.post(up) for _ in range(2)]
        late = await running.http.post(down)
        (rated,) = await told(running)

        assert [each.status_code for each in given] == [200, 200]
        assert "Thank you for your answer" in (await running.http.get(up)).text
        assert (late.status_code, "answered already" in late.text) == (410, True)
        assert (rated["source"], rated["subject"], rated["data"]) == ("notifier", "c1", {"score": 10})


async def test_a_thumb_down_is_a_nought(database: str, tmp_path: Path) -> None:
    """It is told as well."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        _, down = await asked(running)
        assert "We are sorry" in (await running.http.post(down)).text

        (rated,) = await told(running)
        assert rated["data"] == {"score": 0}


async def test_only_a_message_that_was_written_can_be_answered(database: str, tmp_path: Path) -> None:
    """No other link of ours, no invented one, and none of a message that was held back or never was."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        up, _ = await asked(running)
        for path in ("/r/abc", "/r/%FF", "/r/" + "A" * 80, up.replace("/r/", "/u/")):
            assert (await running.http.post(path)).status_code == 404
        assert (await running.http.get("/r/" + "A" * 2_001)).status_code == 422
        await running.pool.execute("update notifier.message set state = 'held_back'")
        assert (await running.http.post(up)).status_code == 404
        await running.pool.execute("delete from notifier.message")
        assert (await running.http.post(up)).status_code == 404

        assert await told(running) == []


async def test_a_complaint_meanwhile_is_no_time_to_ask(database: str, tmp_path: Path) -> None:
    """The survey is recorded as cancelled."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        now = await running.now()
        await running.introduce()
        await running.tell_fact(fact("contact.served", now - 2 * HOUR, minutes=12))
        await running.tell_fact(fact("contact.complained", now - HOUR))
        await running.settled()

        held = [each for each in await running.messages(customer="c1") if each["play"] == "served"]
        assert [(each["state"], each["reason"]) for each in held] == [("held_back", "cancelled")]
