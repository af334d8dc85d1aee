"""The topics as they should be, made at the start where they are missing."""

from shared import events
from shared.log import Topic
from shared.settings import Settings


def topics(settings: Settings) -> list[Topic]:
    """Every topic; all are keyed by person and have the same number of lanes."""
    retention = {
        events.SHOP_EVENTS: settings.facts_retention_days,
        events.SHOP_PROFILES: settings.profiles_retention_days,
    }
    names = (
        events.SHOP_EVENTS,
        events.SHOP_PROFILES,
        events.LADDER_EVENTS,
        events.LADDER_INTERNAL,
        events.NOTIFIER_EVENTS,
        events.DEAD_LETTERS,
    )
    return [Topic(name, settings.lanes, retention.get(name)) for name in names]
