"""Who may act: forms are sent from our own pages, or by a mail program's one click."""

import hashlib
import hmac
from datetime import timedelta
from ipaddress import ip_address, ip_network

from flask import abort, request

from digest.web.site import origin as our_origin
from digest.web.site import visit

_SIX = 6  # the version of addresses
_READS = frozenset(("GET", "HEAD", "OPTIONS"))


def check_origin() -> None:
    """Refuse a form that a browser sends from another site.

    A browser says where a form comes from: Origin, which is "null" for pages that hide their
    address, as ours with links do; then Sec-Fetch-Site. Older browsers do not say the latter: then
    the link is the proof, which no other site knows, and for who subscribes it is the mailbox. What
    says neither is no browser: a mail program's one click (RFC 8058), whose link is the proof too.
    """
    if request.method in _READS:
        return
    origin = request.headers.get("Origin")
    fetched = request.headers.get("Sec-Fetch-Site")
    ours = origin == our_origin() and fetched in (None, "same-origin")
    proven = "token" in (request.view_args or {}) or request.blueprint == "subscribe"
    hidden = origin == "null" and (fetched == "same-origin" or (fetched is None and proven))
    if not (ours or hidden or (origin is None and fetched is None)):
        abort(403)


def allow(action: str, most: int, per: timedelta) -> None:
    """Count what a visitor does, and refuse it where it was done too often; for POST only.

    Args:
        action: what is done.
        most: how many times it may be done.
        per: for how long, from the first time on.
    """
    here = visit()
    if not here.house.store.limits.take(_bucket(action), here.now, most, per):
        abort(429)


def _bucket(action: str) -> str:
    """An action of a visitor; of its address only a hash is kept, made with the house's secret.

    IPv6 visitors have networks of 2^64 addresses each, and are one visitor for all of them.
    """
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        who = "unknown"
    else:
        plain = getattr(address, "ipv4_mapped", None) or address
        size = 64 if plain.version == _SIX else plain.max_prefixlen
        who = str(ip_network((plain, size), strict=False))
    secret = visit().house.store.identity().encode()
    return hmac.new(secret, f"{action} {who}".encode(), hashlib.sha256).hexdigest()
