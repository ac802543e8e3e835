"""Every key: the field that it fills, and how its text is read and checked."""

import difflib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from digest.config.sources import (
    address_of_service,
    arxiv_categories,
    feeds,
    fields,
    openalex_works,
    private_hosts,
)
from digest.errors import UsageError
from digest.grammar.address import parse_address
from digest.grammar.dial import parse_dial
from digest.grammar.interests import parse_interest
from digest.grammar.manner import parse_quiet, parse_yes
from digest.grammar.schedule import parse_date, parse_hour, parse_weekdays, parse_zone
from digest.grammar.threshold import parse_threshold
from digest.links import MOST_BASE

INTEREST_PREFIX = "DIGEST_INTEREST_"
SECRETS = frozenset(("DIGEST_OPENALEX_KEY", "DIGEST_SMTP_PASSWORD", "DIGEST_ZOTERO_KEY"))
# The services are the files of their folder; nothing is imported to know their names.
SERVICES = tuple(
    module.name
    for module in pkgutil.iter_modules([str(Path(__file__).parents[1] / "sources" / "services")])
)
RANKERS = tuple(
    module.name
    for module in pkgutil.iter_modules([str(Path(__file__).parents[1] / "ranking" / "kinds")])
)
DEFAULT_RANKER = "terms"  # it needs nothing but what is installed with us
_DATABASES = "write sqlite:///papers.db or postgresql://user@host/name"


def _word(text: str) -> str:
    """A name that goes over the wire: ASCII without spaces."""
    word = text.strip()
    if not word.isascii() or not word.isprintable() or " " in word:
        raise UsageError(f"{text!r} holds a sign that cannot be sent: write plain letters")
    return word


def _host(text: str) -> str:
    host = _word(text).rstrip(".")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*|\[?[0-9a-fA-F:]+\]?", host):
        raise UsageError(f"{text!r} is no host's name; the port goes into DIGEST_SMTP_PORT")
    return host


def _password(text: str) -> str:
    """A password; app passwords are shown with spaces that are not what they seem."""
    password = text.strip().replace("\u00a0", " ")
    if not password.isascii():
        raise UsageError("it holds a letter that cannot be sent")
    return password


def _number(low: float, high: float, *, whole: bool = True) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise UsageError(f"{text!r} is no number from {low:g} to {high:g}")
        return value

    return read


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        value = text.strip().lower()
        if value not in allowed:
            near = difflib.get_close_matches(value, allowed, 1)
            hint = f": did you mean {near[0]}?" if near else f": choose {' or '.join(allowed)}"
            raise UsageError(f"{value!r} is not known here{hint}")
        return value

    return read


def _choices(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    one = _choice(*allowed)

    def read(text: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(one(word) for word in text.split(",") if word.strip()))
        if not found:
            raise UsageError(f"it names nothing: choose of {', '.join(allowed)}")
        return found

    return read


def _liked(text: str) -> tuple[str, ...]:
    items = ", ".join(f"like:{word}" for word in re.split(r"[,\s]+", text.strip()) if word)
    return parse_interest("liked", items).liked


def _path(text: str) -> Path:
    return Path(text.strip()).expanduser()


def _paths(text: str) -> tuple[Path, ...]:
    """Files of different names: each is known by its name alone."""
    paths = tuple(dict.fromkeys(_path(one) for one in text.split(",") if one.strip()))
    first: dict[str, Path] = {}
    for path in paths:
        other = first.setdefault(path.name, path)
        if other != path:
            raise UsageError(
                f"{other} and {path} have the same name: rename one of them, or name a link to it"
            )
    return paths


def _zotero(text: str) -> str:
    library = text.strip().strip("/")
    if not re.fullmatch(r"(?:users|groups)/\d{1,12}", library, re.ASCII):
        raise UsageError(f"{text!r} is no Zotero library: write users/12345 or groups/67890")
    return library


def _zotero_key(text: str) -> str:
    key = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", key):
        raise UsageError("it holds more than letters and digits")
    return key


def _base_url(text: str) -> str:
    """The address of the pages; plain http only for this machine alone."""
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(f"{text!r} has no host or port that can be reached") from None
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        raise UsageError(f"{text!r} is no address of pages: write https://digest.example.org")
    if parts.query or parts.fragment or parts.username or not parts.path.isascii():
        raise UsageError(f"{text!r}: write scheme, host and path alone, in ASCII")
    if parts.scheme == "http" and not (host == "localhost" or _loopback(host)):
        raise UsageError(
            f"{text!r} is not encrypted, and whoever sees a link can use it: write https://"
        )
    # As browsers write it where they say which page a form comes from.
    shown = f"[{ip_address(host)}]" if ":" in host else host
    usual = port in (None, {"http": 80, "https": 443}[parts.scheme])
    url = f"{parts.scheme}://{shown}{'' if usual else f':{port}'}{parts.path}"
    if len(url) > MOST_BASE:
        raise UsageError(
            f"{text!r} has {len(url)} characters; with more than {MOST_BASE} the links made from "
            "it would not stand on one line of a mail's head"
        )
    return url


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def listening(text: str) -> tuple[str, int]:
    """Where to listen: `8080` (on this machine alone), `0.0.0.0:8080` or `[::]:8080`.

    Raises:
        UsageError: saying what it should look like.
    """
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    number = int(port) if re.fullmatch(r"[0-9]{1,5}", port) else -1
    try:
        ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:  # noqa: PLR2004 - ports
        raise UsageError(f"{text!r} is no place to listen: write 8080 or 127.0.0.1:8080")
    return host, number


def _proxy(text: str) -> str:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        raise UsageError(f"{text!r} is no address of a proxy: write 127.0.0.1") from None


def _file(text: str) -> Path:
    path = _path(text)
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    return path


def _folder(text: str) -> Path:
    path = _path(text)
    if not path.is_dir():
        raise UsageError(f"there is no folder {path}: make it, or take the line out")
    return path


def database_url(text: str) -> str:
    """A database address; a plain path means a SQLite file.

    Raises:
        UsageError: for the address of anything but SQLite and PostgreSQL.
    """
    text = text.strip()
    scheme, parted, _ = text.partition("://")
    if not parted:
        if "//" in text:
            raise UsageError(f"{text!r} is neither a file nor an address: {_DATABASES}")
        return f"sqlite:///{Path(text).expanduser()}"
    if scheme.partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
        raise UsageError(f"{scheme!r} is no database known here: {_DATABASES}")
    return text


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: the field it fills, and how its text is read."""

    field: str
    read: Callable[[str], Any]


KEYS: Mapping[str, Key] = {
    "DIGEST_ADDRESS": Key("address", parse_address),
    "DIGEST_KEYWORDS": Key("keywords", lambda text: parse_interest("keywords", text)),
    "DIGEST_LIKED": Key("liked", _liked),
    "DIGEST_HOUR": Key("minute", parse_hour),
    "DIGEST_ZONE": Key("zone", parse_zone),
    "DIGEST_WEEKDAYS": Key("weekdays", parse_weekdays),
    "DIGEST_PAUSE_UNTIL": Key("paused_until", parse_date),
    "DIGEST_LIMIT": Key("limit", _number(1, 100)),
    "DIGEST_TREND": Key("dial", parse_dial),
    "DIGEST_QUIET": Key("quiet", parse_quiet),
    "DIGEST_ABSTRACTS": Key("abstracts", parse_yes),
    "DIGEST_DAYS": Key("days", _number(1, 30)),
    "DIGEST_THRESHOLD": Key("threshold", parse_threshold),
    "DIGEST_RANKER": Key("ranker", _choice(*RANKERS)),
    "DIGEST_SOURCES": Key("named_sources", _choices(*SERVICES)),
    "DIGEST_ARXIV_CATEGORIES": Key("arxiv_categories", arxiv_categories),
    "DIGEST_ARXIV_FEED": Key("arxiv_feed", address_of_service),
    "DIGEST_ARXIV_API": Key("arxiv_api", address_of_service),
    "DIGEST_ARXIV_OAI": Key("arxiv_oai", address_of_service),
    "DIGEST_HUGGINGFACE": Key("huggingface", address_of_service),
    "DIGEST_BIORXIV_CATEGORIES": Key("biorxiv_categories", fields),
    "DIGEST_MEDRXIV_CATEGORIES": Key("medrxiv_categories", fields),
    "DIGEST_BIORXIV": Key("biorxiv", address_of_service),
    "DIGEST_FEEDS": Key("feeds", feeds),
    "DIGEST_PRIVATE_HOSTS": Key("private_hosts", private_hosts),
    "DIGEST_OPENALEX_WORKS": Key("openalex_works", openalex_works),
    "DIGEST_OPENALEX_KEY": Key("openalex_key", _word),
    "DIGEST_OPENALEX": Key("openalex", address_of_service),
    "DIGEST_BIBTEX": Key("bibtex", _paths),
    "DIGEST_ZOTERO": Key("zotero", _zotero),
    "DIGEST_ZOTERO_KEY": Key("zotero_key", _zotero_key),
    "DIGEST_ZOTERO_API": Key("zotero_api", address_of_service),
    "DIGEST_BASE_URL": Key("base_url", _base_url),
    "DIGEST_WEB": Key("web", listening),
    "DIGEST_WEB_PROXY": Key("web_proxy", _proxy),
    "DIGEST_SUBSCRIBE": Key("subscribe", _choice("open", "invite", "closed")),
    "DIGEST_SIGNUPS_PER_HOUR": Key("signups_per_hour", _number(1, 100_000)),
    "DIGEST_DATABASE": Key("database", database_url),
    "DIGEST_OUTBOX": Key("outbox", _path),
    "DIGEST_SMTP_HOST": Key("smtp_host", _host),
    "DIGEST_SMTP_PORT": Key("smtp_port", _number(1, 65535)),
    "DIGEST_SMTP_SECURITY": Key("smtp_security", _choice("starttls", "tls")),
    "DIGEST_SMTP_USER": Key("smtp_user", _word),
    "DIGEST_SMTP_PASSWORD": Key("smtp_password", _password),
    "DIGEST_SMTP_CA_FILE": Key("smtp_ca_file", _file),
    "DIGEST_SMTP_CONNECTIONS": Key("smtp_connections", _number(1, 20)),
    "DIGEST_SMTP_PER_CONNECTION": Key("smtp_per_connection", _number(1, 100_000)),
    "DIGEST_SMTP_PER_MINUTE": Key("smtp_per_minute", _number(1, 100_000)),
    "DIGEST_FROM": Key("sender", parse_address),
    "DIGEST_OWNER": Key("owner", parse_address),
    "DIGEST_TEMPLATES": Key("templates", _folder),
    "DIGEST_LOG": Key("log", _path),
}


def is_known(key: str) -> bool:
    """Whether a key is one of ours."""
    if key.startswith(INTEREST_PREFIX):
        return bool(re.fullmatch(r"\w*[^\W_]\w*", key.removeprefix(INTEREST_PREFIX)))
    return key in KEYS


def unknown(key: str) -> str:
    """What to say of a key that is not."""
    names = [*KEYS, INTEREST_PREFIX + "NAME"]
    near = difflib.get_close_matches(key.upper(), names, 1, 0.5)
    hint = f": did you mean {near[0]}?" if near else "; config.example.env lists every key"
    return f"unknown key {key}{hint}"


def interest_name(key: str) -> str:
    """The interest that a key names."""
    return key.removeprefix(INTEREST_PREFIX).replace("_", " ").strip().lower()
