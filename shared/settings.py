"""Settings come from the environment; each program adds its own to the common ones here.

A secret may also be given as the path of a file that holds it: `SMTP_URL_FILE` for `SMTP_URL`, as containers mount
them. A bad setting is one line that names it.
"""

import os
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from iso4217 import Currency
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(ValueError):
    """A setting is wrong; the text is one line for the operator."""


class RefusedError(RuntimeError):
    """The settings do not agree with what is stored; the text is one line for the operator."""


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads `NAME_FILE` for every secret NAME."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{field_name.upper()}_FILE")
        if path is None or SecretStr not in getattr(field.annotation, "__args__", (field.annotation,)):
            return None, field_name, False
        try:
            return Path(path).read_text("utf-8").strip(), field_name, False
        except OSError as error:
            raise SettingsError(f"{field_name.upper()}_FILE: {error.strerror}: {path}") from error

    def __call__(self) -> dict[str, Any]:
        read = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in read.items() if value is not None}


class Settings(BaseSettings):
    """What every program needs to know."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on; other than loopback needs API_KEYS_FILE.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(default=Path("data"), description="Where the embedded PostgreSQL and the Maildir live.")
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL, as postgresql://user:password@host/name; unset: the embedded one."
    )
    lanes: int = Field(default=8, ge=1, le=1024, description="Lanes of the keyed topics; cannot be changed later.")
    clock: Literal["wall", "facts"] = Field(
        default="wall", description="wall: now is now. facts: time is told by the facts."
    )
    simulate: bool = Field(
        default=False, description="With CLOCK=facts: the notifier works as if lived, nothing leaves."
    )
    currency: str = Field(default="EUR", description="The shop's currency, ISO 4217.")
    time_zone: str = Field(default="UTC", description="The shop's time zone, IANA name; purchase days are days in it.")
    api_keys_file: Path | None = Field(
        default=None, description="Hashes of API keys, made by `python -m services.keys new`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )

    kafka_bootstrap_servers: str | None = Field(default=None, description="host:port,…; unset: the log in PostgreSQL.")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How to talk to Kafka."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How to log in to Kafka."
    )
    kafka_sasl_username: str | None = Field(default=None, description="Who logs in to Kafka.")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="The password for it.")
    kafka_ca_file: Path | None = Field(default=None, description="Certificates to trust; unset: the system's.")
    topic_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]*$", description="Put before every topic's name.")
    facts_retention_days: int | None = Field(
        default=None, ge=1, description="How long shop.events is kept; unset: for ever."
    )
    profiles_retention_days: int = Field(default=7, ge=1, description="How long shop.profiles is kept.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the environment is the only place
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by NAME_FILE
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then files of secrets."""
        return init_settings, env_settings, _SecretFiles(settings_cls)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str) -> str:
        try:
            return str(Currency(code).code)
        except ValueError as error:
            raise ValueError(f"{code} is no ISO 4217 currency") from error

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name} is no IANA time zone")
        return name

    @model_validator(mode="after")
    def _strangers_need_keys(self) -> Self:
        if self.host not in LOOPBACK and self.api_keys_file is None:
            raise ValueError("HOST: without API_KEYS_FILE the programs listen on loopback only")
        return self

    @model_validator(mode="after")
    def _simulation_needs_its_clock(self) -> Self:
        if self.simulate and self.clock == "wall":
            raise ValueError("SIMULATE: works with CLOCK=facts only")
        return self

    @property
    def exponent(self) -> int:
        """Decimal digits of the shop's currency: 2 for EUR, 0 for JPY."""
        return int(Currency(self.currency).exponent or 0)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def historical(self) -> bool:
        """Whether everything that is told now is history: a load, and no simulation."""
        return self.clock == "facts" and not self.simulate


AnySettings = TypeVar("AnySettings", bound=Settings)
HttpUrl = AnyHttpUrl


def load(kind: type[AnySettings]) -> AnySettings:
    """The settings from the environment. Raises SettingsError, one line for each fault."""
    try:
        return kind()
    except ValidationError as invalid:
        raise SettingsError("; ".join(_line(fault) for fault in invalid.errors())) from invalid


def _line(fault: Any) -> str:
    name = ".".join(str(part) for part in fault["loc"]).upper()
    message = fault["msg"].removeprefix("Value error, ")
    return f"{name}: {message}" if name else message


def describe(settings: Settings) -> str:
    """The effective settings, one `NAME=value` a line, secrets hidden."""
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    return "\n".join(f"{name.upper()}={'' if value is None else value}" for name, value in values.items())
