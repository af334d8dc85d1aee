"""`POST /v1/returns`: the mail server hands over what comes back to the return path."""

from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.notifier.asking.store import find_message
from services.notifier.consent.choosing import Choosing
from services.notifier.profile import address, newest_profile
from services.notifier.returns import store
from services.notifier.returns.path import messages_in
from services.notifier.returns.report import Kind, Report, read
from services.notifier.sealed import Link
from services.notifier.settings import NotifierSettings
from services.notifier.store import profiles_of
from shared.db import Pool
from shared.http import PROBLEM, Problem, needs

LARGEST: Final = 1_000_000
MAIL: Final = "application/octet-stream"
"""So the document says; any content type is taken."""


class Taken(BaseModel):
    """What was made of it; `kind` null: it is no report, and `message` null: it is about no message of ours."""

    kind: Kind | None
    message: str | None


class Returns:
    """Takes what comes back, in the database behind `pool`."""

    def __init__(self, pool: Pool, settings: NotifierSettings, secret: bytes) -> None:
        self._pool = pool
        self._lanes = settings.lanes
        self._secret = secret
        by_facts = settings.clock == "facts"
        self._choosing = Choosing(pool, settings.lanes, settings.mail_language, by_facts=by_facts)

    async def take(self, mail: bytes) -> Taken:
        """Keep what it says about the message that it names."""
        report, message_id = read(mail), next(messages_in(mail, self._secret), None)
        if report is None or message_id is None:
            return Taken(kind=None if report is None else report.kind, message=None)
        known = await self._keep(message_id, report)
        return Taken(kind=report.kind, message=message_id if known else None)

    async def _keep(self, message_id: str, report: Report) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            row = await find_message(connection, self._lanes, message_id)
            if row is None:
                return False
            lane, person = row["lane"], row["person"]
            if report.kind is not Kind.COMPLAINT:
                profiles = (await profiles_of(connection, [(lane, person)])).get((lane, person), ())
                to = address(newest_profile(profiles, None)) or ""
                await store.keep(connection, lane, message_id, person, to, report)
                await store.mark_bounced(connection, lane, message_id, report.detail)
                return True
        await self._choosing.object(Link(person, message_id))
        return True


def routes(returns: Returns) -> APIRouter:
    """The one route."""
    router = APIRouter(tags=["returns"])

    def problem(description: str) -> dict[str, Any]:
        return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}

    @router.post(
        "/v1/returns",
        dependencies=[needs("admin")],
        responses={
            401: problem("A valid API key is needed"),
            403: problem("The API key lacks the scope"),
            413: problem("Too large"),
        },
        openapi_extra={
            "requestBody": {"required": True, "content": {MAIL: {"schema": {"type": "string", "format": "binary"}}}}
        },
    )
    async def take_return(request: Request) -> Taken:
        """A delivery status (RFC 3464) or a complaint (RFC 5965), as the mail server got it; other mail is ignored."""
        mail = b""
        async for part in request.stream():
            mail += part
            if len(mail) > LARGEST:
                raise Problem(413, "too-large", f"A returned mail has at most {LARGEST} bytes")
        return await returns.take(mail)

    return router
