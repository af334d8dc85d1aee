"""Which addresses may be called: public ones, and those that the operator has named."""

import ipaddress
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Network = IPv4Network | IPv6Network

_NEVER: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments, among them a cloud's metadata (RFC 6890)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "168.63.129.16/32",  # a public address that is the host's own wire server inside one cloud
        "2001::/23",  # protocol assignments, among them Teredo, which holds an IPv4 address (RFC 4380)
        "2002::/16",  # 6to4 holds one, too (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All that IANA gives out. Mapped (RFC 4291), compatible, NAT64 (RFC 6052, 8215) and local addresses lie outside."""


class Guard:
    """Decides on addresses; `allowed` are networks that may be called although they are not public."""

    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    @property
    def allows_some(self) -> bool:
        """Whether any network is named."""
        return bool(self._allowed)

    def named(self, address: str) -> bool:
        """Whether the operator has allowed it by name."""
        found = _parsed(address)
        return any(found.version == network.version and found in network for network in self._allowed)

    def permits(self, address: str) -> bool:
        """Whether it may be called."""
        return self.named(address) or _public(_parsed(address))

    def refuses(self, host: str) -> bool:
        """Whether a host is an address that may not be called; what a name stands for is seen at the connection."""
        try:
            return not self.permits(host.strip("[]"))
        except ValueError:
            return False


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a setting such as `10.1.0.0/16, 127.0.0.1`. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def _parsed(address: str) -> IPv4Address | IPv6Address:
    return ipaddress.ip_address(address)


def _public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or address.scope_id is not None):
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address.version == network.version and address in network for network in _NEVER)
