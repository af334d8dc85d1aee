"""Under CLOCK=facts time is a record too: a tick on every lane says that it has come so far."""

from shared import events, instants
from shared.log import Entry

SOURCE = "ingest"


def ticks(at: int, lanes: int) -> list[Entry]:
    """One tick of this instant for every lane; its id says which instant, so that repeating it changes nothing."""
    time = instants.text(at)
    tick = events.Tick(id=events.derived_id("clock.tick", SOURCE, time), source=SOURCE, time=time)
    value = events.encode(tick)
    return [Entry(events.SHOP_EVENTS, lane, None, value) for lane in range(lanes)]
