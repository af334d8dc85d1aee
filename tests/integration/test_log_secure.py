"""The log on a Kafka with TLS and logins, as companies run it."""

import pytest

from shared.log import Entry, LogUnavailableError, Topic
from shared.log.choice import log_of
from shared.settings import Settings
from tests.kafka_broker import SecureKafka

FACTS = Topic("facts", lanes=2)


def settings(broker: SecureKafka, prefix: str, mechanism: str, password: str) -> Settings:
    """As an operator sets them."""
    return Settings.model_validate(
        {
            "kafka_bootstrap_servers": broker.secure_servers,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": mechanism,
            "kafka_sasl_username": broker.USER,
            "kafka_sasl_password": password,
            "kafka_ca_file": broker.certificate,
            "topic_prefix": prefix,
        }
    )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_records_go_through_tls_and_a_login(secure_kafka: SecureKafka, topic_prefix: str, mechanism: str) -> None:
    """What was appended is read back, with either way to log in."""
    log = log_of(settings(secure_kafka, topic_prefix, mechanism, SecureKafka.PASSWORD), None)
    await log.open([FACTS])
    await log.append([Entry("facts", 1, b"k", b"v")])
    reader = await log.reader(1, {"facts": 0})
    assert [record.value for record in await reader.take(10, 15)] == [b"v"]
    await reader.close()
    await log.close()


async def test_who_cannot_log_in_has_no_log(
    secure_kafka: SecureKafka, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With a wrong password nothing is opened, and the log lines say why."""
    log = log_of(settings(secure_kafka, topic_prefix, "PLAIN", "wrong"), None)
    with pytest.raises(LogUnavailableError):
        await log.open([FACTS])
    await log.close()
    assert "Authentication failed" in caplog.text
