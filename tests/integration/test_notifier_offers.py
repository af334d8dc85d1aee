"""Offers given by plays and redeemed at the shop's checkout, on a real database."""

import asyncio
from pathlib import Path
from typing import Any

from services.notifier.offers.book import OfferBook, read_offers
from services.notifier.offers.desk import Desk
from services.notifier.offers.voucher import Wanted
from shared.events import SHOP_EVENTS
from shared.http import Keys, new_key
from shared.instants import DAY
from tests.integration.notifier_part import Notifier, notifier
from tests.make import lapsed
from tests.until import until

BOOK = """
version = 1
[[offer]]
key = "ten"
kind = "percent"
percent = 10
minimum = "20.00"
categories = ["Tea"]
valid_days = 30
bound = true
[[offer]]
key = "five"
kind = "amount"
amount = "5.00"
valid_days = 30
[[offer]]
key = "museum"
kind = "partner"
pool = "museum"
valid_days = 30
de = "Freier Eintritt"
en = "Free entry"
[[offer]]
key = "lounge"
kind = "perk"
valid_days = 30
de = "Lounge"
en = "Lounge"
[[choice]]
key = "thrift"
of = [{ offer = "five", cost_below = "5.00" }, { offer = "ten", rungs = [7] }]
[[budget]]
play = "win_back"
month = "12.00"
"""
PLAYS = """version = 1
[[play]]
id = "win_back"
on = ["customer.lapsed"]
max_age_days = 30
[[play.step]]
do = "send"
mail = "win_back"
offer = "{offer}"
"""


def book(tmp_path: Path, play_offer: str = "five") -> dict[str, object]:
    """Settings with these offers and a win-back that gives one of them."""
    offers, plays = tmp_path / "offers.toml", tmp_path / "plays.toml"
    offers.write_text(BOOK, "utf-8")
    plays.write_text(PLAYS.format(offer=play_offer), "utf-8")
    return {"offers_file": offers, "plays_file": plays}


async def given(running: Notifier, offer: str, *messages: str, person: str = "c1", play: str = "thanks") -> list[Any]:
    """Give this offer with these messages, as a lane does; returns the news."""
    lane, now = running.lane(person), await running.now()
    wanted = [Wanted(message, person, play, offer, now, 4) for message in messages]
    async with running.pool.acquire() as connection, connection.transaction():
        return await desk(running).give(connection, lane, wanted)


def desk(running: Notifier) -> Desk:
    offers: OfferBook = read_offers(running.settings.offers_file, 2)
    return Desk(offers, b"secret", "EUR", 2, running.settings.zone)


async def code_of(running: Notifier, message: str) -> str:
    return str(await running.pool.fetchval("select code from notifier.voucher where message = $1", message))


async def redeemed(running: Notifier, code: str, order: str = "o1", **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"order_id": order, "amount": "40.00", **more}
    answer = await running.http.post(f"/v1/vouchers/{code}/redeem", json=body)
    return answer.status_code, answer.json()


async def told(running: Notifier, *kinds: str) -> list[dict[str, Any]]:
    """News of these types once all is settled; redemptions over HTTP are told with the lane's next turn."""
    await running.settled()

    async def nothing_untold() -> bool:
        untold = "select exists (select from notifier.redemption where untold or return_untold)"
        return not await running.pool.fetchval(untold)

    await until(nothing_untold)
    return [each for each in await running.told() if each["type"] in kinds]


async def state(running: Notifier, code: str) -> str:
    return str((await running.http.get(f"/v1/vouchers/{code}")).json()["state"])


async def test_of_many_orders_one_gets_the_voucher(database: str, tmp_path: Path) -> None:
    """However many ask at once; each order that asks again gets its own answer again."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        await given(running, "five", "m1")
        code = await code_of(running, "m1")

        answers = await asyncio.gather(*(redeemed(running, code, f"o{number % 20}") for number in range(60)))

        won = {body["order_id"] for status, body in answers if status == 200}
        assert len(won) == 1
        assert sum(status == 200 for status, _ in answers) == 3
        assert {body["reason"] for status, body in answers if status == 409} == {"used"}
        assert await running.pool.fetchval("select count(*) from notifier.redemption") == 1
        assert await state(running, code) == "used"
        await running.pool.execute("update notifier.voucher set valid_until = 0")
        assert await redeemed(running, code, won.pop()) == answers[[status for status, _ in answers].index(200)]


async def test_why_the_checkout_is_refused(database: str, tmp_path: Path) -> None:
    """Each refusal is a problem with its reason; nothing is redeemed by it."""
    tea = [{"category": "tea", "amount": "20.00"}]
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        await given(running, "ten", "m1")
        code = await code_of(running, "m1")

        async def reason(**order: Any) -> str:
            status, body = await redeemed(running, code, **order)
            assert status == 409
            return str(body["reason"])

        assert (await redeemed(running, "0000-0000-0000"))[1]["reason"] == "unknown"
        assert await reason(customer="c2", items=tea) == "wrong_person"
        assert await reason(items=tea) == "wrong_person"
        assert await reason(customer="c1") == "wrong_categories"
        assert await reason(customer="c1", items=[{"category": "TEA", "amount": "19.99"}]) == "below_minimum"
        assert (await redeemed(running, code, amount="1.001"))[0] == 422
        assert (await redeemed(running, code, currency="USD"))[1]["errors"][0]["pointer"] == "/body/currency"
        assert (await running.http.post(f"/v1/vouchers/{code}/redeem", content=b"\xff")).status_code in (400, 422)

        status, taken = await redeemed(running, code.lower().replace("-", ""), customer="c1", items=tea)
        assert (status, taken["discount"]) == (200, "2.00")


async def test_a_voucher_that_ended_or_was_taken_back_is_refused(database: str, tmp_path: Path) -> None:
    """Also one whose message was never sent."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        await running.introduce("c1")
        await running.announce(lapsed(await running.now()))
        await running.settled()
        await given(running, "five", "m1", "m2")
        ended, taken_back = [await code_of(running, message) for message in ("m1", "m2")]
        await running.pool.execute("update notifier.voucher set valid_until = 0 where code = $1", ended)
        assert (await running.http.post(f"/v1/vouchers/{taken_back}/withdraw")).json()["state"] == "withdrawn"
        await running.pool.execute("update notifier.message set state = 'held_back'")
        unsent = await running.pool.fetchval("select code from notifier.voucher where play = 'win_back'")

        reasons = [(await redeemed(running, code))[1]["reason"] for code in (ended, taken_back, unsent)]

        assert reasons == ["expired", "withdrawn", "withdrawn"]
        assert [await state(running, code) for code in (ended, taken_back, unsent)] == [
            "expired",
            "withdrawn",
            "withdrawn",
        ]
        assert (await running.http.post("/v1/vouchers/0000/withdraw")).status_code == 404


async def buy(running: Notifier, order: str, code: str | None, person: str = "c1", **data: Any) -> None:
    """A purchase, as the shop tells it."""
    more = {} if code is None else {"voucher_code": code}
    told = {"order_id": order, "amount": 20, "currency": "EUR", **more, **data}
    await running.tell("purchase.completed", await running.now(), person, SHOP_EVENTS, **told)


async def test_a_purchase_redeems_its_voucher_once_and_says_when_it_does_not_count(
    database: str, tmp_path: Path
) -> None:
    """Also what the checkout has redeemed already; a code that is none of ours is the shop's affair."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        await given(running, "five", "m1", "m2")
        first, second = [await code_of(running, message) for message in ("m1", "m2")]
        await redeemed(running, second, "o2")
        await buy(running, "o1", first.lower())
        await buy(running, "o2", second)
        await running.settled()
        await buy(running, "o3", first, "c2")
        await buy(running, "o4", "SUMMER", "c2")

        news = await told(running, "voucher.redeemed", "voucher.refused")

        assert sorted((each["type"], each["data"]["order_id"]) for each in news) == [
            ("voucher.redeemed", "o1"),
            ("voucher.redeemed", "o2"),
            ("voucher.refused", "o3"),
        ]
        (refused,) = [each for each in news if each["type"] == "voucher.refused"]
        assert (refused["subject"], refused["data"]["reason"]) == ("c2", "used")


async def test_a_full_refund_gives_the_voucher_back_once(database: str, tmp_path: Path) -> None:
    """In one piece or in several, told twice or before the purchase; the second time it stays used."""

    async def refund(order: str, name: str, **amount: Any) -> None:
        now = await running.now()
        await running.tell("purchase.refunded", now, "c1", SHOP_EVENTS, order_id=order, **amount, id_=name)

    async with notifier(database, tmp_path, book(tmp_path)) as running:
        await given(running, "five", "m1")
        code = await code_of(running, "m1")
        await buy(running, "o1", code)
        await refund("o1", "r1", amount=5)
        await running.settled()
        assert await state(running, code) == "used"
        for _ in range(2):
            await refund("o1", "r2", amount=15)
        await running.settled()
        assert await state(running, code) == "valid"
        assert (await redeemed(running, code, "o1"))[1]["reason"] == "refunded"

        await refund("o2", "r3")
        await buy(running, "o2", code)
        await running.settled()
        assert await state(running, code) == "used"
        assert (await redeemed(running, code, "o3"))[1]["reason"] == "used"

        news = await told(running, "voucher.redeemed", "voucher.given_back")
        assert [(each["type"], each["data"]["order_id"]) for each in news] == [
            ("voucher.redeemed", "o1"),
            ("voucher.given_back", "o1"),
            ("voucher.redeemed", "o2"),
        ]


async def test_each_partner_code_is_given_once(database: str, tmp_path: Path) -> None:
    """By many lanes at once; when the pool is empty the play goes on without and says so."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        csv = "code\n" + "\n".join(f"M-{number}" for number in range(10))
        for added in (10, 0):
            loaded = await running.http.post("/v1/pools/museum", content=csv, headers={"Content-Type": "text/csv"})
            assert loaded.json() == {"pool": "museum", "added": added, "known": 10 - added}

        news = await asyncio.gather(*(given(running, "museum", f"m{n}", person=f"c{n}") for n in range(12)))

        assert [row.type for rows in news for row in rows] == ["offer.withheld"] * 2
        codes = await running.pool.fetch("select code, person from notifier.pool_code where message is not null")
        assert len({row["code"] for row in codes}) == len({row["person"] for row in codes}) == 10
        assert (await running.http.get("/v1/pools")).json()["items"] == [
            {"pool": "museum", "given": 10, "left": 0, "expired": 0}
        ]
        (offer,) = [each for each in (await running.http.get("/v1/offers")).json()["offers"] if each["key"] == "museum"]
        assert (offer["given"], offer["withheld"]) == (10, {"pool_empty": 2})
        assert (await running.http.post("/v1/pools/museum", content=b"")).status_code == 422


async def test_a_budget_holds_for_all_lanes_together(database: str, tmp_path: Path) -> None:
    """What is decided at once in several lanes cannot spend it twice."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        persons = [f"c{number}" for number in range(8)]
        await asyncio.gather(*(given(running, "five", f"m-{who}", person=who, play="win_back") for who in persons))

        assert await running.pool.fetchval("select count(*) from notifier.voucher") == 2
        assert await running.pool.fetchval("select count(*) from notifier.withheld where reason = 'budget_spent'") == 6
        (budget,) = (await running.http.get("/v1/offers")).json()["budgets"]
        assert budget == {"play": "win_back", "month": "12.00", "spent": "10.00"}


async def test_a_play_goes_on_without_its_offer(database: str, tmp_path: Path) -> None:
    """The mail goes out whole, and the record says why it has no voucher."""
    async with notifier(database, tmp_path, book(tmp_path, "museum")) as running:
        await running.introduce("c1")
        await running.announce(lapsed(await running.now()))

        (withheld,) = await told(running, "offer.withheld")

        assert withheld["data"].items() >= {"offer": "museum", "reason": "pool_empty", "play": "win_back"}.items()
        assert await running.outcomes() == [("win_back", "sent", None)]
        assert "Gutschein" not in running.mail()[0].as_string()
        (message,) = await running.messages()
        assert (await running.http.get(f"/v1/messages/{message['id']}")).json()["without_offer"] == "pool_empty"


async def test_what_an_offer_cost_decides_who_gets_it(database: str, tmp_path: Path) -> None:
    """Once enough of it was redeemed this month, the next of the choice is given, or none."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        await given(running, "thrift", "m1")
        await redeemed(running, await code_of(running, "m1"))

        (row,) = await given(running, "thrift", "m2")

        assert (row.type, b"none_fits" in row.value) == ("offer.withheld", True)


async def test_a_perk_for_a_time_ends_by_itself(database: str, tmp_path: Path) -> None:
    """It is readable with its start and end."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        await given(running, "lounge", "m1")
        (perk,) = (await running.http.get("/v1/perks", params={"customer": "c1"})).json()["items"]
        assert (perk["perk"], perk["active"], "rung" in perk) == ("lounge", True, False)
        assert perk["withdrawn_at"] > perk["granted_at"]

        await running.pool.execute("update notifier.perk set withdrawn_at = withdrawn_at - $1", 31 * DAY)

        (perk,) = (await running.http.get("/v1/perks", params={"customer": "c1"})).json()["items"]
        assert perk["active"] is False


async def test_the_checkout_needs_a_shops_key(database: str, tmp_path: Path) -> None:
    """Who may read may not redeem, and who redeems may not withdraw or load codes."""
    shop, shop_key = new_key("shop", ["events:write"])
    reader, reader_key = new_key("tool", ["ladder:read"])
    async with notifier(database, tmp_path, book(tmp_path), keys=Keys([shop_key, reader_key])) as running:
        await given(running, "five", "m1")
        code = await code_of(running, "m1")

        async def status(method: str, path: str, key: str) -> int:
            headers = {"Authorization": f"Bearer {key}"}
            body = {"order_id": "o1", "amount": 40}
            return (await running.http.request(method, path, headers=headers, json=body)).status_code

        assert await status("POST", f"/v1/vouchers/{code}/redeem", reader) == 403
        assert await status("POST", f"/v1/vouchers/{code}/redeem", shop) == 200
        assert await status("POST", f"/v1/vouchers/{code}/withdraw", shop) == 403
        assert await status("POST", "/v1/pools/museum", shop) == 403
        assert await status("GET", "/v1/offers", reader) == 200


async def test_two_lanes_that_meet_on_vouchers_do_not_wait_in_a_circle(database: str, tmp_path: Path) -> None:
    """Purchases lock the vouchers they name in one order, so that neither lane is broken off."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        messages = [f"m{number}" for number in range(20)]
        await given(running, "five", *messages)
        codes = [await code_of(running, message) for message in messages]
        one, other = "c1", next(f"d{n}" for n in range(99) if running.lane(f"d{n}") != running.lane("c1"))
        await asyncio.gather(
            *(buy(running, f"{one}-{each}", each, one) for each in codes),
            *(buy(running, f"{other}-{each}", each, other) for each in reversed(codes)),
        )

        news = await told(running, "voucher.redeemed", "voucher.refused")

        assert sorted(each["type"] for each in news) == ["voucher.redeemed"] * 20 + ["voucher.refused"] * 20


async def test_figures_are_of_this_month(database: str, tmp_path: Path) -> None:
    """Given, redeemed and what it cost."""
    async with notifier(database, tmp_path, book(tmp_path)) as running:
        await given(running, "five", "m1", "m2", "m3")
        await redeemed(running, await code_of(running, "m1"))
        await running.pool.execute("update notifier.voucher set issued_at = 0 where message = 'm3'")

        (five,) = [each for each in (await running.http.get("/v1/offers")).json()["offers"] if each["key"] == "five"]

        assert (five["given"], five["redeemed"], five["cost"]) == (2, 1, "5.00")
        assert five["terms"]["kind"] == "amount"
