"""Which log a program uses: Kafka where it is named, else PostgreSQL."""

from shared.log import Log
from shared.log.postgres import PostgresLog
from shared.settings import Settings


def log_of(settings: Settings, dsn: str | None) -> Log:
    """The log, not yet open; `dsn` is needed for the one in PostgreSQL only."""
    if settings.kafka_bootstrap_servers is not None:
        from shared.log.kafka import KafkaLog

        password = settings.kafka_sasl_password
        return KafkaLog(
            settings.kafka_bootstrap_servers,
            security_protocol=settings.kafka_security_protocol,
            sasl_mechanism=settings.kafka_sasl_mechanism,
            sasl_username=settings.kafka_sasl_username,
            sasl_password=password.get_secret_value() if password else None,
            ca_file=settings.kafka_ca_file,
            topic_prefix=settings.topic_prefix,
        )
    assert dsn is not None
    return PostgresLog(dsn)
