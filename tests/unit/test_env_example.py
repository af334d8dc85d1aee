"""`.env.example` names every setting there is, with its default and what it is for."""

import re
from pathlib import Path

from services.__main__ import AllSettings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_lists_every_setting_with_its_default_and_meaning() -> None:
    """Whoever reads the example knows all settings, and its text is the settings' own."""
    told = re.findall(r"^# (.+)\n#?([A-Z_]+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    fields = AllSettings.model_fields
    expected = {
        name.upper(): (field.description, "" if field.default is None else _shown(field.default))
        for name, field in fields.items()
    }
    assert {name: (meaning, default) for meaning, name, default in told} == expected


def _shown(default: object) -> str:
    """A default as it is written; paths inside the project are shown from its root."""
    _, inside, rest = str(default).partition("/services/")
    return f"services/{rest}" if inside else str(default)
