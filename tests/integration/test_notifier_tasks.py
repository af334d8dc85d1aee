"""Tasks for staff: decided by consents, asked for over HTTP, ticked off, and ended by whatever ends their cause."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.notifier.settings import NotifierSettings
from shared import instants
from shared.http import Keys, Scope, new_key
from shared.instants import DAY, HOUR, SECOND
from tests.integration.notifier_part import Notifier, notifier
from tests.make import DOUBLE_OPT_IN, day, demoted, promoted, purchase

FANS = """
version = 1
[[play]]
id = "fans"
on = ["rung.promoted"]
where = { to = { min = 6 } }
max_age_days = 14
cancel = ["rung.demoted"]
[[play.step]]
do = "task"
task = "thank_fan"
channel = ["phone", "post"]
due_days = 5
expires_days = 20
"""
HOUSE = """
[[play]]
id = "look"
on = ["contact.complained"]
max_age_days = 3
[[play.step]]
do = "task"
task = "neglected"
"""
NIGHTS = """
[[quiet]]
channels = ["phone"]
from = 20:00:00
to = 08:00:00
"""
CALLS: Mapping[str, Any] = {
    "channel": "phone",
    "purpose": "marketing",
    "basis": "express",
    "proof": {"wording": "May we call you?", "form": "checkout", "phone": "+49 221 4711"},
}
PROFILE: Mapping[str, Any] = {
    "email": "c1@example.org",
    "name": "Anna Größe",
    "salutation": "Frau",
    "phone": "+49 221 4711",
    "address": {"street": "Gasse 1", "city": "50667 Köln"},
    "language": "en",
}
SCOPES: tuple[Scope, ...] = ("staff", "ladder:read", "admin")
FACTS: Mapping[str, Any] = {"clock": "facts", "simulate": True, "lanes": 1, "time_zone": "UTC"}


@pytest.fixture
def book(tmp_path: Path) -> dict[str, object]:
    """Settings with a small book, and nothing that delays."""
    plays, measure = tmp_path / "plays.toml", tmp_path / "measure.toml"
    plays.write_text(FANS + HOUSE)
    measure.write_text("version = 1\n")
    return {"plays_file": plays, "measure_file": measure}


async def known(running: Notifier, person: str = "c1", *, calls: bool = True, at: int | None = None) -> None:
    """Somebody with a number and an address, who agreed to calls or did not."""
    since = await running.now() - HOUR if at is None else at
    await running.tell("contact.identified", since, person, profile=PROFILE)
    if calls:
        await running.tell("contact.consented", since, person, id_=f"calls-{person}", **CALLS)


async def became_a_fan(running: Notifier, person: str = "c1", to: int = 7) -> None:
    await running.announce(promoted(await running.now() - SECOND, to, subject=person))
    await running.settled()


async def tasks(running: Notifier, **parameters: Any) -> list[dict[str, Any]]:
    answer = (await running.http.get("/v1/tasks", params=parameters)).raise_for_status().json()
    items: list[dict[str, Any]] = answer["items"]
    return items


async def test_a_call_is_there_with_all_that_has_to_be_known(
    database: str, tmp_path: Path, book: dict[str, object]
) -> None:
    """Whom, at which number, why, what to say and until when; one per person, play and cause."""
    async with notifier(database, tmp_path, {**book, "staff_language": "en"}) as running:
        await known(running)
        bought = await running.now() - HOUR
        await running.tell_fact(purchase(bought, order="1"))
        cue = promoted(await running.now() - SECOND, 7)
        for _ in range(2):
            await running.announce(cue)
            await running.settled()

        (item,) = await tasks(running)
        (message,) = await running.messages()
        alone = (await running.http.get(f"/v1/tasks/{item['id']}")).json()
        text = (await running.http.get(f"/v1/messages/{item['id']}")).json()

    told = {key: item[key] for key in ("task", "customer", "play", "state", "channel", "basis", "basis_fact", "orders")}
    assert told == {
        "task": "thank_fan",
        "customer": "c1",
        "play": "fans",
        "state": "open",
        "channel": "phone",
        "basis": "express",
        "basis_fact": "calls-c1",
        "orders": 1,
    }
    assert (item["name"], item["phone"], item["language"]) == ("Anna Größe", "+49 221 4711", "en")
    assert "address" not in item
    assert item["title"] == "Call Frau Anna Größe and say thank you"
    assert "reached the highest rung, fan" in item["why"]
    assert "Example Shop" in item["say"]
    assert item["standing"] == {"rung": 7, "name": "fan", "phase": "active", "stage": "retention"}
    assert instants.parse(item["do_by"]) - instants.parse(item["at"]) == 5 * DAY
    assert (alone, message["state"], message["way"], message["channel"]) == (item, "open", "task", "phone")
    assert (text["subject"], text["text"]) == (item["title"], f"{item['why']}\n\n{item['say']}\n")


async def test_a_call_that_was_made_is_a_use_of_the_consent(
    database: str, tmp_path: Path, book: dict[str, object]
) -> None:
    """Ticked off once, told once, without a word about the person; the proof is kept five years from then."""
    async with notifier(database, tmp_path, book) as running:
        await known(running)
        await became_a_fan(running)
        (item,) = await tasks(running)
        before = (await running.http.get("/v1/customers/c1/consents")).json()
        said = {"by": " Ben ", "outcome": "reached", "note": "was pleased"}
        done = (await running.http.post(f"/v1/tasks/{item['id']}/done", json=said)).raise_for_status().json()
        again = (await running.http.post(f"/v1/tasks/{item['id']}/done", json={"by": "Cleo"})).json()
        dropped = await running.http.post(f"/v1/tasks/{item['id']}/drop", json={"by": "Cleo"})
        await running.settled()
        (statement,) = (await running.http.get("/v1/customers/c1/consents")).json()["statements"]
        news = await running.told()

        assert (done["state"], done["by"], done["outcome"], done["note"]) == ("done", "Ben", "reached", "was pleased")
        assert again == done
        assert "phone" not in done
        assert (dropped.status_code, dropped.json()["detail"]) == (409, "It is done")
        assert (await tasks(running), await tasks(running, state="done")) == ([], [done])
        assert "used_at" not in before["statements"][0]
        assert statement["used_at"] == [done["ended_at"]]
        assert statement["keep_until"][:10] == f"{int(done['ended_at'][:4]) + 5}{done['ended_at'][4:10]}"
        (told,) = [each for each in news if each["data"].get("message") == item["id"]]
        assert (told["type"], told["data"]["state"]) == ("message.sent", "sent")
        assert (told["data"]["way"], told["data"]["channel"]) == ("task", "phone")
        assert not any(word in str(news) for word in ("Anna", "4711", "Ben", "pleased"))


async def test_a_call_that_reached_nobody_is_told_as_failed(
    database: str, tmp_path: Path, book: dict[str, object]
) -> None:
    """It was done all the same, and was a use of the consent."""
    async with notifier(database, tmp_path, book) as running:
        await known(running)
        await became_a_fan(running)
        (item,) = await tasks(running)
        said = {"by": "Ben", "outcome": "not_reached"}
        done = (await running.http.post(f"/v1/tasks/{item['id']}/done", json=said)).json()
        await running.settled()

        assert (done["state"], done["outcome"]) == ("done", "not_reached")
        assert await running.outcomes() == [("thank_fan", "failed", None)]
        assert [each["type"] for each in await running.told()] == ["message.failed"]
        (statement,) = (await running.http.get("/v1/customers/c1/consents")).json()["statements"]
        assert statement["used_at"] == [done["ended_at"]]


async def test_who_did_not_agree_to_calls_gets_a_letter_or_nothing(
    database: str, tmp_path: Path, book: dict[str, object]
) -> None:
    """A customer may be written to by post; of whoever bought nothing no task comes to be, and that is recorded."""
    async with notifier(database, tmp_path, book) as running:
        await known(running, calls=False)
        await known(running, "c2", calls=False)
        await running.tell_fact(purchase(await running.now() - HOUR, order="1"))
        await became_a_fan(running)
        await became_a_fan(running, "c2")

        (letter,) = await tasks(running)
        (nothing,) = await tasks(running, state="dropped")
        reasons = (await running.http.get("/v1/reasons")).json()["items"]

    assert (letter["channel"], letter["basis"], letter["basis_fact"]) == ("post", "customer", "1")
    assert letter["address"] == "Gasse 1\n50667 Köln"
    assert "Dankesbrief" in letter["title"]
    assert "phone" not in letter
    assert (nothing["customer"], nothing["reason"]) == ("c2", "no_basis")
    assert "phone" not in nothing
    assert "address" not in nothing
    assert reasons == [{"play": "fans", "reason": "no_basis", "messages": 1}]


async def test_an_objection_ends_a_task_that_is_open(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """The moment it is known: nobody is called any more, and nothing can be ticked off."""
    async with notifier(database, tmp_path, book) as running:
        await known(running)
        await became_a_fan(running)
        (item,) = await tasks(running)
        await running.tell("contact.objected", await running.now(), channel="phone")
        await running.settled()
        refused = await running.http.post(f"/v1/tasks/{item['id']}/done", json={"by": "Ben"})

        assert await running.outcomes() == [("thank_fan", "held_back", "objected")]
        assert (refused.status_code, refused.json()["detail"]) == (409, "It is dropped (objected)")
        assert await tasks(running) == []
        (told,) = await running.told()
        assert (told["type"], told["data"]["reason"]) == ("message.held_back", "objected")


async def test_a_number_that_is_gone_ends_a_call(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """And another than the one that was agreed to is not called."""
    async with notifier(database, tmp_path, book) as running:
        for person, profile in (("c1", {"name": "Anna"}), ("c2", {"phone": "+49 30 1234567"})):
            await known(running, person)
            await became_a_fan(running, person)
            await running.tell("contact.identified", await running.now(), person, profile=profile)
        await running.settled()

        assert await running.outcomes() == [("thank_fan", "held_back", "no_address")]
        assert await running.outcomes("c2") == [("thank_fan", "held_back", "no_basis")]


async def test_a_fall_cancels_a_task(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """As it does mail that is not sent; one about a rung that is kept stays."""
    async with notifier(database, tmp_path, book) as running:
        await known(running)
        await became_a_fan(running)
        await became_a_fan(running, to=6)
        await running.announce(demoted(await running.now(), 6))
        await running.settled()

        assert sorted((row["rungs"], row["state"], row["reason"]) for row in await running.rows()) == [
            ([6], "open", None),
            ([7], "held_back", "cancelled"),
        ]


async def test_a_task_nobody_did_is_given_up(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """Once it has expired; and one that staff puts aside is dropped."""
    async with notifier(database, tmp_path, book) as running:
        for person in ("c1", "c2"):
            await known(running, person)
            await became_a_fan(running, person)
        (other,) = [each for each in await tasks(running) if each["customer"] == "c2"]
        said = {"by": "Ben", "note": "has moved away"}
        dropped = (await running.http.post(f"/v1/tasks/{other['id']}/drop", json=said)).json()
        again = await running.http.post(f"/v1/tasks/{other['id']}/drop", json={"by": "Cleo"})
        await running.pool.execute(
            "update notifier.message set expires_at = $1 where person = 'c1'", await running.now() - SECOND
        )
        await running.settled()

        assert (again.status_code, again.json()) == (200, dropped)
        assert (dropped["state"], dropped["reason"], dropped["note"]) == ("dropped", "dropped", "has moved away")
        assert await running.outcomes() == [("thank_fan", "held_back", "too_old")]
        assert await running.outcomes("c2") == [("thank_fan", "held_back", "dropped")]
        assert {each["data"]["reason"] for each in await running.told()} == {"too_old", "dropped"}


async def test_a_task_in_the_house_needs_no_consent(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """It ends at nobody: no address, no basis, no slot of the measure."""
    async with notifier(database, tmp_path, book) as running:
        await running.tell("contact.objected", await running.now() - HOUR)
        await running.tell("contact.complained", await running.now(), "c1", "shop.events", reason="late")
        await running.settled()

        (item,) = await tasks(running, channel="none")
        assert await tasks(running, channel="phone") == []
    assert (item["state"], item["play"]) == ("open", "look")
    assert not item.keys() & {"channel", "basis", "phone", "address", "name"}


async def test_tasks_are_listed_by_urgency_page_by_page(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """Each once; a cursor of another list is refused."""
    async with notifier(database, tmp_path, book) as running:
        people = [f"p{number}" for number in range(5)]
        for person in people:
            await known(running, person)
            await became_a_fan(running, person)
        seen: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = (await running.http.get("/v1/tasks", params={"limit": 2, "play": "fans", **after})).json()
            seen += page["items"]
            if page["next"] is None:
                break
            after = {"after": page["next"]}

        assert [each["customer"] for each in seen] == people
        assert await tasks(running, play="other") == []
        assert (await running.http.get("/v1/tasks", params={"after": "x"})).status_code == 400
        assert (await running.http.get("/v1/tasks/nothing")).status_code == 404
        assert (await running.http.post("/v1/tasks/nothing/done", json={"by": "Ben"})).status_code == 404
        refused = await running.http.post(f"/v1/tasks/{seen[0]['id']}/done", json={"by": " "})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/body/by")


async def test_staff_needs_a_key_for_tasks_and_may_do_nothing_else_with_it(
    database: str, tmp_path: Path, book: dict[str, object]
) -> None:
    """Who only reads the ladder sees no names; an administrator may do all."""
    made = {scope: new_key(scope, [scope]) for scope in SCOPES}
    async with notifier(database, tmp_path, book, keys=Keys([key for _, key in made.values()])) as running:
        asked = {
            scope: [
                (await running.http.get(path, headers={"Authorization": f"Bearer {secret}"})).status_code
                for path in ("/v1/tasks", "/v1/messages", "/v1/customers/c1/consents")
            ]
            for scope, (secret, _) in made.items()
        }
    assert asked == {"staff": [200, 403, 403], "ladder:read": [403, 200, 403], "admin": [200, 200, 200]}


async def test_a_call_waits_for_the_morning(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """In a history too, where it opens at its own instant, and is given up if nobody does it."""
    (tmp_path / "measure.toml").write_text(NIGHTS)
    async with notifier(database, tmp_path, {**FACTS, **book}) as running:
        await known(running, at=day(0))
        await running.announce(promoted(day(1) + 22 * HOUR, 7))
        await running.tick(day(2) + 7 * HOUR)
        await running.settled()
        (waiting,) = await tasks(running, state="pending")
        early = await running.http.post(f"/v1/tasks/{waiting['id']}/done", json={"by": "Ben"})
        await running.tick(day(2) + 8 * HOUR)
        await running.settled()
        (item,) = await tasks(running)
        await running.tick(day(30))
        await running.settled()

        assert "phone" not in waiting
        assert (early.status_code, early.json()["detail"]) == (409, "It is pending")
        assert (item["id"], item["phone"]) == (waiting["id"], "+49 221 4711")
        assert await running.outcomes() == [("thank_fan", "held_back", "too_old")]


async def test_a_history_ends_tasks_where_they_would_have_ended(
    database: str, tmp_path: Path, book: dict[str, object]
) -> None:
    """By an objection that was read ahead it is hidden from when it was made; by a fall while it is worth doing."""
    async with notifier(database, tmp_path, {**FACTS, **book}) as running:
        for person in ("c1", "c2", "c3"):
            await known(running, person, at=day(0))
        await running.tell("contact.objected", day(5), "c1", channel="phone")
        await running.announce(*(promoted(day(1), 7, subject=person) for person in ("c1", "c2", "c3")))
        await running.tick(day(2))
        await running.settled()
        assert {each["customer"] for each in await tasks(running)} == {"c1", "c2", "c3"}
        await running.announce(demoted(day(6), 4, subject="c2"))
        await running.tick(day(6))
        await running.settled()

        assert [each["customer"] for each in await tasks(running)] == ["c3"]
        await running.announce(demoted(day(25), 4, subject="c3"))
        await running.tick(day(30))
        await running.settled()
        assert await running.outcomes("c2") == [("thank_fan", "held_back", "cancelled")]
        assert await running.outcomes("c3") == [("thank_fan", "held_back", "too_old")]


async def test_a_member_whom_nobody_thanked_gets_a_call_and_a_surprise(
    database: str, tmp_path: Path, book: dict[str, object]
) -> None:
    """By the book as shipped, half a year after the last thanks, and again half a year after the surprise."""
    shipped = NotifierSettings().plays_file
    async with notifier(database, tmp_path, {**FACTS, **book, "plays_file": shipped}) as running:
        await known(running, at=day(0))
        await running.tell("contact.consented", day(0), **DOUBLE_OPT_IN)
        await running.announce(promoted(day(1), 5))
        await running.tick(day(180))
        await running.settled()
        assert await tasks(running, play="neglected") == []
        await running.tick(day(182))
        await running.settled()
        (call,) = await tasks(running, play="neglected")
        await running.tick(day(362))
        await running.settled()

        rows = [row for row in await running.rows() if row["play"] == "neglected"]
        assert [(row["mail"], row["state"], (row["at"] - day(0)) // DAY) for row in rows] == [
            ("surprise", "sent", 181),
            ("neglected", "held_back", 181),
            ("surprise", "sent", 361),
            ("neglected", "open", 361),
        ]
        assert (call["channel"], call["standing"]["name"]) == ("phone", "Mitglied")
        texts = [running.text(place) for place in range(len(running.mail()))]
        assert sum("Your voucher code" in text for text in texts) == 2


async def test_the_alarm_survives_a_restart(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """By the wall clock too: rung once while nobody was there, and the next time waited for."""
    settings = {**book, "plays_file": NotifierSettings().plays_file}
    async with notifier(database, tmp_path, settings) as running:
        await known(running)
        await became_a_fan(running, to=5)
        long_ago = await running.now() - 180 * DAY - SECOND
        await running.pool.execute("update notifier.message set at = $1, sent_at = $1", long_ago)
        await running.pool.execute(
            "update notifier.run set due_at = $1, cause_at = $2", await running.now() - SECOND, long_ago
        )
    for _ in range(2):
        async with notifier(database, tmp_path, settings) as running:
            await running.settled()
            (call,) = await tasks(running, play="neglected")
            runs = await running.pool.fetch(
                "select course, due_at > $1 as ahead from notifier.run where play = 'neglected'", call_at(call)
            )
            assert sorted(tuple(row) for row in runs) == [("done", None), ("waiting", True)]


def call_at(call: Mapping[str, Any]) -> int:
    return instants.parse(call["at"]) + 179 * DAY
