"""Addresses of services and feeds: read as the connections read them, and shown without keys."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from digest.intake.failing import RefusedError
from digest.intake.turns import LONGEST_HOLD

_LONGEST = 8_000


def prepared(url: str, params: Mapping[str, str] | None = None) -> str:
    """The whole address, as it is sent.

    Raises:
        RefusedError: it is no address of the web.
    """
    try:
        target = requests.Request("GET", url, params=params).prepare().url or ""
        if _parts(target).scheme in ("http", "https") and len(target) <= _LONGEST:
            return target
    except (requests.RequestException, ValueError) as error:
        raise RefusedError("no address of the web") from error
    raise RefusedError("no address of the web")


def _parts(url: str) -> Url:
    """An address in its parts, read as the connections read it.

    Raises:
        RefusedError: it is none.
    """
    try:
        return parse_url(url)
    except LocationParseError as error:
        raise RefusedError("no address of the web") from error


def host_of(url: str) -> str:
    """The host of an address, in small letters and without brackets."""
    return (_parts(url).host or "").strip("[]").rstrip(".").lower()


def origin_of(url: str) -> tuple[str | None, str, int | None]:
    """Whom an address belongs to: scheme, host and port together."""
    found = _parts(url)
    return found.scheme, host_of(url), found.port


def names_somebody(url: str) -> bool:
    """Whether an address holds a user's name or a password."""
    return _parts(url).auth is not None


def shown(url: str) -> str:
    """An address for people: without a query, a user's name or a password, which may be keys."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def leads_to(url: str, location: str) -> str:
    """Where a redirect from `url` leads.

    Raises:
        RefusedError: to no web address, from https to http, or to one with a user's name in it.
    """
    try:
        target = urljoin(url, location.encode("latin-1", "replace").decode("utf-8", "replace"))
        target = prepared(target)
    except (RefusedError, ValueError) as error:
        raise RefusedError("redirected to something that is no web address") from error
    found = _parts(target)
    if found.auth is not None and found.auth != _parts(url).auth:
        raise RefusedError("redirected to an address with a user's name in it")
    if url.startswith("https:") and found.scheme != "https":
        raise RefusedError("redirected from https to http")
    return target


def seconds_named(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header: a number or a date, at most a day."""
    if not value:
        return None
    try:
        seconds = float(value)
        if not math.isfinite(seconds):
            return None
    except ValueError:
        try:
            named = parsedate_to_datetime(value)
            seconds = (named.replace(tzinfo=named.tzinfo or UTC) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_HOLD)
