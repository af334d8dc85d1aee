"""Settings: from the environment, secrets from files, a bad one is one clear line."""

from pathlib import Path

import pytest

from services.__main__ import AllSettings
from shared.settings import SettingsError, describe, load


def test_a_secret_may_be_the_content_of_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NAME_FILE stands for NAME, without the line's end."""
    secret = tmp_path / "dsn"
    secret.write_text("postgresql://u:p@h/d\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(secret))
    dsn = load(AllSettings).database_url
    assert dsn is not None
    assert dsn.get_secret_value() == "postgresql://u:p@h/d"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says which setting and which file."""
    monkeypatch.setenv("DATABASE_URL_FILE", "/nowhere/dsn")
    with pytest.raises(SettingsError, match=r"^DATABASE_URL_FILE: No such file or directory: /nowhere/dsn$"):
        load(AllSettings)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PORT", "many", "PORT: Input should be a valid integer"),
        ("CLOCK", "sun", "CLOCK: Input should be 'wall' or 'facts'"),
        ("CURRENCY", "XXY", "CURRENCY: XXY is no ISO 4217 currency"),
        ("TIME_ZONE", "Mars/Olympus", "TIME_ZONE: Mars/Olympus is no IANA time zone"),
        ("HOST", "192.0.2.1", "HOST: without API_KEYS_FILE the programs listen on loopback only"),
        ("SIMULATE", "1", "SIMULATE: works with CLOCK=facts only"),
        ("TOPIC_PREFIX", "a b", "TOPIC_PREFIX: String should match pattern"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    """No traceback, no riddle."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load(AllSettings)
    assert str(refused.value).startswith(line)
    assert "\n" not in str(refused.value)


def test_the_effective_settings_hide_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What --check-config prints can be shown to anybody."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hidden@h/d")
    monkeypatch.setenv("LANES", "16")
    told = describe(load(AllSettings))
    assert "LANES=16" in told.splitlines()
    assert "hidden" not in told
