"""The OpenAPI document of ingest's routes; the schemas come from `shared.events`, as the messages themselves do."""

from typing import Any, Final

import msgspec

from services.ingest.posting import BATCH, PLAIN, STRUCTURED
from services.ingest.readable import LARGEST_EVENT
from services.ingest.splitting import LARGEST_BATCH, LARGEST_BODY
from shared import events
from shared.events import LARGEST_AMOUNT
from shared.http import PROBLEM

_REF: Final = "#/components/schemas/"
_AMOUNT: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,13}(\.[0-9]+)?$"},
        {"type": "number", "minimum": 0, "maximum": LARGEST_AMOUNT},
    ]
}
_TIME: Final = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339 with a zone, at most a day ahead; filled in when missing",
}
_PLAIN: Final = "Plain"
_FILLED_IN: Final = frozenset({"id", "source", "specversion", "time"})


def schemas() -> dict[str, Any]:
    """Everything that the routes refer to, by name."""
    _, components = msgspec.json.schema_components(events.FACT_TYPES, ref_template=_REF + "{name}")
    cloud_events = {name: _adjusted(schema) for name, schema in components.items()}
    names = [fact.__name__ for fact in events.FACT_TYPES]
    plain = {name + _PLAIN: _plain(cloud_events[name]) for name in names}
    whole = {name: _whole(cloud_events[name]) for name in names}
    unions = {"Event": _any_of(names), "Event" + _PLAIN: _any_of([name + _PLAIN for name in names])}
    return {**cloud_events, **whole, **plain, **unions, **_ANSWERS}


def _adjusted(schema: Any) -> Any:
    """As ingest reads it: amounts also as numbers, and no field of the parser's own."""
    match schema:
        case {"type": "string", "format": "decimal"}:
            return _AMOUNT
        case dict():
            return {name: _adjusted(value) for name, value in schema.items() if name != "_at"}
        case list():
            return [_adjusted(value) for value in schema]
        case _:
            return schema


def _whole(schema: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent, of which only the time may be missing."""
    required = {*schema["required"], "specversion"} - {"time"}
    return {**schema, "properties": {**schema["properties"], "time": _TIME}, "required": sorted(required)}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    whole = _whole(schema)
    required = sorted(set(whole["required"]) - _FILLED_IN)
    return {**whole, "title": whole["title"] + _PLAIN, "required": required}


def _any_of(names: list[str]) -> dict[str, Any]:
    return {"anyOf": [_ref(name) for name in names]}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF + name}


def _some(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name), "minItems": 1, "maxItems": LARGEST_BATCH}


_FAULT: Final = {
    "type": "object",
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the body"},
        "detail": {"type": "string"},
    },
    "required": ["pointer", "detail"],
}
_RESULT: Final = {
    "type": "object",
    "properties": {
        "id": {"type": ["string", "null"]},
        "status": {"enum": ["accepted", "rejected"]},
        "error": _ref("Problem"),
        "repeatable": {"const": False, "description": "Posting this event again would make another fact"},
    },
    "required": ["id", "status"],
}
_RESULTS: Final = {
    "accepted": {"type": "integer", "minimum": 0},
    "rejected": {"type": "integer", "minimum": 0},
    "results": {"type": "array", "items": _ref("Result")},
}
_ANSWERS: Final = {
    "Fault": _FAULT,
    "Result": _RESULT,
    "Receipt": {"type": "object", "properties": _RESULTS, "required": list(_RESULTS)},
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": _ref("Fault")},
            **_RESULTS,
        },
        "required": ["type", "title"],
    },
}


def _problems(**said: str) -> dict[int | str, dict[str, Any]]:
    """Answers that are problems; the names of the arguments end in their status."""
    content = {PROBLEM: {"schema": _ref("Problem")}}
    return {int(name[1:]): {"description": text, "content": content} for name, text in said.items()}


def _answer(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _header(name: str, text: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": False, "description": text, "schema": {"type": "string"}}


POST_EVENTS: Final[dict[str, Any]] = {
    "summary": "Tell what happened",
    "description": (
        "The answer comes when it is durable; posting the same again is harmless. An event is a CloudEvent (structured,"
        " batched, or with its attributes in ce-* headers) or plain JSON, of which id, source, specversion and time "
        f"are filled in. At most {LARGEST_BODY} bytes, {LARGEST_BATCH} events, {LARGEST_EVENT} bytes an event."
    ),
    "responses": {
        202: _answer("At least one event was taken", _ref("Receipt")),
        **_problems(
            _400="The body is no JSON",
            _401="An API key is needed",
            _403="The API key lacks the scope events:write",
            _413="Too large, or too many events",
            _415="Another content type",
            _422="No event was taken",
            _503="The log cannot be reached; post the same again",
        ),
    },
    "openapi_extra": {
        "parameters": [
            _header("Idempotency-Key", "Tells one occasion from the next for events without id and time"),
            *(_header(f"ce-{name}", "Binary mode") for name in ("specversion", "id", "source", "type", "subject")),
        ],
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": _ref("Event")},
                BATCH: {"schema": _some("Event")},
                PLAIN: {"schema": {"anyOf": [_ref("EventPlain"), _some("EventPlain")]}},
            },
        },
    },
}

_CLOCK_TIME: Final = {
    "type": "object",
    "properties": {"to": {"type": "string", "format": "date-time"}},
    "required": ["to"],
}

POST_CLOCK: Final[dict[str, Any]] = {
    "summary": "Let time pass up to an instant, under CLOCK=facts",
    "responses": {
        202: _answer("Every lane has been told", _CLOCK_TIME),
        **_problems(
            _400="The body is no such JSON",
            _401="An API key is needed",
            _403="The API key lacks the scope events:write",
            _409="The programs run with CLOCK=wall",
            _413="Too large",
            _422="No such time, or more than a day in the future",
            _503="The log cannot be reached",
        ),
    },
    "openapi_extra": {"requestBody": {"required": True, "content": {PLAIN: {"schema": _CLOCK_TIME}}}},
}
