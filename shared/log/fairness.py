"""What one take gives of each topic."""

from collections.abc import Mapping


def share(backlog: Mapping[str, int], limit: int) -> dict[str, int]:
    """Divide `limit` among the topics that have something, so that a long one does not starve a short one."""
    shares: dict[str, int] = {}
    waiting = sorted((count, topic) for topic, count in backlog.items() if count > 0)
    for others, (count, topic) in zip(reversed(range(len(waiting))), waiting, strict=True):
        if own := min(count, -(-limit // (others + 1))):
            shares[topic] = own
            limit -= own
    return shares
