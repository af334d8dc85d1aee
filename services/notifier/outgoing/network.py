"""Connections to checked addresses. The address that is checked is the one that is connected to.

A check before the request would be worth nothing: the name may mean another address by the time of the connection.
"""

from collections.abc import Callable, Iterable
from typing import Any

import httpcore
from httpcore import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

from services.notifier.outgoing.names import Lookup


class ForbiddenAddressError(Exception):
    """The host's addresses are none that may be called."""


class GuardedNetwork(AsyncNetworkBackend):
    """Resolves names itself and connects to what `permits` says yes to."""

    def __init__(self, permits: Callable[[str], bool], look_up: Lookup) -> None:
        self._permits = permits
        self._look_up = look_up
        self._network = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """A connection to the first of the host's addresses that may be called and answers."""
        failure: Exception = ForbiddenAddressError(f"{host} is at no address that may be called")
        for address in await self._addresses(host, port):
            if self._permits(address):
                try:
                    return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failure = error
        raise failure

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            return await self._look_up(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known: {error}") from error

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)
