"""A real browser: Debian's Chromium or Chrome, found by its path, never downloaded."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER: Final = "no browser: "


def browser_path() -> str:
    """Where the browser is; without one the test is skipped, or failed where REQUIRE_BROWSER=1."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    reason = f"none of {', '.join(NAMES)} is installed"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"REQUIRE_BROWSER=1, and there is no browser: {reason}", pytrace=False)
    pytest.skip(f"{NO_BROWSER}{reason}")


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A running browser; as root and in containers it has no sandbox, and shows our own pages only."""
    path = browser_path()
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield running
        finally:
            await running.close()
