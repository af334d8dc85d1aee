"""The page for operations in a real browser, over part of CDNOW replayed and a few invented people."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from shared import db, instants
from shared.events import PurchaseCompleted
from shared.http import new_key
from tests.browser import browser
from tests.conftest import fresh_database
from tests.e2e.deployment import REPLAY, body
from tests.make import RULES_TOML
from tests.system import Client, Program, client_of
from tests.until import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE: Final = "../a/b?c#\"'><script>document.title='taken'</script>&amp;\u202eünï%2F\\"
"""An id that whoever forgets to escape stumbles over."""
LIVELY: Final = "lively"
SERIOUS: Final = {"serious", "critical"}
PAGES: Final = (
    "/",
    "/live",
    "/people",
    "/at-risk",
    "/figures",
    "/worth",
    "/what-if",
    "/plays",
    "/rules",
    "/health",
    f"/person?id={LIVELY}",
)


class Shown(NamedTuple):
    """A running system, its client, and a browser that looks at it."""

    url: str
    client: Client
    browser: Browser
    end: int
    """The newest fact's instant."""
    server: str
    """The DSN of the database server."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown(
    postgres_dsn_server: str, some: list[PurchaseCompleted], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shown]:
    """The whole system in one process, with its people; all tests of this file look at the same one."""
    folder = tmp_path_factory.mktemp("page")
    async with browser() as running, fresh_database(postgres_dsn_server) as dsn:
        settings = {**REPLAY, "DATABASE_URL": dsn, "DATA_DIR": str(folder), "LANES": "4"}
        async with Program("services", settings) as program, client_of(program) as client:
            for start in range(0, len(some), 500):
                await client.http.post(
                    f"{program.url}/v1/events", content=body(some[start : start + 500]), headers=JSON
                )
            await client.post(invented(some[-1].at))
            await client.settled()
            yield Shown(program.url, client, running, some[-1].at, postgres_dsn_server)
            assert not any('"event": "page.failed"' in line for line in program.lines)


JSON: Final = {"Content-Type": "application/json"}


def invented(now: int) -> list[dict[str, Any]]:
    """People who have everything that a page can show, at the end of the history."""
    time = instants.text(now)
    order = {"amount": "12.50", "currency": "EUR"}
    return [
        event("contact.identified", HOSTILE, time, source="<b>newsletter</b>"),
        event("purchase.completed", HOSTILE, time, order_id="<i>\"o'1</i>", **order),
        event("contact.complained", LIVELY, time, reason="<img src=x onerror=alert(1)>"),
        event("purchase.completed", LIVELY, time, order_id="1", **order),
        event("purchase.completed", LIVELY, time, order_id="2", **order),
        event("membership.started", LIVELY, time, programme="gold"),
        event("referral.made", LIVELY, time, code="friend"),
    ]


def event(type_: str, subject: str, time: str, **data: Any) -> dict[str, Any]:
    return {"type": type_, "subject": subject, "time": time, "id": f"{type_}-{len(data)}-{data}", "data": data}


@pytest_asyncio.fixture(loop_scope="module")
async def page(shown: Shown) -> AsyncIterator[Page]:
    """A page in the browser in which nothing goes wrong unseen: no script error, no refused resource."""
    faults: list[str] = []
    context = await shown.browser.new_context(
        base_url=shown.url, locale="en-GB", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(10_000)
    opened = await context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield opened
    await context.close()
    assert faults == []


async def test_the_ladder_shows_everybody_on_seven_rungs(shown: Shown, page: Page) -> None:
    """The picture's numbers are those of /v1/ladder, and a rung leads to the people on it."""
    told = await shown.client.ask("/v1/ladder")
    await page.goto("/")

    numbers = await page.locator("svg.ladder .people").all_text_contents()
    assert [int(number.replace(",", "")) for number in numbers] == [rung["people"] for rung in told["rungs"]][::-1]
    await page.get_by_role("link", name="4 Customer").click()
    await expect(page.get_by_role("row")).to_have_count(min(told["rungs"][3]["people"], 50) + 1)


async def test_an_announcement_appears_the_moment_it_is_true(shown: Shown, page: Page) -> None:
    """A new person's first step appears without reloading, and the picture counts them."""
    await page.goto("/")
    await expect(page.get_by_text("Connected")).to_be_visible()
    before = await page.locator("[data-picture] > p:first-child").inner_text()
    time = instants.text(shown.end + instants.SECOND)
    await shown.client.post([event("contact.identified", "just-come", time, source="fair")])

    await expect(page.locator("li", has_text="just-come").first).to_be_visible(timeout=20_000)
    await expect(page.locator("[data-picture] > p:first-child")).not_to_have_text(before, timeout=20_000)


async def test_a_person_is_told_whole(shown: Shown, page: Page) -> None:
    """Found by id: rung, what is missing, the curve with its deadlines, and what happened with the reasons."""
    await page.goto("/")
    await page.get_by_label("Person's id").fill(LIVELY)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Person {LIVELY}")
    await expect(page.locator(".big")).to_contain_text("Rung 6, Advocate")
    await expect(page.get_by_text("3 converted referrals within 365 days (there: 0)")).to_be_visible()
    worth = await shown.client.ask(f"/v1/customers/{LIVELY}/value")
    await expect(page.locator("dt:text-is('Net value') + dd")).to_have_text(f"€{worth['net_value']}")
    await expect(page.locator("svg.curve path")).to_have_count(1)
    assert {"at risk", "silent", "now"} <= set(await page.locator("svg.curve text").all_text_contents())
    timeline = page.locator(".timeline li")
    await expect(timeline.filter(has_text="rose to Advocate")).to_have_count(1)
    await expect(timeline.filter(has_text="reason <img src=x onerror=alert(1)>")).to_have_count(1)
    await expect(page.locator(".timeline .message")).not_to_have_count(0)


async def test_an_id_may_hold_anything(page: Page) -> None:
    """Markup, slashes, quotes and signs that turn the writing around are text like any other."""
    await page.goto("/people")
    await page.get_by_role("textbox", name="Person's id").fill(HOSTILE[:8])
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("row")).to_have_count(2)
    await page.locator("tbody a").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Person {HOSTILE}")
    assert await page.title() != "taken"
    assert (await page.goto(f"/person?id={quote(HOSTILE, safe='')}")).status == 200  # type: ignore[union-attr]


async def test_those_at_risk_are_shown_in_the_order_of_what_is_at_stake(shown: Shown, page: Page) -> None:
    """As /v1/customers puts them in order, with the money that is at stake."""

    async def made() -> bool:
        answer = await shown.client.http.get(f"{shown.url}/v1/ladder/estimates")
        return answer.status_code == 200 and bool(answer.json()["all"]["people"])

    await until(made, 30)
    await page.goto("/at-risk")
    told = await shown.client.ask("/v1/customers", sort="at_stake", stage="degeneration", limit="50")
    assert await page.locator("tbody th").all_text_contents() == [each["customer"] for each in told["items"]]
    first = told["items"][0]["value"]["at_stake"]
    assert await page.locator("tbody td").first.text_content() == f"€{float(first):,.2f}"
    await page.goto("/worth")
    await expect(page.get_by_role("row", name="4 Customer")).to_be_visible()


async def test_what_if_is_asked_by_a_form(shown: Shown, page: Page) -> None:
    """As /v1/ladder/what-if answers, with the warning that people on a higher rung differ already."""
    told = await shown.client.ask("/v1/ladder/what-if", rung="4", share="0.25", effect="0.5")
    await page.goto("/what-if")
    await page.get_by_label("Who moves up").select_option("4")
    await page.get_by_label("So many of them").fill("25")
    await page.get_by_role("button", name="Work it out").click()
    row = page.get_by_role("row", name="4 Customer")
    await expect(row.locator("td").nth(1)).to_have_text(str(told["rungs"][0]["people"]))
    await expect(row.locator("td").nth(2)).to_have_text(f"€{float(told['rungs'][0]['gain']['expected']):,.2f}")
    await expect(page.get_by_text("differ already from those below")).to_be_visible()
    await expect(page.get_by_label("Effect as measured by").locator("option")).to_have_text(
        ["no play: as assumed", "win_back"]
    )


async def test_figures_are_drawn_and_told(shown: Shown, page: Page) -> None:
    """Those of /v1/kpis, by both definitions; the flows of a week stand at the rungs."""
    told = await shown.client.ask("/v1/kpis")
    await page.goto("/figures")
    row = page.get_by_role("row", name="Average order value").first
    expected = [f"€{float(told[each]['average_order_value']):,.2f}" for each in ("simple", "cohort")]
    assert await row.locator("td").all_text_contents() == expected
    await expect(page.locator("figure svg path")).not_to_have_count(0)
    await page.get_by_label("From", exact=True).fill("1998-01-01")
    await page.get_by_label("To", exact=True).fill("1998-03-31")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("region", name="On each rung").get_by_role("row", name="4 Customer")).to_be_visible()
    flows = await shown.client.ask("/v1/ladder/flows", **{"from": "1998-01-01", "to": "1998-03-31"})
    worth = page.get_by_role("region", name="What the rungs were worth").get_by_role("row", name="4 Customer")
    await expect(worth.locator("td").last).to_have_text(f"€{float(flows['rungs'][3]['value']['net']):,.2f}")
    await expect(page.get_by_role("region", name="By source").get_by_role("row")).not_to_have_count(1)
    await page.goto("/")
    await expect(page.locator("svg.ladder .flow")).to_have_count(14)


async def test_plays_are_shown_with_their_results(shown: Shown, page: Page) -> None:
    """As the notifier tells them: one on trial with its groups and verdict, the others by name."""
    told = await shown.client.ask("/v1/plays/win_back/result")
    await page.goto("/plays")
    play = page.locator("section", has=page.get_by_role("heading", name="win_back"))
    await expect(play.get_by_role("row", name="Treated")).to_contain_text(str(told["treated"]["people"]))
    await expect(play.get_by_text("It is too early to say.")).to_be_visible()
    await expect(page.get_by_role("heading", name="thank_you")).to_be_visible()


async def test_a_draft_of_the_rules_is_tried_out_by_a_form(shown: Shown, page: Page) -> None:
    """Without a script, beginning with the rules in force: it tells what /v1/rules/preview answers."""
    one, two = (f'enter = {{ measure = "purchases", at_least = {least} }}' for least in (1, 2))
    draft = RULES_TOML.read_text().replace(one, two)
    answer = await shown.client.http.post(f"{shown.url}/v1/rules/preview", content=draft)
    told = json.loads(answer.text.splitlines()[-1])["result"]
    await page.goto("/rules")
    await expect(page.get_by_label("The draft")).to_have_value(RULES_TOML.read_text())
    await page.get_by_label("The draft").fill(draft)
    await page.get_by_role("button", name="Try it out").click()

    await expect(page.get_by_text(f"{told['moved']:,} of them would stand elsewhere")).to_be_visible(timeout=60_000)
    await expect(page.locator("progress:visible")).to_have_count(0)
    rows = page.get_by_role("region", name="Rungs, from and to").get_by_role("row")
    await expect(rows).to_have_count(len({move["from"] for move in told["rungs"]}) + 1)
    type_, number = next(iter(told["announcements"].items()))
    await expect(page.get_by_role("row", name=type_).locator("td")).to_have_text(f"{number:,}")
    assert await serious(page) == []


async def test_it_speaks_german_and_english(page: Page) -> None:
    """The switch changes the language and is remembered; the browser's wish decides before."""
    await page.goto("/rules")
    await expect(page.get_by_role("heading", level=1)).to_have_text("The rules")
    await page.get_by_role("link", name="Deutsch").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Die Regeln")
    await page.get_by_role("link", name="Leiter", exact=True).click()
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await expect(page.locator("svg.ladder .rung").first).to_have_text("7 Begeisterter Fan")


async def test_an_admin_replays_what_could_not_be_read(shown: Shown, tmp_path: Path) -> None:
    """Logged in with a key: letters of both services and a person whose facts wait, each with a button that works."""
    secret, key = new_key("anna", ["admin"])
    keys = tmp_path / "keys.jsonl"
    keys.write_bytes(msgspec.json.encode(key) + b"\n")
    told = event("contact.identified", "lost-one", instants.text(shown.end), source="fair")
    record = msgspec.json.encode({**told, "specversion": "1.0", "source": "shop"})
    async with fresh_database(shown.server) as dsn:
        settings = {**REPLAY, "DATABASE_URL": dsn, "DATA_DIR": str(tmp_path), "LANES": "4", "API_KEYS_FILE": str(keys)}
        async with Program("services", settings) as program, await db.pool(dsn, size=1, name="test") as admin:
            for schema in ("ladder", "notifier"):
                await admin.execute(
                    f"insert into {schema}.dead_letter values (0, 'shop.events', 7, 'not read', '/data', $1, $2)",
                    shown.end,
                    record,
                )
            await admin.execute("insert into ladder.parked values (0, 'p', $1, 'ValueError()', '', 1)", 1 << 62)
            context = await shown.browser.new_context(base_url=program.url, locale="en-GB")
            page = await context.new_page()
            await page.goto("/health")
            await page.get_by_label("API key").fill(secret)
            await page.get_by_role("button", name="Log in").click()
            await expect(page.get_by_role("button", name="Try again now")).to_be_visible()
            assert await serious(page) == []
            for service in ("ladder", "notifier"):
                region = page.get_by_role("region", name=f"Dead letters of the {service}")
                await region.get_by_role("button", name="Replay: shop.events 0/7").click()
                await expect(page.get_by_text("1 record is on the log again.")).to_be_visible()
                await expect(region).to_have_count(0)
            await until(lambda: admin.fetchval("select 1 from ladder.standing where person = 'lost-one'"), 60)
            await context.close()


async def serious(page: Page) -> list[tuple[Any, ...]]:
    """The serious faults that axe finds on the page as it stands."""
    found = await Axe().run(page)
    return [
        (fault["id"], node["target"], node.get("failureSummary"))
        for fault in found.response["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_fault(page: Page, scheme: Any) -> None:
    """On every page, by day and by night."""
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path in PAGES:
        await page.goto(path)
        assert await serious(page) == [], path


async def test_the_keyboard_reaches_the_content_first(shown: Shown, page: Page) -> None:
    """The first stop leads past the navigation, and a rung is reached and opened with keys alone."""
    await page.goto("/")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{shown.url}/people?rung=7")
