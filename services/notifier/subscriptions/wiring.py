"""Wires subscriptions into the notifier's process."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import NamedTuple

from fastapi import APIRouter

from services.notifier.outgoing.addresses import Guard, networks
from services.notifier.outgoing.client import Client
from services.notifier.settings import NotifierSettings
from services.notifier.subscriptions.courier import Courier
from services.notifier.subscriptions.office import Office
from services.notifier.subscriptions.routes import routes
from shared.db import Pool


class Subscribing(NamedTuple):
    """What the process runs, serves, and calls when something was queued."""

    router: APIRouter
    run: Callable[[], Coroutine[None, None, None]]
    wake: Callable[[], None]


async def subscriptions(stack: AsyncExitStack, settings: NotifierSettings, work: Pool, asking: Pool) -> Subscribing:
    """The courier over `work` and the routes over `asking`; what they keep open is closed with the stack."""
    guard = Guard(networks(settings.outgoing_networks))
    client = Client(guard)
    stack.push_async_callback(client.close)
    more = asyncio.Event()
    by_facts = settings.clock == "facts"
    office = Office(asking, client, guard, settings.lanes, more.set, by_facts=by_facts)
    courier = Courier(work, client, more, settings.deliveries_retention_days)
    return Subscribing(routes(office), _idle if by_facts else courier.run, more.set)


async def _idle() -> None:
    """Under CLOCK=facts nothing leaves the house."""
