"""Log-in and log-out, and the files that pages are made with: what is open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.ladder.page import access as ways
from services.ladder.page.access import HOURS, Access
from services.ladder.page.frame import HEADERS, asset, shown
from shared.http import Problem

To = Annotated[str, Query(max_length=4_000)]


def add(routes: APIRouter, access: Access) -> None:
    """Add these pages."""

    @routes.get("/page/{name}")
    async def get_asset(name: str) -> Response:
        return asset(name)

    @routes.get("/login")
    async def ask_for_key(request: Request, to: To = "/") -> Response:
        return shown(request, "login.html.j2", to=ways.inside(to), hours=HOURS, fault=None)

    @routes.post("/login")
    async def log_in(request: Request) -> Response:
        try:
            fields = await ways.form(request)
        except Problem as problem:
            if problem.status != 403:
                raise
            return shown(request, "login.html.j2", status=403, to="/", hours=HOURS, fault="login.foreign")
        to = ways.inside(fields.get("to", "/"))
        response = RedirectResponse(to, 303, HEADERS)
        if await access.let_in(request, response, fields.get("key", "").strip()):
            return response
        return shown(request, "login.html.j2", status=403, to=to, hours=HOURS, fault="login.wrong")

    @routes.post("/logout")
    async def log_out(request: Request) -> Response:
        await ways.form(request)
        response = RedirectResponse("/", 303, HEADERS)
        ways.log_out(request, response)
        return response
