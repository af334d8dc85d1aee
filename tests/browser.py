"""The browser in which tests look at pages; without one they are skipped, or fail where REQUIRE_BROWSER=1."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Browser

from demo import browser as found

NO_BROWSER: Final = "no browser: "


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A running browser of this machine."""
    path = found.path()
    if path is None:
        reason = f"none of {', '.join(found.NAMES)} is installed"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"REQUIRE_BROWSER=1, and there is no browser: {reason}", pytrace=False)
        pytest.skip(f"{NO_BROWSER}{reason}")
    async with found.browser(path) as running:
        yield running
