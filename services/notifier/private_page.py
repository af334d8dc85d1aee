"""What all pages have in common that a person reaches from a mail: for whoever holds it, kept by nobody between."""

import base64
import hashlib
import re
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.notifier.mail import TEMPLATES
from shared.http import PROBLEM

Token = Annotated[str, Path(max_length=2_000)]
Shown = Annotated[Literal["de", "en"] | None, Query(description="Language of the page; without it the person's.")]
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def page(name: str) -> Template:
    """The template of this page; what is put into it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{name}.html.j2")


def private(html: str, status: int) -> HTMLResponse:
    """No script, nothing from elsewhere, in no frame; the address, which is a key, goes to nobody."""
    styles = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
        for style in _STYLE.findall(html)
    )
    policy = f"default-src 'none'; style-src {styles}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(
        html,
        status,
        {
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        },
    )


def shown_as_html(description: str) -> dict[str, Any]:
    """An answer that is a page, for the OpenAPI document."""
    return {"description": description, "content": {"text/html": {}}}


PRIVATE: Final[dict[int | str, dict[str, Any]]] = {
    404: shown_as_html("The link is none of ours"),
    422: {
        "description": "The link is too long to be one of ours, or the language is not spoken here",
        "content": {PROBLEM: {"schema": {"type": "object"}}},
    },
}
"""What every such page answers besides itself, for the OpenAPI document."""
