"""Measurements of speed and size on the machine at hand: `python -m benchmarks`."""
