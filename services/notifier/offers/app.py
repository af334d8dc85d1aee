"""Offers over HTTP: vouchers and the shop's checkout, pools of partner codes, figures."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Request

from services.notifier.offers.answers import Loaded, OffersAnswer, Pools, Redeemed, Redeeming, VoucherAnswer
from services.notifier.offers.counter import Counter
from shared.http import PROBLEM, needs

_CSV: Final = {"schema": {"type": "string"}, "example": "code,valid_until\nTEA-4711,2027-12-31\n"}

Code = Annotated[str, Path(max_length=100, pattern="^[^\x00]*$", description="As printed or as typed.")]
PoolName = Annotated[str, Path(pattern="^[a-z0-9_]{1,60}$", description="As the offers of `offers.toml` name it.")]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


_UNKNOWN: Final = _problem("There is no voucher with this code; `reason` is `unknown`")
_NO_BODY: Final = _problem("The body cannot be read")


def offers(counter: Counter) -> APIRouter:
    """All of it, with a key."""
    router = APIRouter(
        tags=["offers"],
        responses={
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope"),
            422: _problem("Something of the request is not valid; `errors` says what"),
        },
    )
    _add_vouchers(router, counter)
    _add_pools(router, counter)

    @router.get("/v1/offers", dependencies=[needs("ladder:read")])
    async def get_offers() -> OffersAnswer:
        """The book of offers, and what was given, redeemed and withheld in this calendar month."""
        return await counter.offers()

    return router


def _add_vouchers(router: APIRouter, counter: Counter) -> None:
    @router.get("/v1/vouchers/{code}", dependencies=[needs("ladder:read")], responses={404: _UNKNOWN})
    async def get_voucher(code: Code) -> VoucherAnswer:
        """A voucher's terms, and whether it may be used now."""
        return await counter.voucher(code)

    @router.post(
        "/v1/vouchers/{code}/redeem",
        dependencies=[needs("events:write")],
        responses={
            400: _NO_BODY,
            404: _UNKNOWN,
            409: _problem("The voucher is not taken for this order; `reason` says why"),
        },
    )
    async def redeem_voucher(code: Code, order: Annotated[Redeeming, Body()]) -> Redeemed:
        """Let an order use a voucher, for the shop's checkout: one order gets it, and may ask again."""
        return await counter.redeem(code, order)

    @router.post("/v1/vouchers/{code}/withdraw", dependencies=[needs("admin")], responses={404: _UNKNOWN})
    async def withdraw_voucher(code: Code) -> VoucherAnswer:
        """Take a voucher back: no further order may use it."""
        return await counter.withdraw(code)


def _add_pools(router: APIRouter, counter: Counter) -> None:
    @router.get("/v1/pools", dependencies=[needs("ladder:read")])
    async def list_pools() -> Pools:
        """The pools of partner codes, and how many each has left."""
        return await counter.pools()

    @router.post(
        "/v1/pools/{pool}",
        dependencies=[needs("admin")],
        responses={413: _problem("The file is too large")},
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": _CSV, "text/plain": _CSV}}},
    )
    async def load_pool(pool: PoolName, request: Request) -> Loaded:
        """Put a CSV of partner codes into a pool; codes that are there already are passed over."""
        return await counter.load(pool, await request.body())
