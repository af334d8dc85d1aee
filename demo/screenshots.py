"""`python -m demo.screenshots`: load the demo's history and take the pictures in `docs/page/` of the page anew."""

import asyncio
import sys
from typing import Final, Literal, NamedTuple

from demo.browser import NAMES, browser, path
from demo.history import history, write
from demo.story import TOP
from demo.system import ROOT, System, running

FOLDER: Final = ROOT / "docs" / "page"


class Picture(NamedTuple):
    """One picture: its file, the address, and how the reader's browser is set."""

    name: str
    address: str
    scheme: Literal["light", "dark"] = "light"
    language: str = "en"


def pictures(person: str) -> list[Picture]:
    """All of them; `person` is whose page is shown."""
    return [
        Picture("ladder", "/"),
        Picture("ladder-dark-de", "/", "dark", "de"),
        Picture("person", f"/person?id={person}"),
        Picture("at-risk", "/at-risk"),
        Picture("figures", "/figures?from=1997-03-01&to=1998-06-30"),
        Picture("rules", "/rules"),
    ]


async def take(system: System, executable: str, wanted: list[Picture]) -> None:
    """Take the pictures."""
    FOLDER.mkdir(exist_ok=True)
    async with browser(executable) as opened:
        for picture in wanted:
            page = await opened.new_page(
                base_url=system.url,
                color_scheme=picture.scheme,
                locale=picture.language,
                viewport={"width": 1200, "height": 860},
                reduced_motion="reduce",
            )
            await page.goto(picture.address)
            await page.screenshot(path=FOLDER / f"{picture.name}.png")
            await page.close()
            print(f"docs/page/{picture.name}.png")


def main() -> None:
    """Load the history as the demo does, and take the pictures."""
    executable = path()
    if executable is None:
        sys.exit(f"none of {', '.join(NAMES)} is installed")
    with running() as system:
        for day, _, happenings in history().chapters():
            file = system.folder / f"up-to-{day}.csv"
            write(file, happenings)
            system.load(file)
            system.settle("ladder")
        system.settle("ladder", "notifier")
        asyncio.run(take(system, executable, pictures(TOP)))


if __name__ == "__main__":
    main()
