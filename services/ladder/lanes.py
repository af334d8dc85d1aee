"""How the ladder works on its lanes under given settings: rules, manner, handler, plan."""

from functools import partial

from services.ladder.core.rules import Rules, RulesError, load
from services.ladder.reading import Shop
from services.ladder.settings import LadderSettings
from services.ladder.turn import Manner
from services.ladder.worker import LadderLane
from shared import db
from shared.events import LADDER_INTERNAL, SHOP_EVENTS
from shared.instants import HOUR
from shared.lanes.session import Plan
from shared.lanes.store import LaneStore
from shared.log.partitioner import lane_of
from shared.settings import RefusedError, SettingsError

TOPICS = (SHOP_EVENTS, LADDER_INTERNAL)


def rules_of(settings: LadderSettings) -> Rules:
    """The rules this shop's persons are folded with. Raises SettingsError."""
    try:
        return load(
            settings.rules_file.read_bytes(),
            currency=settings.currency,
            exponent=settings.exponent,
            time_zone=settings.time_zone,
        )
    except OSError as error:
        raise SettingsError(f"RULES_FILE: {error.strerror}: {settings.rules_file}") from error
    except RulesError as error:
        raise SettingsError(f"RULES_FILE: {error}") from error


def manner_of(settings: LadderSettings, rules: Rules) -> Manner:
    """How batches are folded under these settings."""
    return Manner(
        rules=rules,
        lane_of=partial(lane_of, lanes=settings.lanes),
        by_facts=settings.clock == "facts",
        history=settings.historical,
        announce_within=settings.announce_within * HOUR,
    )


async def check_rules(pool: db.Pool, lanes: LaneStore, rules: Rules) -> None:
    """The standings must have been folded with these very rules. Raises RefusedError."""
    async with pool.acquire() as connection:
        folded_with = await lanes.meta(connection, "rules")
        if folded_with is None:
            await lanes.set_meta(connection, "rules", rules.digest)
        elif folded_with != rules.digest:
            raise RefusedError(
                "the rules, TIME_ZONE, CURRENCY or this program are not those the standings were folded with: "
                "run `python -m services.ladder refold`"
            )


def handler_of(settings: LadderSettings, rules: Rules, lane: int) -> LadderLane:
    """The ladder's side of a lane."""
    shop = Shop(settings.currency, settings.exponent, settings.lanes)
    share = settings.cached_persons // settings.lanes
    return LadderLane(lane, manner_of(settings, rules), shop, share)


def plan_of(settings: LadderSettings, rules: Rules) -> Plan:
    """How a worker works on the ladder's lanes."""
    return Plan(
        "ladder",
        TOPICS,
        partial(handler_of, settings, rules),
        batch_limit=settings.batch_limit,
        retain_outbox_days=settings.retain_announcements_days,
    )
