"""The log in PostgreSQL: durable, and all that a shop of middling size needs."""

from shared.log.postgres.log import PostgresLog as PostgresLog
