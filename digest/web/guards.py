"""Who may act: forms are sent from our own pages, or by a mail program's one click."""

from urllib.parse import urlsplit

from flask import abort, request

from digest.web.site import visit

_READS = frozenset(("GET", "HEAD", "OPTIONS"))


def check_origin() -> None:
    """Refuse a form that a browser sends from another site.

    A browser says where a form comes from: Origin, which is "null" for pages that hide their
    address, as ours with links do; then Sec-Fetch-Site. What says neither is no browser: a mail
    program's one click (RFC 8058), whose link is the proof.
    """
    if request.method in _READS:
        return
    origin = request.headers.get("Origin")
    fetched = request.headers.get("Sec-Fetch-Site")
    base = urlsplit(visit().house.links.base)
    ours = origin == f"{base.scheme}://{base.netloc}" and fetched in (None, "same-origin")
    hidden = origin == "null" and fetched == "same-origin"
    if not (ours or hidden or (origin is None and fetched is None)):
        abort(403)
