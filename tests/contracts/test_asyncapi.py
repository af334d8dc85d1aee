"""The AsyncAPI document, checked against AsyncAPI's own JSON Schema (npm `@asyncapi/specs` 6.11.1, Apache-2.0)."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from shared import asyncapi, events
from shared.settings import Settings
from shared.topics import topics

HERE = Path(__file__).parent
SCHEMA = HERE / "asyncapi" / "3.0.0.json"
KEPT = HERE.parents[1] / "docs" / "asyncapi.json"


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(SCHEMA.read_bytes()))


def test_the_document_is_what_asyncapi_wants(schema: jsonschema_rs.Validator) -> None:
    """As a whole, with all schemas of messages in it."""
    assert [str(error) for error in schema.iter_errors(asyncapi.document())] == []


@pytest.mark.parametrize("member", ["asyncapi", "info", "info.title", "operations.readLadderEvents.action"])
def test_the_schema_sees_what_is_missing(schema: jsonschema_rs.Validator, member: str) -> None:
    """A check that never fails would check nothing."""
    broken = copy.deepcopy(asyncapi.document())
    *path, last = member.split(".")
    node: Any = broken
    for name in path:
        node = node[name]
    del node[last]
    assert not schema.is_valid(broken)


def test_the_document_that_is_kept_is_the_generated_one() -> None:
    """`python -m shared.asyncapi > docs/asyncapi.json` after a change of messages."""
    assert KEPT.read_bytes() == asyncapi.written()


def test_every_topic_is_in_it() -> None:
    """But the one whose records are of no type."""
    assert set(asyncapi.TOPICS) == {topic.name for topic in topics(Settings())} - {events.DEAD_LETTERS}


@pytest.mark.parametrize("path", sorted(HERE.glob("*.json")), ids=lambda path: path.stem)
def test_samples_are_what_the_document_says(path: Path) -> None:
    """Whoever believes the document can read every message."""
    document = asyncapi.document()
    message = document["components"]["messages"][path.stem]
    schemas = document["components"]["schemas"]
    whole = {**message["payload"], "components": {"schemas": schemas}}
    assert [str(error) for error in jsonschema_rs.validator_for(whole).iter_errors(json.loads(path.read_bytes()))] == []
