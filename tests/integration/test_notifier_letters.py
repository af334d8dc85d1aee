"""A day's letters: collected, looked at, closed once, printed."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from shared import instants
from shared.events import SHOP_EVENTS
from shared.http import Keys, new_key
from shared.instants import HOUR
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.test_notifier_webhooks import PLAYS
from tests.make import demoted, promoted, purchase

ADDRESS = {"street": "Ährenweg 5", "city": "12345 Köln"}


def settings(folder: Path, channels: str = '["post"]') -> dict[str, object]:
    """A book whose only play writes letters, as many as it likes."""
    (folder / "plays.toml").write_text(PLAYS % channels, "utf-8")
    (folder / "measure.toml").write_text("version = 1\n", "utf-8")
    return {"plays_file": folder / "plays.toml", "measure_file": folder / "measure.toml"}


async def thank(running: Notifier, *persons: str, **profile: Any) -> None:
    """Customers with a postal address are promoted."""
    now = await running.now()
    for person in persons:
        told = {"name": f"Anna Größe {person}", "language": "de", "address": ADDRESS, **profile}
        await running.tell("contact.identified", now - HOUR, person, profile=told)
        await running.tell_fact(purchase(now - HOUR, order=f"o-{person}", subject=person))
    await running.settled()
    for person in persons:
        await running.announce(promoted(now, 4, subject=person))
        await running.become("pending", person=person)


async def today(running: Notifier) -> date:
    return instants.to_datetime(await running.now()).date()


async def days(running: Notifier) -> list[tuple[date, str, int]]:
    """(day, state, letters) of all days."""
    answer = (await running.http.get("/v1/letters")).raise_for_status().json()
    assert answer["next"] is None
    return [(date.fromisoformat(each["day"]), each["state"], each["letters"]) for each in answer["items"]]


async def close(running: Notifier, day: date) -> dict[str, Any]:
    answer = (await running.http.post(f"/v1/letters/{day}/close")).raise_for_status().json()
    assert answer.pop("day") == day.isoformat()
    told: dict[str, Any] = answer
    return told


async def pdf(running: Notifier, day: date) -> list[str]:
    """The text of each page."""
    answer = (await running.http.get(f"/v1/letters/{day}.pdf")).raise_for_status()
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/pdf", "no-store")
    return [page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages]


async def rows(running: Notifier, day: date) -> list[dict[str, str]]:
    """The list that goes with it."""
    answer = (await running.http.get(f"/v1/letters/{day}.csv")).raise_for_status()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return [*csv.DictReader(io.StringIO(answer.text, newline=""))]


async def test_a_days_letters_go_when_it_is_closed(database: str, tmp_path: Path) -> None:
    """As one PDF and a list in the same order, which stay as they went; and the world is told."""
    async with notifier(database, tmp_path, settings(tmp_path)) as running:
        await thank(running, "c1", "c2")
        day = await today(running)
        assert await days(running) == [(day, "open", 2)]
        assert len(await pdf(running, day)) == 2
        assert await close(running, day) == {"letters": 2, "held_back": 0, "unwritten": 0}
        await running.settled()

        assert await days(running) == [(day, "closed", 2)]
        pages, listed = await pdf(running, day), await rows(running, day)
        for number, (page, row) in enumerate(zip(pages, listed, strict=True), 1):
            assert (row["number"], row["first_page"], row["pages"]) == (str(number), str(number), "1")
            assert [row["line_2"], row["line_3"], row["line_4"]] == ["Ährenweg 5", "12345 Köln", ""]
            for text in (row["line_1"], "Ährenweg 5", "Example Shop, 1 Example Street", "widersprechen", "/u/"):
                assert text in page
        told = [(each["type"], each["data"]["way"], each["data"]["channel"]) for each in await running.told()]
        assert told == [("message.sent", "letter", "post")] * 2
        (message,) = await running.messages(customer="c1")
        assert (message["state"], message["basis"], message["basis_fact"]) == ("sent", "customer", "o-c1")

        await thank_again(running)
        assert await close(running, day) == {"letters": 2, "held_back": 0, "unwritten": 0}
        assert (await pdf(running, day), await rows(running, day)) == (pages, listed)
        assert await days(running) == [(day + timedelta(days=1), "open", 1), (day, "closed", 2)]


async def thank_again(running: Notifier) -> None:
    """c1, who has moved, gets another letter on the same day."""
    now = await running.now()
    profile = {"name": "Anna", "language": "de", "address": "Neue Gasse 7\n50667 Köln"}
    await running.tell("contact.identified", now, profile=profile)
    await running.settled()
    await running.announce(promoted(now, 5))
    await running.become("sent", "pending")


async def test_what_may_not_go_any_more_is_held_back(database: str, tmp_path: Path) -> None:
    """By the last look, when the day is closed; and it is in no print before."""
    async with notifier(database, tmp_path, settings(tmp_path)) as running:
        await thank(running, "c1", "c2", "c3")
        now, day = await running.now(), await today(running)
        await running.tell("contact.objected", now, "c1", topic=SHOP_EVENTS, channel="post")
        await running.tell("contact.identified", now, "c2", profile={"name": "Anna", "language": "de"})
        await running.settled()

        assert len(await pdf(running, day)) == 1
        assert await close(running, day) == {"letters": 1, "held_back": 2, "unwritten": 0}
        reasons = [(await running.rows(person))[0]["reason"] for person in ("c1", "c2", "c3")]
        assert reasons == ["objected", "no_address", None]


async def test_letters_need_an_address_and_a_basis(database: str, tmp_path: Path) -> None:
    """An order that stands, or a consent; nobody is written to without."""
    async with notifier(database, tmp_path, settings(tmp_path)) as running:
        now = await running.now()
        await running.tell("contact.identified", now - HOUR, "c1", profile={"address": "Gasse 1"})
        await running.tell_fact(purchase(now - HOUR, subject="c2"))
        await running.settled()
        await running.announce(promoted(now, 4, subject="c1"), promoted(now, 4, subject="c2"))
        await running.become("held_back", person="c1")
        await running.become("held_back", person="c2")

        assert [(await running.rows(each))[0]["reason"] for each in ("c1", "c2")] == ["no_basis", "no_address"]
        assert await days(running) == []


async def test_what_is_undone_before_it_goes_does_not_go(database: str, tmp_path: Path) -> None:
    """Like mail."""
    async with notifier(database, tmp_path, settings(tmp_path)) as running:
        await thank(running, "c1")
        await running.pool.execute("update notifier.message set rungs = '{5}'")
        await running.announce(demoted(await running.now(), 4))
        await running.become("held_back")

        assert (await running.http.get(f"/v1/letters/{await today(running)}.pdf")).status_code == 404


async def test_a_letter_that_cannot_be_printed_waits(database: str, tmp_path: Path) -> None:
    """It says why, and goes with the next day once there is a font for it."""
    async with notifier(database, tmp_path, settings(tmp_path)) as running:
        await thank(running, "c1", name="Jan Dąbrowski")
        day = await today(running)
        assert await close(running, day) == {"letters": 0, "held_back": 0, "unwritten": 1}

        assert (await running.messages(customer="c1"))[0]["detail"] == "LETTER_FONT has no ą"
        assert await days(running) == [(day + timedelta(days=1), "open", 1), (day, "closed", 0)]


async def test_the_office_needs_a_key_for_staff_and_a_day_that_has_come(database: str, tmp_path: Path) -> None:
    """Names and addresses are for nobody else; what is no day is none."""
    (clerk, office), (reader, board) = new_key("office", ["staff"]), new_key("board", ["ladder:read"])
    async with notifier(database, tmp_path, settings(tmp_path), keys=Keys([office, board])) as running:
        day = await today(running)
        for path in ("/v1/letters", f"/v1/letters/{day}.pdf", f"/v1/letters/{day}.csv"):
            assert (await running.http.get(path)).status_code == 401
            refused = await running.http.get(path, headers={"Authorization": f"Bearer {reader}"})
            assert refused.status_code == 403
        running.http.headers["Authorization"] = f"Bearer {clerk}"
        assert (await running.http.post(f"/v1/letters/{day + timedelta(days=1)}/close")).status_code == 409
        assert (await running.http.post("/v1/letters/today/close")).status_code == 422
        assert (await running.http.get("/v1/letters/2026-02-30.pdf")).status_code == 422
        assert await close(running, day) == {"letters": 0, "held_back": 0, "unwritten": 0}
        await close(running, day - timedelta(days=1))
        page = (await running.http.get("/v1/letters", params={"limit": 1})).json()
        assert ([each["day"] for each in page["items"]], page["next"]) == ([day.isoformat()], day.isoformat())
        rest = (await running.http.get("/v1/letters", params={"after": page["next"]})).json()
        assert [each["state"] for each in rest["items"]] == ["closed"]


async def test_under_the_facts_clock_letters_count_as_sent(database: str, tmp_path: Path) -> None:
    """On their own day, where they can be looked at; nobody closes it."""
    given = settings(tmp_path) | {"clock": "facts", "simulate": True}
    async with notifier(database, tmp_path, given) as running:
        now = await running.now()
        await running.tell("contact.identified", now - HOUR, profile={"name": "Anna", "address": ADDRESS})
        await running.tell_fact(purchase(now - HOUR))
        await running.settled()
        await running.announce(promoted(now, 4))
        await running.tick(now)
        await running.become("sent")

        day = instants.to_datetime(now).date()
        assert await days(running) == [(day, "open", 1)]
        assert len(await pdf(running, day)) == 1
        assert (await running.http.post(f"/v1/letters/{day}/close")).status_code == 409
