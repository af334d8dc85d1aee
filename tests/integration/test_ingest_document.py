"""What ingest's OpenAPI document says is what ingest does."""

import asyncio
import subprocess
import sys
from pathlib import Path

from services.ingest.settings import IngestSettings
from tests.integration.ingest_http import ingest

SCHEMATHESIS = Path(sys.executable).with_name("st")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


async def test_whatever_the_document_allows_is_answered_as_it_says(database: str) -> None:
    """Schemathesis makes requests from the document, right ones and wrong ones; no answer is a 500 or a surprise."""
    async with ingest(database, IngestSettings(lanes=4, clock="facts")) as served:
        document = f"{served.client.base_url}/openapi.json"
        options = ["--phases", "fuzzing", "--max-examples", "60", "--seed", "1", "--include-path-regex", "^/v1/"]
        command = [str(SCHEMATHESIS), "run", document, "--checks", CHECKS, "--no-color", *options]
        ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
