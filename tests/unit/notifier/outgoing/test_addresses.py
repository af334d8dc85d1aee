"""Which addresses may be called."""

import pytest

from services.notifier.outgoing.addresses import Guard, networks
from services.notifier.outgoing.client import checked_url

INSIDE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("100.64.0.1", "100.100.100.200", "169.254.169.254", "169.254.0.1", "168.63.129.16", "192.0.0.192", "192.0.2.1"),
    *("198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "::8.8.8.8", "::ffff:169.254.169.254"),
    *("64:ff9b::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001::1"),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:20::1", "3fff::1", "100::1", "5f00::1"),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "172.15.0.1", "172.32.0.1", "2606:4700:4700::1111", "2a01:4f8::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_or_hides_another_address_is_never_called(address: str) -> None:
    """Private, loopback, link-local, metadata, documentation, and every way to write one address in another."""
    assert not Guard().permits(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    """Of both kinds; none of them is named."""
    assert Guard().permits(address)
    assert not Guard().named(address)


def test_the_operator_may_name_networks() -> None:
    """Those and no others; a mapped address is not the address that it holds."""
    guard = Guard(networks("10.1.0.0/16, 127.0.0.1,fd00::/8"))
    assert all(guard.permits(address) for address in ("10.1.2.3", "127.0.0.1", "fd12::1", "8.8.8.8"))
    assert not any(guard.permits(address) for address in ("10.2.0.1", "127.0.0.2", "::ffff:127.0.0.1", "::1"))


def test_a_setting_that_names_no_network_is_refused() -> None:
    """Also one with bits behind the mask: it does not say what is meant."""
    for text in ("localhost", "10.0.0.1/8", "1.2.3"):
        with pytest.raises(ValueError):
            networks(text)
    assert networks("") == ()


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "ftp://a.example/", "https://", "https:///x", "https://a:b@x.example/", "https://x.example/#a"),
        *("https://x.example:99999/", "https://x.example:0/", "https://[::1", "javascript:alert(1)", "https://x y/"),
    ],
)
def test_what_is_no_url_to_call_is_refused(url: str) -> None:
    """Before anything is kept."""
    with pytest.raises(ValueError):
        checked_url(url)


def test_a_url_is_kept_as_it_is_called() -> None:
    """Host names in ASCII, the rest percent-encoded."""
    assert checked_url("https://Bücher.example/ä?b=c") == "https://xn--bcher-kva.example/%C3%A4?b=c"
