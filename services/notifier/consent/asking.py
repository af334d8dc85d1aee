"""Consents asked for over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from services.notifier.consent.answers import Consents, item, standing_of
from services.notifier.consent.basis import Asked, Basis, basis
from services.notifier.consent.confirmation.store import preferred
from services.notifier.consent.ledger import NOTHING
from services.notifier.consent.store import ledgers_of, uses
from services.notifier.measure.preference import first_permitted, order
from services.notifier.measure.rules import Measure
from services.notifier.message import Channel, Purpose, Reason
from services.notifier.profile import address, newest_profile
from services.notifier.store import profiles_of, time_of
from shared.db import Pool
from shared.http import PROBLEM, needs
from shared.log.partitioner import lane_of

Customer = Annotated[
    str, Path(min_length=1, max_length=200, pattern="^[^\x00]*$", description="The person's id in the shop.")
]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


def consents(pool: Pool, lanes: int, measure: Measure, *, by_facts: bool) -> APIRouter:
    """`/v1/customers/{id}/consents`."""
    router = APIRouter(tags=["notifier"])

    @router.get(
        "/v1/customers/{customer}/consents",
        dependencies=[needs("admin")],
        response_model_exclude_unset=True,
        responses={
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope"),
            422: _problem("A parameter is not valid; `errors` says which"),
        },
    )
    async def get_consents(customer: Customer) -> Consents:
        """On what somebody may be written to, and every consent and objection with its evidence.

        It holds personal data, so it needs the scope `admin`. Of somebody who is not known nothing permits advertising.
        """
        lane = lane_of(customer, lanes)
        place = (lane, customer)
        async with pool.acquire() as connection:
            ledger = (await ledgers_of(connection, [place])).get(place, NOTHING)
            profiles = (await profiles_of(connection, [place])).get(place, ())
            used = await uses(connection, lane, customer)
            chosen = (await preferred(connection, lane, [customer])).get(customer)
            until = await time_of(connection, lane, by_facts=True) if by_facts else None
        known = [each for each in ledger.statements if until is None or each.at <= until]
        profile = newest_profile(profiles, until)
        mailbox = address(profile)
        answer = Consents(
            customer=customer,
            standing=standing_of(ledger, mailbox, until),
            statements=[
                item(each, used.get(each.id, ())) for each in sorted(known, key=lambda one: one.order, reverse=True)
            ],
        )
        if chosen is not None:
            answer.preferred_channel = chosen

        def permitted(channel: Channel) -> Basis | Reason:
            to = mailbox if channel is Channel.EMAIL else None
            return basis(ledger, Asked(channel=channel, purpose=Purpose.MARKETING, address=to), until)

        first = first_permitted(order(chosen, profile, measure), permitted)
        if not isinstance(first, Reason):
            answer.by_preference = first[0]
        return answer

    return router
