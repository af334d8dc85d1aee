"""The pages a person reaches from a mail, as a browser and those who cannot see them read them."""

from typing import Final

from axe_playwright_python.async_playwright import Axe

from services.notifier.consent import Ledger
from services.notifier.consent.choosing import Known, Outcome
from services.notifier.consent.pages import Pages
from services.notifier.message import Channel
from services.notifier.ratings.app import Outcome as Answered
from services.notifier.ratings.app import RatingPage
from services.notifier.ratings.rating import Thumb
from services.notifier.settings import NotifierSettings
from tests.browser import browser
from tests.make import day
from tests.unit.notifier.people import consent, objection

SERIOUS: Final = frozenset({"serious", "critical"})
KNOWN: Final = Known(
    Ledger((consent(), objection(day(1), "b", purpose="surveys"))), "anna@example.org", "de", Channel.EMAIL
)


def documents() -> dict[str, str]:
    """Of each page the state with the most on it, in one language each."""
    pages, rating = Pages(NotifierSettings()), RatingPage(NotifierSettings())
    shown = {
        "choose": pages.preferences("asked", KNOWN, "de"),
        "nothing": pages.preferences("unknown", None, "en"),
        "confirm": pages.confirmation(Outcome.OPEN, "Yes, write to me", "en"),
        "rate": rating.show(Answered.OPEN, Thumb.DOWN, "de"),
        "rated": rating.show(Answered.ANSWERED, Thumb.UP, "en"),
        "used": pages.confirmation(Outcome.USED, "", "de"),
    }
    return {name: bytes(response.body).decode() for name, response in shown.items()}


async def test_everybody_can_read_and_use_the_pages() -> None:
    """Axe finds no serious fault, and nothing is wider than a telephone."""
    async with browser() as running:
        page = await running.new_page(viewport={"width": 360, "height": 800})
        for name, document in documents().items():
            await page.set_content(document)
            found = await Axe().run(page)
            faults = [
                (fault["id"], node["target"])
                for fault in found.response["violations"]
                if fault["impact"] in SERIOUS
                for node in fault["nodes"]
            ]
            assert faults == [], name
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
