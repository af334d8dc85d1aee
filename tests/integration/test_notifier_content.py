"""Useful content at work: from a folder and from a feed of a real server, to each reader once, by both clocks."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.notifier.content import library
from services.notifier.content.feed import LARGEST_FEED
from shared import instants
from shared.events import SHOP_EVENTS
from shared.instants import DAY
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.receivers import Manner, Receiver, receiver
from tests.integration.test_notifier_moments import SHIPPED
from tests.integration.test_notifier_series import FACTS
from tests.make import announced, day
from tests.until import until

DAILY = """
version = 1
[[play]]
id = "useful"
on = ["moment.content"]
every_days = 1
max_age_days = 2
[[play.step]]
do = "send"
mail = "useful"
"""


def write(folder: Path, name: str, title: str, *categories: str, **more: str) -> None:
    """A piece in this folder."""
    folder.mkdir(exist_ok=True)
    extra = "".join(f"{member} = {value}\n" for member, value in more.items())
    listed = ", ".join(f'"{each}"' for each in categories)
    (folder / f"{name}.toml").write_text(
        f'title = "{title}"\ntext = "About {title}."\ncategories = [{listed}]\n{extra}'
    )


def daily(tmp_path: Path, **settings: object) -> dict[str, object]:
    """Settings with a play that comes every day."""
    file = tmp_path / "daily.toml"
    file.write_text(DAILY)
    return {"plays_file": file, **settings}


async def buy(running: Notifier, at: int, category: str, person: str = "c1") -> None:
    order = f"order-{person}-{at}"
    items = [{"sku": "x", "category": category, "amount": "10.00"}]
    await running.tell(
        "purchase.completed",
        at,
        person,
        SHOP_EVENTS,
        order_id=order,
        amount="10.00",
        currency="EUR",
        items=items,
        id_=order,
    )


async def subjects(running: Notifier, person: str = "c1") -> list[str]:
    """What this person has got, in the order of their time."""
    mails = [each for each in running.mail() if f"{person}@" in str(each["To"])]
    return [str(each["Subject"]) for each in sorted(mails, key=lambda each: str(each["Date"].datetime))]


async def beat_comes(running: Notifier) -> None:
    """Let a day pass for everybody, as far as the rhythm can tell."""
    await running.settled()
    await running.pool.execute("update notifier.message set cause_at = cause_at - $1, at = at - $1", DAY)
    await running.pool.execute("update notifier.occasion set since = 0, due_at = 0 where kind = 'moment.content'")
    await running.settled()


async def test_a_buyer_gets_what_suits_them_and_each_piece_once(database: str, tmp_path: Path) -> None:
    """In a mail that is marketing; who bought before there was content is in the rhythm as well."""
    folder = tmp_path / "content"
    with capture_logs() as logs:
        async with notifier(database, tmp_path, daily(tmp_path)) as running:
            await running.introduce()
            await buy(running, await running.now() - DAY, "Tea")
            await running.settled()
            assert await running.pool.fetchval("select count(*) from notifier.occasion where kind like '%content'") == 0
    assert [each for each in logs if each["event"] == "content.none"]
    write(folder, "tea", "Brewing tea", "tea", link='"https://shop.example/tea"', valid_from="2024-01-01")
    write(folder, "coffee", "Grinding coffee", "coffee", valid_from="2024-02-01")
    write(folder, "english", "An English tip", languages='["en"]', valid_from="2024-03-01")
    write(folder, "all", "News for all")
    async with notifier(database, tmp_path, daily(tmp_path, content_dir=folder)) as running:
        for _ in range(4):
            await beat_comes(running)

        rows = await running.pool.fetch("select cause, state, purpose, basis from notifier.message order by at")
        assert [each["Subject"] for each in running.mail()].count("Brewing tea") == 1
        assert sorted(await subjects(running)) == ["Brewing tea", "News for all"]
        assert {(row["state"], row["purpose"], row["basis"]) for row in rows} == {
            ("sent", "marketing", "double_opt_in")
        }
        text = next(running.text(place) for place in range(2) if "Brewing" in running.text(place))
        assert "About Brewing tea." in text
        assert "Mehr dazu: https://shop.example/tea\n" in text
        assert "/u/" in text


async def test_a_file_that_breaks_stays_as_it_was_and_one_that_goes_is_not_sent(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong is logged once, not at every look."""
    monkeypatch.setattr(library, "EVERY_SECONDS", 0.02)
    folder = tmp_path / "content"
    for name in ("kept", "gone"):
        write(folder, name, name)

    async def offered(running: Notifier) -> list[tuple[str, bool]]:
        rows = await running.pool.fetch("select title, withdrawn from notifier.piece order by title")
        return [tuple(row) for row in rows]

    with capture_logs() as logs:
        async with notifier(database, tmp_path, daily(tmp_path, content_dir=folder)) as running:
            (folder / "kept.toml").write_text("title = ")
            (folder / "gone.toml").unlink()
            write(folder, "new", "new")

            async def looked() -> bool:
                return await offered(running) == [("gone", True), ("kept", False), ("new", False)]

            await until(looked)
    told = [each for each in logs if each["event"] == "content.unreadable_file"]
    assert [each["file"] for each in told] == ["kept.toml"]


async def test_a_folder_that_is_away_refuses_the_start(tmp_path: Path) -> None:
    """Before anything is decided without it."""
    with pytest.raises(ValueError, match="is no folder"):
        async with notifier("unused", tmp_path, daily(tmp_path, content_dir=tmp_path / "away")):
            pass


async def test_an_objection_to_content_is_heeded_and_thanks_go_on(database: str, tmp_path: Path) -> None:
    """The topic of these mails is one that a person can do without."""
    write(tmp_path / "content", "all", "News for all")
    async with notifier(database, tmp_path, daily(tmp_path, content_dir=tmp_path / "content")) as running:
        await running.introduce()
        now = await running.now()
        await buy(running, now - DAY, "tea")
        await running.tell("contact.objected", now, channel="email", purpose="content")
        await beat_comes(running)

        assert await running.outcomes() == [("useful", "held_back", "objected")]


# -- played ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bit_by_bit", [False, True])
async def test_a_history_is_played_with_its_content(database: str, tmp_path: Path, *, bit_by_bit: bool) -> None:
    """Every thirty days at the same instants, however time passes; what is published later comes later."""
    folder = tmp_path / "content"
    for month in range(1, 7):
        write(folder, f"tip{month}", f"Tip {month}", "tea", valid_from=f"2024-{month:02}-01")
    settings = {**FACTS, **SHIPPED, "content_dir": folder, "time_zone": "UTC"}
    async with notifier(database, tmp_path, settings) as running:
        await running.introduce(at=day(0), time_zone="UTC")
        await running.announce(announced("phase.changed", day(1), None, {"phase": "active", "stage": "retention"}))
        await buy(running, day(1), "tea")
        for at in range(5, 100, 5) if bit_by_bit else ():
            await running.tick(day(at))
        await running.tick(day(100))
        await running.settled()

        rows = await running.pool.fetch("select at, state from notifier.message where play = 'useful' order by at")
        times = [row["at"] for row in rows]
        assert {row["state"] for row in rows} == {"sent"}
        assert {after - before for before, after in pairwise(times)} == {30 * DAY}
        assert 3 <= len(times) <= 4
        sent = [each for each in await subjects(running) if each.startswith("Tip")]
        newest = [f"Tip {instants.to_datetime(at).month}" for at in times]
        assert len(set(sent)) == len(sent)
        assert sent[0] == newest[0]


async def test_whoever_is_about_to_be_lost_over_a_complaint_gets_none(database: str, tmp_path: Path) -> None:
    """The play hears of complaints, and of service, whatever the other plays are; then it goes on."""
    for number in range(9):
        write(tmp_path / "content", f"tip{number}", f"Tip {number}")
    settings = daily(tmp_path, **FACTS, content_dir=tmp_path / "content", time_zone="UTC")
    async with notifier(database, tmp_path, settings) as running:
        await running.introduce(at=day(0), time_zone="UTC")
        await buy(running, day(1), "tea")
        await running.tell("contact.complained", day(2), "c1", SHOP_EVENTS)
        lost = {"phase": "active", "stage": "degeneration"}
        cause = {"deadline": "complaint_unanswered", "at": instants.text(day(3))}
        where = {"rung": 4, **lost}
        await running.announce(announced("phase.changed", day(3), None, lost, standing=where, cause=cause))
        await running.tell("contact.served", day(6), "c1", SHOP_EVENTS, minutes=20)
        await running.tick(day(8))
        await running.settled()

        rows = await running.pool.fetch("select at from notifier.message order by at")
        days = [(row["at"] - day(0)) // DAY for row in rows]
        assert days == [1, 2, 6, 7]


# -- the feed ----------------------------------------------------------------------------------------------------


def feed(*titles: str) -> bytes:
    items = "".join(f"<item><title>{each}</title><link>/{each}</link></item>" for each in titles)
    return f"<rss version='2.0'><channel>{items}</channel></rss>".encode()


async def titles(running: Notifier) -> set[str]:
    rows = await running.pool.fetch("select title from notifier.piece where not withdrawn")
    return {row["title"] for row in rows}


async def asked_again(running: Notifier, shop: Receiver) -> Mapping[str, str]:
    """The headers of the next request, once it has been answered and taken in."""
    before = len(shop.posts)
    await running.pool.execute("update notifier.feed set next_at = 0")
    await until(lambda: len(shop.posts) > before and shop.under_way == 0)
    return shop.posts[-1].headers


async def test_the_feed_is_asked_now_and_then_and_told_what_is_known(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one process of several; what is no feed leaves the pieces as they were, and is logged."""
    monkeypatch.setattr(library, "EVERY_SECONDS", 0.02)
    state = {"ETag": '"v1"', "Last-Modified": "Tue, 05 Mar 2024 09:00:00 GMT"}
    async with receiver((200, state, feed("one", "two"))) as shop:
        settings = daily(tmp_path, content_feed_url=shop.url(path="/feed"), outgoing_networks="127.0.0.1")
        with capture_logs() as logs:
            async with notifier(database, tmp_path, settings) as running, notifier(database, tmp_path, settings):
                await _become(running, {"one", "two"})
                assert len(shop.posts) == 1
                assert (shop.posts[0].line, "if-none-match" in shop.posts[0].headers) == ("GET /feed HTTP/1.1", False)
                shop.say((304, {}, b""))
                headers = await asked_again(running, shop)
                assert headers["if-none-match"] == '"v1"'
                assert headers["if-modified-since"] == state["Last-Modified"]
                wrong: list[Any] = [500, (200, {}, b"<html/>"), (301, {"Location": "/x"}), Manner.BREAK, Manner.ENDLESS]
                for number, answer in enumerate(wrong):
                    shop.say(answer)
                    await running.pool.execute("update notifier.feed set next_at = 0")
                    await until(lambda number=number: len(_failures(logs)) > number)  # type: ignore[misc]  # mypy reads no default of a lambda
                assert await titles(running) == {"one", "two"}
                shop.say((200, {}, feed("two", "three")))
                await running.pool.execute("update notifier.feed set next_at = 0")
                await _become(running, {"one", "two", "three"})
        reasons = _failures(logs)
        assert [each for each in reasons if "500" in each]
        assert [each for each in reasons if f"more than {LARGEST_FEED}" in each]


async def _become(running: Notifier, expected: set[str]) -> None:
    async def there() -> bool:
        return await titles(running) == expected

    await until(there)


def _failures(logs: list[Any]) -> list[str]:
    return [each["reason"] for each in logs if each["event"] == "content.feed_failed"]


async def test_a_feed_inside_the_house_is_not_asked_unless_it_is_named(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with webhooks; and while a history is played nothing leaves the house at all."""
    monkeypatch.setattr(library, "EVERY_SECONDS", 0.02)
    async with receiver((200, {}, feed("one"))) as shop:
        url = {"content_feed_url": shop.url(path="/feed")}
        with capture_logs() as logs:
            async with notifier(database, tmp_path, daily(tmp_path, **url)):
                await until(lambda: bool(_failures(logs)))
        assert shop.connections == 0


async def test_while_a_history_is_played_the_feed_is_not_asked(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing leaves the house; what it brought before is there."""
    monkeypatch.setattr(library, "EVERY_SECONDS", 0.02)
    async with receiver((200, {}, feed("one"))) as shop:
        settings = daily(tmp_path, **FACTS, content_feed_url=shop.url(), outgoing_networks="127.0.0.1")
        async with notifier(database, tmp_path, settings) as running:
            await running.tick(day(1))
            await running.settled()
        assert shop.connections == 0
