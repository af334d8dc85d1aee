"""The demo, as `make demo` runs it."""

import asyncio
import os
import re
import sys

from demo.system import FOLDER, ROOT

DEADLINE_SECONDS = 180
"""Far more than it takes, for machines that have much else to do."""


async def test_the_demo_shows_all_seven_rungs_one_life_and_one_mail_and_ends_as_promised() -> None:
    """Everything is loaded, shown and found to be as promised; the exit code is 0 and nothing is left behind."""
    before = leftovers()

    code, shown, told = await demo()

    assert code == 0, f"{shown}\n{told}"
    assert people_on_rungs(shown) == {7: 1, 6: 1, 5: 385, 4: 770, 3: 1208, 2: 1, 1: 3}
    assert "1997-10-11  ▲ rung 6 to 7, referral converted" in shown
    assert "List-Unsubscribe: <http://127.0.0.1:" in shown
    assert "0 refused, up to 1998-06-30" in told
    assert "\x1b" not in shown, "colours are for terminals"
    assert leftovers() == before


async def demo() -> tuple[int | None, str, str]:
    """(exit code, what was shown, what the loader told) of a run."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    environment.pop("KEEP", None)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "demo",
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            shown, told = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    return process.returncode, shown.decode(), told.decode()


def people_on_rungs(shown: str) -> dict[int, int]:
    """The people of each rung as they are drawn."""
    drawn = re.findall(r"^  (\d) \w+ .* ([\d,]+) people +[\d,.]+ EUR$", shown, re.MULTILINE)
    return {int(rung): int(people.replace(",", "")) for rung, people in drawn}


def leftovers() -> set[str]:
    """The data of runs that were not removed."""
    return {folder.name for folder in FOLDER.glob("run-*")}
