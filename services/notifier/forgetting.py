"""What the notifier need not remember for ever goes, a page of each lane at a time."""

from services.notifier import store
from shared.db import Connection


class Forgetting:
    """Remembers how far it has come in each lane; called now and then by whoever owns it."""

    def __init__(self) -> None:
        self._behind: dict[int, tuple[str, str]] = {}

    async def forget(self, connection: Connection, lane: int) -> None:
        """The next page of what was heard."""
        self._behind[lane] = await store.forget_heard(connection, lane, self._behind.get(lane, ("", "")))
