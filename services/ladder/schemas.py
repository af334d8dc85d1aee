"""OpenAPI's view of msgspec types: JSON Schemas with everything they name written out in place."""

from typing import Any, Final

import msgspec

from shared.http import PROBLEM

_REF: Final = "#/$defs/"

_PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type, without references."""
    (root,), parts = msgspec.json.schema_components([kind], ref_template=_REF + "{name}")
    resolved: dict[str, Any] = _resolve(root, parts)
    return resolved


def answer(kind: Any, description: str) -> dict[str, Any]:
    """How OpenAPI describes a JSON answer of this type."""
    return {"description": description, "content": {"application/json": {"schema": schema_of(kind)}}}


def problem(description: str) -> dict[str, Any]:
    """How OpenAPI describes an answer that is an error (RFC 9457)."""
    return {"description": description, "content": {PROBLEM: {"schema": _PROBLEM_SCHEMA}}}


def _resolve(node: Any, parts: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolve(each, parts) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolve(parts[node["$ref"].removeprefix(_REF)], parts)
    # A discriminator's mapping consists of references; `type` is a constant in each alternative anyway.
    return {name: _resolve(each, parts) for name, each in node.items() if name != "discriminator"}
