"""A draft of the plays tried out on the last days, over HTTP, while the notifier is at work."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from services.notifier.settings import NotifierSettings
from shared import events, instants
from shared.events import SHOP_EVENTS
from shared.instants import DAY, MINUTE
from tests.integration.ladder_http import ladder
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.past import announcements, live, lives
from tests.make import RULES_TOML, lapsed, promoted, purchase

UNTIL = instants.parse("1998-07-01T00:00:00Z")
"""The end of CDNOW's log."""
SHIPPED = NotifierSettings().plays_file
BOOK = SHIPPED.read_text()
PLAYED: Mapping[str, Any] = {"clock": "facts", "simulate": True, "lanes": 2, "plays_file": SHIPPED}
NEW_PLAY = """
[[play]]
id = "well_done"
on = ["rung.promoted"]
where = { to = { min = 3 } }
max_age_days = 14
[[play.step]]
do = "send"
mail = "thank_you"
offer = "gift"
"""


async def lines(running: Notifier, draft: str, **parameters: Any) -> list[dict[str, Any]]:
    """The lines of an answer to a draft."""
    answer = await running.http.post("/v1/plays/preview", params=parameters, content=draft)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def ask(running: Notifier, body: bytes, **parameters: Any) -> list[dict[str, Any]]:
    """The lines of an answer to a draft that brings its announcements."""
    headers = {"Content-Type": "application/jsonl"}
    answer = await running.http.post("/v1/plays/preview", params=parameters, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def with_lines(draft: str, announced: Iterable[bytes]) -> bytes:
    """A body that brings these announcements."""
    return b"\n".join([json.dumps({"draft": draft}).encode(), *announced])


async def kept(running: Notifier) -> dict[str, str]:
    """A hash of everything that the notifier and the log keep, by table."""
    names = await running.pool.fetch(
        "select schemaname || '.' || tablename as name from pg_tables where schemaname in ('notifier', 'log')"
    )
    ask = "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t"
    signs_of_life = {"notifier.worker", "notifier.lane"}
    return {
        name: await running.pool.fetchval(ask.format(name))
        for name in (row["name"] for row in names)
        if name not in signs_of_life
    }


async def decided(running: Notifier, since: int) -> set[tuple[Any, ...]]:
    """What the notifier has decided since then."""
    rows = await running.pool.fetch("select * from notifier.message where at >= $1", since)
    return {
        (row["id"], row["play"], row["step"], row["mail"], row["channel"], instants.text(row["at"]), row["reason"])
        for row in rows
    }


def retold(told: Iterable[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """The messages among a preview's lines."""
    names = ("id", "play", "step", "mail", "channel", "at", "reason")
    return {tuple(line["message"][name] for name in names) for line in told if "message" in line}


@pytest.mark.parametrize(
    ("days", "plays"),
    [
        (30, {"birthday", "neglected", "win_back"}),
        (200, {"birthday", "anniversary", "group_ending"}),
        (365, {"group_welcome", "cancelled", "our_fault", "membership_welcome"}),
    ],
)
async def test_the_book_in_force_would_have_done_what_was_done(
    database: str, tmp_path: Path, days: int, plays: set[str]
) -> None:
    """Message by message: play, step, channel, instant and reason; and nothing of it is written down."""
    async with notifier(database, tmp_path, PLAYED) as running:
        await live(running, lives("0120"), UNTIL)
        before = await kept(running)
        told = await lines(running, BOOK, days=days, answer="messages")
        after = await kept(running)
        done = await decided(running, UNTIL - days * DAY)
    result = told[-1]["result"]
    assert retold(told) == done
    assert {each[1] for each in done} >= plays
    assert sum(each["messages"] for each in result["go"] + result["held_back"]) == len(done)
    assert result["complete"]
    assert before == after


async def test_announcements_that_are_brought_take_the_place_of_those_on_record(database: str, tmp_path: Path) -> None:
    """The same ones lead to the same; without any, only what time and the shop's facts bring is left."""
    facts = lives("0060")
    brought = [value for _, _, value in announcements(facts, UNTIL)]
    async with notifier(database, tmp_path, PLAYED) as running:
        await live(running, facts, UNTIL)
        of_log = await lines(running, BOOK, days=100, answer="messages")
        same = await ask(running, with_lines(BOOK, [*brought, b""]), days=100, answer="messages")
        none = await ask(running, with_lines(BOOK, []), days=100)
    left, all_of_it = none[-1]["result"], of_log[-1]["result"]
    assert same == of_log
    assert left["announcements"] == 0 < all_of_it["announcements"]
    assert {each["play"] for each in left["go"]} < {each["play"] for each in all_of_it["go"]}


async def test_what_was_done_today_by_the_clock_would_be_done_again(database: str, tmp_path: Path) -> None:
    """Profiles and consents, announcements and facts as they came; who did not agree is not written to."""
    async with notifier(database, tmp_path, {"plays_file": SHIPPED}) as running:
        now = await running.now()
        for person in ("c1", "c2"):
            await running.introduce(person, now - 2 * DAY)
        await running.tell("contact.identified", now - 2 * DAY, "c3", profile={"email": "c3@example.org"})
        await running.tell("contact.objected", now - 2 * DAY, "c3", channel="phone")
        await running.settled()
        soon = now - MINUTE
        await running.announce(
            *(promoted(soon, 5, subject=each, id_=f"up-{each}") for each in ("c1", "c2", "c3", "c4"))
        )
        await running.settled()
        await running.tell("contact.complained", soon + 1, "c2", SHOP_EVENTS, reason="late")
        await running.announce(lapsed(soon + 2, subject="c1"))
        await running.settled()
        told = retold(await lines(running, BOOK, days=1, answer="messages"))
        done = await decided(running, now - DAY)
    assert {_without_instant(each) for each in told} == {_without_instant(each) for each in done}
    assert {each[-1] for each in done} >= {None, "no_basis", "no_address"}


def _without_instant(message: tuple[Any, ...]) -> tuple[Any, ...]:
    return *message[:5], message[6]


async def test_a_draft_with_a_new_play_says_what_it_would_send_and_give(database: str, tmp_path: Path) -> None:
    """Counted by play and reason, with people by id; offers at their planned cost, as far as the budget goes."""
    budget = SHIPPED.with_name("offers.toml").read_text() + '\n[[budget]]\nplay = "well_done"\nmonth = "4.00"\n'
    (tmp_path / "offers.toml").write_text(budget)
    people = ["c1", "c2", "c3"]
    async with notifier(
        database, tmp_path, {"plays_file": SHIPPED, "offers_file": tmp_path / "offers.toml"}
    ) as running:
        now = await running.now()
        for person in people[:2]:
            await running.introduce(person, now - 2 * DAY)
        await running.announce(*(promoted(now - MINUTE, 3, subject=each, id_=f"up-{each}") for each in people))
        await running.settled()
        result = (await lines(running, BOOK + NEW_PLAY, days=7))[-1]["result"]
        assert await running.messages() == []
    (went,) = result["go"]
    (held_back,) = result["held_back"]
    assert (went["play"], went["mail"], went["channel"], went["messages"]) == ("well_done", "thank_you", "email", 2)
    assert sorted(went["customers"]) == people[:2]
    assert (held_back["reason"], held_back["messages"], held_back["customers"]) == ("no_address", 1, ["c3"])
    assert result["offers"] == [{"play": "well_done", "offer": "gift", "given": 1, "cost": "4.00"}]
    assert result["withheld"] == [{"play": "well_done", "offer": "gift", "reason": "budget_spent", "messages": 1}]


async def test_the_ladders_own_preview_feeds_it(database: str, tmp_path: Path) -> None:
    """What other rules would announce is what other plays may be tried out on."""
    async with ladder(database) as (lanes, client), notifier(database, tmp_path, {"plays_file": SHIPPED}) as running:
        now = await running.now()
        await running.introduce("c1", now - 20 * DAY)
        await lanes.tell([purchase(now - 10 * DAY, subject="c1"), purchase(now - 9 * DAY, subject="c1")])
        await lanes.settled()
        rules = RULES_TOML.read_text()
        answer = await client.post("/v1/rules/preview", params={"answer": "announcements"}, content=rules)
        told = await ask(running, with_lines(BOOK, [answer.content]), days=30, answer="messages")
    assert {(each[1], each[3]) for each in retold(told)} >= {("onboarding", "onboarding_thanks")}


async def test_a_draft_that_cannot_be_used_is_refused_with_its_faults(database: str, tmp_path: Path) -> None:
    """Each with the place in the draft and a line that says it, as at the start of the program."""
    drafts = (
        BOOK.replace('mail = "onboarding_tips"', 'mail = "no_such_mail"'),
        BOOK.replace("days = 11", "days = -11"),
        BOOK.replace('offer = "surprise"', 'offer = "no_such_offer"'),
        "version = ?",
        "x" * 300_000,
    )
    async with notifier(database, tmp_path) as running:
        answers = [await running.http.post("/v1/plays/preview", content=draft) for draft in drafts]
    faults = [answer.json()["errors"][0] for answer in answers[:4]]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 413]
    assert [each["pointer"] for each in faults] == ["/play/0", "/play/0/step/3/days", "/play/12/step/2/offer", ""]
    assert "no_such_mail" in faults[0]["detail"]
    assert "line 1" in faults[3]["detail"]


async def test_a_line_that_cannot_be_read_is_named(database: str, tmp_path: Path) -> None:
    """The number of the line is the pointer; the place is free again afterwards."""
    headers = {"Content-Type": "application/x-ndjson"}
    bodies = (b"", b"{}", with_lines(BOOK, [events.encode(promoted(1, 4)), b'{"type": "rung.promoted"}']))
    async with notifier(database, tmp_path) as running:
        answers = [await running.http.post("/v1/plays/preview", content=each, headers=headers) for each in bodies]
        assert (await lines(running, BOOK))[-1]["result"]["people"] == 0
    assert [answer.status_code for answer in answers] == [422] * 3
    assert [answer.json()["errors"][0]["pointer"] for answer in answers] == ["/1", "/1", "/3"]


async def test_a_second_draft_waits_for_the_first(database: str, tmp_path: Path) -> None:
    """It is asked to come again; once the first has its answer there is room."""
    async with notifier(database, tmp_path, {"plays_file": SHIPPED}) as running:
        both = [running.http.post("/v1/plays/preview", content=BOOK) for _ in range(2)]
        first, second = sorted(await asyncio.gather(*both), key=lambda answer: answer.status_code)
        assert (first.status_code, second.status_code, second.headers["Retry-After"]) == (200, 429, "10")
        assert (await running.http.post("/v1/plays/preview", content=BOOK)).status_code == 200


async def test_a_log_that_has_forgotten_says_so(database: str, tmp_path: Path) -> None:
    """What the log's retention has taken is missing, and the answer does not hide it."""
    async with notifier(database, tmp_path, {**PLAYED, "lanes": 1}) as running:
        await live(running, lives("0010"), UNTIL)
        await running.pool.execute(
            """
            with gone as (delete from log.record where "offset" < 3 returning 1)
            update log.position set first_offset = 3 where next_offset > 3
            """
        )
        assert not (await lines(running, BOOK))[-1]["result"]["complete"]
