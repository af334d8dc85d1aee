"""How the ladder works on its lanes under given settings: rules, manner, handler, plan."""

from functools import partial

from services.ladder.core.rules import Rules
from services.ladder.reading import Shop
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.opening import filed
from services.ladder.settings import LadderSettings
from services.ladder.turn import Manner
from services.ladder.worker import LadderLane
from shared.events import LADDER_INTERNAL, SHOP_EVENTS
from shared.instants import HOUR
from shared.lanes.session import Plan
from shared.log.partitioner import lane_of

TOPICS = (SHOP_EVENTS, LADDER_INTERNAL)


def rules_of(settings: LadderSettings) -> Rules:
    """The rules of RULES_FILE, which a new shop begins with. Raises SettingsError."""
    return filed(settings).rules


def manner_of(settings: LadderSettings, rules: Rules) -> Manner:
    """How batches are folded under these settings."""
    return Manner(
        rules=rules,
        lane_of=partial(lane_of, lanes=settings.lanes),
        by_facts=settings.clock == "facts",
        history=settings.historical,
        announce_within=settings.announce_within * HOUR,
        page=max(1, settings.batch_limit // 10),
    )


def handler_of(settings: LadderSettings, book: Book, lane: int) -> LadderLane:
    """The ladder's side of a lane."""
    shop = Shop(settings.currency, settings.exponent, settings.lanes)
    share = settings.cached_persons // settings.lanes
    return LadderLane(lane, manner_of(settings, book.rules), shop, share, book)


def plan_of(settings: LadderSettings, book: Book) -> Plan:
    """How a worker works on the ladder's lanes."""
    return Plan(
        "ladder",
        TOPICS,
        partial(handler_of, settings, book),
        batch_limit=settings.batch_limit,
        retain_outbox_days=settings.retain_announcements_days,
    )
