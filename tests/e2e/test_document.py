"""All three programs in one process, asked whatever their OpenAPI document allows."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.e2e.deployment import REPLAY
from tests.make import posted_purchase
from tests.system import Program, client_of

SCHEMATHESIS = Path(sys.executable).with_name("st")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


async def test_nothing_the_document_allows_is_a_server_error(database: str, tmp_path: Path) -> None:
    """Schemathesis asks a running system that knows some people; every answer is one that the document tells of."""
    settings = {**REPLAY, "DATABASE_URL": database, "DATA_DIR": str(tmp_path)}
    async with Program("services", settings) as program, client_of(program) as client:
        await client.post([posted_purchase(subject="c1"), posted_purchase(subject="c2", order_id="o2")])
        await client.settled()
        ended = await asyncio.to_thread(asked, program.url)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert (await client.http.get(f"{program.url}/livez")).status_code == 200
        assert not any('"event": "http.failed"' in line for line in program.lines)


def asked(url: str) -> subprocess.CompletedProcess[str]:
    """The stream of announcements, which never ends, is left out."""
    options = ["--phases", "fuzzing", "--max-examples", "15", "--seed", "1"]
    only = ["--exclude-path-regex", "/stream$", "--checks", CHECKS, "--no-color"]
    command = [str(SCHEMATHESIS), "run", f"{url}/openapi.json", *options, *only]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=480)
