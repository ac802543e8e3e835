"""Which addresses are everybody's: what others name may lead nowhere else.

The special ranges are IANA's registries of IPv4 and IPv6 special-purpose addresses, kept here so
that the answer does not change with the version of Python.
"""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, and "unspecified"
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a provider's NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: where clouds keep their secrets
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols: Teredo and others
        "2001:db8::/32",
        "2002::/16",  # 6to4: a tunnel to an IPv4 address
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # how a network without IPv4 reaches what has only that
# Ends that are nobody's in public: reserved, or never given to anyone since networks use them.
_PRIVATE_ENDS = (
    ".localhost", ".local", ".localdomain", ".internal", ".intranet", ".private", ".lan", ".home",
    ".home.arpa", ".corp",
)  # fmt: skip


def is_public(written: str) -> bool:
    """Whether an address, in digits as a resolver gives it, lies outside of private networks."""
    address = ip_address(written.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is None:
            return address in _PUBLIC_6 and not any(address in one for one in _NOT_PUBLIC_6)
        address = inner
    return not any(address in network for network in _NOT_PUBLIC_4)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is meant, where one is reached by way of IPv6."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


def names_private(host: str) -> bool:
    """Whether a host that is not resolved here says by itself that it is no public one.

    Also in the ways that a resolver would read: 127.1, 0x7f000001, 2130706433.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name.endswith(_PRIVATE_ENDS):
        return True
    try:
        return not is_public(name)
    except ValueError:
        pass
    try:
        return not is_public(socket.inet_ntoa(socket.inet_aton(name)))
    except (OSError, ValueError):
        return "." not in name  # no public host is called by one word, such as localhost
