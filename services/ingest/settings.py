"""What ingest needs to know: the common settings are all of it."""

from shared.settings import Settings


class IngestSettings(Settings):
    """The settings of the ingest service."""
