"""The AsyncAPI 3.0 document of all topics, generated from the message types.

`python -m shared.asyncapi` writes it to standard output; docs/asyncapi.json is that, and a test compares them.
"""

import sys
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from shared import events
from shared.events import type_of
from shared.notices import NOTICE_TYPES

VERSION: Final = "0.1.0"
CONTENT_TYPE: Final = "application/cloudevents+json"
_REF: Final = "#/components/schemas/"

Kinds = tuple[type[msgspec.Struct], ...]

PERSONAL: Final[Kinds] = (events.ContactIdentified, events.ContactConsented, events.ContactObjected)
INTERNAL: Final[Kinds] = events.Internal.__args__
TOPICS: Final[dict[str, tuple[str, Kinds]]] = {
    events.SHOP_EVENTS: ("Facts, without personal data; ticks under CLOCK=facts", (*events.FACT_TYPES, events.Tick)),
    events.SHOP_PROFILES: ("Profiles, consents and objections with their evidence", PERSONAL),
    events.LADDER_EVENTS: ("Announcements; ticks under CLOCK=facts", (*events.ANNOUNCEMENT_TYPES, events.Tick)),
    events.LADDER_INTERNAL: ("What lanes tell each other about referrals; rungs given by hand", INTERNAL),
    events.NOTIFIER_EVENTS: ("What was sent, held back or failed; vouchers, perks, subscriptions", NOTICE_TYPES),
}
"""Each with what it is for and what is on it; dead.letters holds no messages of a declared type."""


def document() -> dict[str, Any]:
    """The whole document."""
    kinds = list(dict.fromkeys(kind for _, each in TOPICS.values() for kind in each))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Loyalty ladder",
            "version": VERSION,
            "description": "Topics on Kafka, keyed by the person's id; TOPIC_PREFIX goes before every name.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic: _channel(topic, *told) for topic, told in TOPICS.items()},
        "operations": {_name("read", topic): _operation(topic, kinds) for topic, (_, kinds) in TOPICS.items()},
        "components": {
            "messages": {type_of(kind): _message(kind) for kind in kinds},
            "schemas": _schemas(kinds),
        },
    }


def _channel(topic: str, description: str, kinds: Kinds) -> dict[str, Any]:
    messages = {type_of(kind): {"$ref": f"#/components/messages/{type_of(kind)}"} for kind in kinds}
    bindings = {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}}
    return {"address": topic, "description": description, "messages": messages, "bindings": bindings}


def _operation(topic: str, kinds: Kinds) -> dict[str, Any]:
    """As AsyncAPI has it, what an application of the described system does: it sends what others read."""
    messages = [{"$ref": f"#/channels/{topic}/messages/{type_of(kind)}"} for kind in kinds]
    return {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}, "messages": messages}


def _name(verb: str, topic: str) -> str:
    return verb + "".join(part.capitalize() for part in topic.split("."))


def _message(kind: type[msgspec.Struct]) -> dict[str, Any]:
    name = type_of(kind)
    key = {"type": "string", "description": "the subject, in UTF-8"}
    return {
        "name": name,
        "title": kind.__name__,
        "summary": (kind.__doc__ or name).strip(),
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": _REF + kind.__name__},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }


def _schemas(kinds: Iterable[type[msgspec.Struct]]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components(list(kinds), ref_template=_REF + "{name}")
    return {name: _as_on_the_wire(schema) for name, schema in sorted(components.items())}


def _as_on_the_wire(schema: Any) -> Any:
    """Without what the parser keeps for itself."""
    match schema:
        case dict():
            return {name: _as_on_the_wire(value) for name, value in schema.items() if name != "_at"}
        case list():
            return [_as_on_the_wire(value) for value in schema]
        case _:
            return schema


def written() -> bytes:
    """The document as it is kept in docs/asyncapi.json."""
    return msgspec.json.format(msgspec.json.encode(document(), order="deterministic"), indent=2) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(written())
