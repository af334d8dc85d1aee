"""The curl lines of the documents are run as they stand, on the whole system in one process."""

import asyncio
import re
from pathlib import Path

from tests.system import ROOT, Program, client_of

DOCUMENTS = (
    "README.md",
    "docs/messages.md",
    "docs/subscriptions.md",
    "docs/offers.md",
    "docs/content.md",
    "docs/experiments.md",
    "docs/estimates.md",
    "docs/figures.md",
    "docs/rules.md",
    "docs/consent.md",
    "docs/measure.md",
    "docs/tasks.md",
    "docs/channels.md",
    "docs/plays.md",
    "docs/preview.md",
    "docs/page.md",
)
BASE = "http://127.0.0.1:8000"
ENDED_BY_US = 28
"""curl's exit code when --max-time is over: a stream has no end."""


def commands(document: str) -> list[str]:
    """The blocks of a document that begin with curl, line by line where each line is a command."""
    blocks = re.findall(r"```sh\n(curl .*?)\n```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    return [command for block in blocks for command in re.split(r"\n(?=curl )", block)]


async def run(command: str) -> tuple[int, str]:
    """(exit code, output) of a command line."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_every_curl_line_of_the_documents_works(folder: Path) -> None:
    """A reader may copy any of them."""
    data = folder / "documents"
    async with Program("services", {"DATA_DIR": str(data)}) as system, client_of(system) as client:
        for command in (command for document in DOCUMENTS for command in commands(document)):
            endless = command.startswith("curl -N")
            limited = command.replace("curl -N", "curl -N --max-time 1") if endless else command
            code, output = await run(limited.replace(BASE, system.url))
            assert code == (ENDED_BY_US if endless else 0), f"{command}\n{output}"
            await client.settled()
        told = (await client.http.get(f"{system.url}/v1/customers/c1")).json()
        assert (told["rung"]["number"], told["totals"]["spent"]) == (4, "68.90")
