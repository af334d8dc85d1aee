"""Referral codes over HTTP, for the shop's checkout."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.notifier.referrals import codes
from services.notifier.sealed import typed_code
from shared.db import Pool
from shared.http import PROBLEM, Problem, needs

Code = Annotated[str, Path(max_length=100, pattern="^[^\x00]*$", description="As printed or as typed.")]


class ReferralCode(BaseModel):
    """Who refers others by this code: the `subject` of the `referral.made` to post."""

    code: str
    customer: str


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


def referrals(pool: Pool) -> APIRouter:
    """With a key."""
    router = APIRouter(
        tags=["offers"],
        responses={
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope"),
            422: _problem("Something of the request is not valid; `errors` says what"),
        },
    )

    @router.get(
        "/v1/referral-codes/{code}",
        dependencies=[needs("ladder:read")],
        responses={404: _problem("No mail has shown this code")},
    )
    async def get_referral_code(code: Code) -> ReferralCode:
        """Whose personal code this is."""
        typed = typed_code(code)
        async with pool.acquire() as connection:
            customer = await codes.owner(connection, typed)
        if customer is None:
            raise Problem(404, "unknown-referral-code", "There is no referral code like this")
        return ReferralCode(code=typed, customer=customer)

    return router
