"""Posts a shop's history from a file, in the order of its time: `python -m services.ingest load`."""
