"""The ladder's own settings."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import HttpUrl, Settings


class LadderSettings(Settings):
    """What the ladder needs to know besides the common settings."""

    rules_file: Path = Field(
        default=Path(__file__).with_name("rules.toml"), description="The thresholds of rungs, phases and churn."
    )
    announce_within: int = Field(
        default=24, ge=1, description="Hours; what is recorded later than this after its time is historical."
    )
    retain_announcements_days: int = Field(
        default=90, ge=1, description="How long the feed of announcements goes back."
    )
    batch_limit: int = Field(default=2_000, ge=1, description="Records in one transaction at most.")
    cached_persons: int = Field(default=100_000, ge=0, description="Standings that a process keeps at hand.")
    notifier_url: HttpUrl | None = Field(
        default=None, description="Where the page finds the notifier; unset: in the same process, if it runs there."
    )
    notifier_key: SecretStr | None = Field(
        default=None, description="The key for it, with the scope ladder:read; admin to replay its letters."
    )
