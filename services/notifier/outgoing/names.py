"""Looking up host names, each at most once at a time: a name server that hangs holds up its own names only.

The system's look-up blocks its thread and cannot be cancelled. In the event loop's few threads some hanging names would
stop everybody.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host and port, the preferred one first. Raises OSError."""

THREADS: Final = 256
"""Names that may hang at a time; threads are made as they are needed."""


class Names:
    """The system's look-up."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "names")
        self._under_way: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> list[str]:
        """The addresses of a host, the preferred one first. Raises OSError."""
        place = (host, port)
        if place not in self._under_way:
            looking = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)
            self._under_way[place] = looking
            looking.add_done_callback(lambda _: self._under_way.pop(place, None))
        return await asyncio.shield(self._under_way[place])

    def close(self) -> None:
        """Look up nothing more; what hangs is left behind."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is too long for the name system
        raise OSError(f"{host} is no host name") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
