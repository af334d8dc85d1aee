"""The notifier's own metrics."""

from prometheus_client import Counter

MESSAGES = Counter("loyalty_messages", "Messages that came into a state", ["play", "state"])
DELIVERIES = Counter("loyalty_deliveries", "Attempts to deliver to a subscription", ["outcome"])
