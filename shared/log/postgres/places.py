"""What this process knows of the lanes: which topics there are, where each lane ends, who waits for it to grow."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from shared.log import Topic


class Place(NamedTuple):
    """A lane of a topic, by the topic's id in the database."""

    topic: int
    lane: int


class Places:
    """The opened topics and the ends of their lanes as last heard; an end is never ahead of the truth."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._lanes: dict[str, int] = {}
        self._ends: dict[Place, int] = {}
        self._watchers: dict[Place, set[asyncio.Event]] = {}

    def opened(self, topic: Topic, topic_id: int) -> None:
        """The topic can be read and appended to."""
        self._ids[topic.name] = topic_id
        self._lanes[topic.name] = topic.lanes

    def find(self, topic: str, lane: int) -> Place:
        """Where that is. Raises ValueError for a topic that was not opened or a lane that it does not have."""
        if not 0 <= lane < self._lanes.get(topic, 0):
            raise ValueError(f"topic {topic} was not opened with a lane {lane}")
        return Place(self._ids[topic], lane)

    def topic_ids(self) -> list[int]:
        """All opened topics."""
        return list(self._ids.values())

    def end(self, place: Place) -> int:
        """The offset behind the last record that was heard of."""
        return self._ends.get(place, 0)

    def heard(self, place: Place, end: int) -> None:
        """The lane has records before `end`; wakes those who wait for more. Old news change nothing."""
        if end > self._ends.get(place, 0):
            self._ends[place] = end
            for watcher in self._watchers.get(place, ()):
                watcher.set()

    def watch(self, places: Iterable[Place], watcher: asyncio.Event) -> None:
        """Set the event whenever one of these lanes has grown."""
        for place in places:
            self._watchers.setdefault(place, set()).add(watcher)

    def unwatch(self, places: Iterable[Place], watcher: asyncio.Event) -> None:
        """Stop setting it."""
        for place in places:
            self._watchers.get(place, set()).discard(watcher)
