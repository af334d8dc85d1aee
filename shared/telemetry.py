"""Logs as JSON lines without personal data, and the metrics that every program shares."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram

LAG = Gauge("loyalty_lag_records", "Records not yet processed, unpublished messages and persons due", ["service"])
BATCH_SIZE = Histogram(
    "loyalty_batch_records", "Records in one transaction", ["service"], buckets=(1, 10, 100, 500, 1000, 5000, 10000)
)
TRANSACTION_SECONDS = Histogram("loyalty_transaction_seconds", "From taking a batch to its commit", ["service"])
FENCED = Counter("loyalty_fenced_total", "Lanes lost to another worker in the middle of work", ["service"])
DUPLICATES = Counter("loyalty_duplicates_total", "Records that had been processed before", ["service"])
DEAD_LETTERS = Counter("loyalty_dead_letters_total", "Records that could not be read", ["service"])
PARKED = Gauge("loyalty_parked_facts", "Facts that wait behind one on which the fold failed", ["service"])
OLDEST_OUTBOX_SECONDS = Gauge("loyalty_oldest_outbox_seconds", "Age of the oldest unpublished message", ["service"])
LANES_OWNED = Gauge("loyalty_lanes_owned", "Lanes that this process owns", ["service"])


class _Seldom(logging.Filter):
    """Lets aiokafka say the same thing once a minute: it tells of every failed attempt to connect, several a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        recent = record.created < self._said.get(record.msg, 0.0) + 60
        if not recent:
            self._said[record.msg] = record.created
        return not recent


def configure_logging(level: str) -> None:
    """Write every log line, also those of libraries, as one JSON object to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("alembic", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    handler.addFilter(_Seldom())
