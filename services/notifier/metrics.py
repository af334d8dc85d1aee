"""The notifier's own metrics."""

from prometheus_client import Counter

MESSAGES = Counter("loyalty_messages", "Messages that came into a state", ["play", "state"])
