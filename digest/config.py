"""The configuration: read from `config.env` and the environment, checked, frozen.

One table, `KEYS`, names every key with its reader and its default; `config.example.env`
documents the same keys, and a test holds the two together.
"""

import difflib
import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv.parser import parse_stream

from digest.errors import ConfigError, UsageError
from digest.grammar.address import parse_address
from digest.grammar.interests import parse_interest
from digest.grammar.schedule import parse_hour, parse_weekdays, parse_zone
from digest.model import Interest, Schedule

DEFAULT_FILE = "config.env"
INTEREST_PREFIX = "DIGEST_INTEREST_"
# In the environment these are no settings: the first names the file, the second serves the tests.
_NOT_SETTINGS = frozenset({"DIGEST_CONFIG", "DIGEST_SHARED"})


def _word(text: str) -> str:
    """A name that goes over the wire: ASCII without spaces."""
    word = text.strip()
    if not word.isascii() or not word.isprintable() or " " in word:
        raise UsageError(f"{text!r} holds a sign that cannot be sent: write plain letters")
    return word


def _host(text: str) -> str:
    host = _word(text).rstrip(".")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*|\[?[0-9a-fA-F:]+\]?", host):
        raise UsageError(f"{text!r} is no host's name")
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
            raise UsageError(f"{text!r} is not known here{hint}")
        return value

    return read


def _choices(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    one = _choice(*allowed)
    return lambda text: tuple(dict.fromkeys(one(word) for word in text.split(",") if word.strip()))


def _categories(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(word for word in re.split(r"[,\s+]+", text.strip()) if word))
    for category in found:
        if not re.fullmatch(r"[a-z][a-z-]*(?:\.[A-Za-z-]{2,20})?", category):
            raise UsageError(f"{category!r} is no arXiv category: write them like cs.LG, stat.ML")
    return found


def _liked(text: str) -> tuple[str, ...]:
    items = ", ".join(f"like:{word}" for word in re.split(r"[,\s]+", text.strip()) if word)
    return parse_interest("liked", items).liked


def _path(text: str) -> Path:
    return Path(text.strip()).expanduser()


def _address_of_service(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{text!r} is no http(s) address")
    return text.strip().rstrip("/")


def database_url(text: str) -> str:
    """A database address; a plain path means a SQLite file."""
    text = text.strip()
    return text if "://" in text else f"sqlite:///{Path(text).expanduser()}"


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: the field it fills, and how its text is read."""

    field: str
    read: Callable[[str], Any]


KEYS: Mapping[str, Key] = {
    "DIGEST_ADDRESS": Key("address", parse_address),
    "DIGEST_KEYWORDS": Key("keywords", lambda text: parse_interest("interests", text)),
    "DIGEST_LIKED": Key("liked", _liked),
    "DIGEST_HOUR": Key("minute", parse_hour),
    "DIGEST_ZONE": Key("zone", parse_zone),
    "DIGEST_WEEKDAYS": Key("weekdays", parse_weekdays),
    "DIGEST_LIMIT": Key("limit", _number(1, 100)),
    "DIGEST_DAYS": Key("days", _number(1, 30)),
    "DIGEST_THRESHOLD": Key("threshold", _number(0, 1, whole=False)),
    "DIGEST_SOURCES": Key("sources", _choices("arxiv", "huggingface")),
    "DIGEST_ARXIV_CATEGORIES": Key("arxiv_categories", _categories),
    "DIGEST_ARXIV_FEED": Key("arxiv_feed", _address_of_service),
    "DIGEST_ARXIV_API": Key("arxiv_api", _address_of_service),
    "DIGEST_HUGGINGFACE": Key("huggingface", _address_of_service),
    "DIGEST_DATABASE": Key("database", database_url),
    "DIGEST_OUTBOX": Key("outbox", _path),
    "DIGEST_SMTP_HOST": Key("smtp_host", _host),
    "DIGEST_SMTP_PORT": Key("smtp_port", _number(1, 65535)),
    "DIGEST_SMTP_SECURITY": Key("smtp_security", _choice("starttls", "tls")),
    "DIGEST_SMTP_USER": Key("smtp_user", _word),
    "DIGEST_SMTP_PASSWORD": Key("smtp_password", _password),
    "DIGEST_SMTP_CA_FILE": Key("smtp_ca_file", _path),
    "DIGEST_FROM": Key("sender", parse_address),
    "DIGEST_OWNER": Key("owner", parse_address),
    "DIGEST_LOG": Key("log", _path),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, checked. None means: not set, and the code has its own default.

    `minute` counts from local midnight; `days` is how many days a paper stays a candidate;
    `threshold` is the least score of a pick (see docs/configuration.md).
    """

    address: str | None = None
    keywords: Interest | None = None
    liked: tuple[str, ...] = ()
    interests: tuple[Interest, ...] = ()
    minute: int = 7 * 60
    zone: str = "UTC"
    weekdays: frozenset[int] = frozenset(range(7))
    limit: int = 10
    days: int = 3
    threshold: float = 0.02
    sources: tuple[str, ...] = ("arxiv", "huggingface")
    arxiv_categories: tuple[str, ...] = ("cs.LG", "cs.CL", "cs.CV", "cs.AI", "stat.ML")
    arxiv_feed: str = "https://rss.arxiv.org/atom"
    arxiv_api: str = "https://export.arxiv.org/api/query"
    huggingface: str = "https://huggingface.co/api/daily_papers"
    database: str | None = None
    outbox: Path | None = None
    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_ca_file: Path | None = None
    sender: str | None = None
    owner: str | None = None
    log: Path | None = None
    file: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def schedule(self) -> Schedule:
        """When the person of the configuration wants the edition."""
        return Schedule(self.minute, self.zone, self.weekdays)

    @property
    def all_interests(self) -> tuple[Interest, ...]:
        """The interests of the person of the configuration, in the order of the file."""
        found = [self.keywords] if self.keywords else []
        found += self.interests
        if self.liked:
            found.append(Interest("papers like those you liked", liked=self.liked))
        return tuple(found)

    @property
    def names_a_reader(self) -> bool:
        """Whether the configuration describes a person at all."""
        return bool(self.address or self.all_interests)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the file, or one variable of the environment."""

    key: str
    value: str
    where: str


def load(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Read the settings: the environment wins over the file, the file over the defaults.

    Args:
        path: the file; None means `DIGEST_CONFIG`, else `config.env` here if there is one.
        environment: usually `os.environ`.

    Raises:
        ConfigError: naming file, line and key, and what would be right.
    """
    file = find_file(path, environment)
    entries = _entries_of_file(file) if file else []
    warnings = _file_warnings(file, entries) if file else []
    for name in sorted(environment):
        if name.startswith("DIGEST_") and name not in _NOT_SETTINGS:
            if _known(name):
                entries.append(_Entry(name, environment[name], "environment"))
            else:
                warnings.append(f"environment: {_unknown(name)}")
    values, interests = _values(entries)
    if values.get("smtp_security") == "tls":
        values.setdefault("smtp_port", 465)
    settings = Settings(**values, interests=tuple(interests), file=file, warnings=tuple(warnings))
    _check_together(settings)
    return settings


def _values(entries: list[_Entry]) -> tuple[dict[str, Any], list[Interest]]:
    """Fields by name and named interests; a later entry wins, an empty one takes back."""
    values: dict[str, Any] = {}
    interests: dict[str, Interest] = {}
    keys: dict[str, str] = {"interests": "DIGEST_KEYWORDS"}
    for entry in entries:
        if entry.key.startswith(INTEREST_PREFIX):
            name = _interest_name(entry.key)
            if keys.setdefault(name, entry.key) != entry.key:
                raise ConfigError(
                    f"{entry.where}: {entry.key} is the same interest as {keys[name]}: keep one"
                )
            interests.pop(name, None)
            if entry.value.strip():
                interests[name] = _read(entry, partial(parse_interest, name))
        else:
            values.pop(KEYS[entry.key].field, None)
            if entry.value.strip():
                values[KEYS[entry.key].field] = _read(entry, KEYS[entry.key].read)
    return values, list(interests.values())


def find_file(path: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The configuration file that applies, or None."""
    named = path or (
        Path(environment["DIGEST_CONFIG"]) if environment.get("DIGEST_CONFIG") else None
    )
    if named is None:
        default = Path(DEFAULT_FILE)
        return default if default.is_file() else None
    if not named.is_file():
        raise ConfigError(
            f"{named}: there is no such file; copy config.example.env to it, or name another "
            "with --config"
        )
    return named


def _entries_of_file(file: Path) -> list[_Entry]:
    entries: dict[str, _Entry] = {}
    for binding in parse_stream(io.StringIO(_text_of_file(file))):
        written = binding.original.string
        blank = written[: len(written) - len(written.lstrip())]
        line = binding.original.line + len(re.findall(r"\r\n|\r|\n", blank))
        where = f"{file}: line {line}"
        if binding.error:
            raise ConfigError(f"{where}: {_why_unreadable(written)}")
        if binding.key is None:
            continue
        entry = _entry(binding.key, binding.value, where, line)
        if earlier := entries.get(entry.key):
            raise ConfigError(
                f"{where}: {entry.key} is set a second time (first at "
                f"{earlier.where.rpartition(': ')[2]}): keep one"
            )
        entries[entry.key] = entry
    return list(entries.values())


def _text_of_file(file: Path) -> str:
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    if text.startswith("\ufeff"):
        raise ConfigError(f"{file}: line 1: begins with a byte-order mark; save it as plain UTF-8")
    return text


def _entry(key: str, value: str | None, where: str, line: int) -> _Entry:
    """A line of the file, refused where its key is unknown or its value runs over lines."""
    if not _known(key):
        raise ConfigError(f"{where}: {_unknown(key)}")
    if value is None:
        raise ConfigError(f"{where}: {key} has no value: write {key}=…")
    if "\n" in value:
        raise ConfigError(
            f"{where}: the value of {key} runs on to line {line + value.count(chr(10))}: is a "
            "closing quote missing?"
        )
    return _Entry(key, value, where)


def _why_unreadable(written: str) -> str:
    key, _, value = written.strip().partition("=")
    value = value.strip()
    shown = key.strip()[:60]
    if value.startswith('"') and value.count('"') % 2 == 0:
        return (
            f"{shown} begins with a quoted phrase and goes on after it: put the whole value in "
            f"single quotes, {shown}='{value[:60]}'"
        )
    if value[:1] in ("'", '"'):
        return f"the quote that opens the value of {shown} is never closed"
    return f"cannot read {shown!r}: write KEY=value"


def _known(key: str) -> bool:
    if key.startswith(INTEREST_PREFIX):
        return bool(re.fullmatch(r"\w*[^\W_]\w*", key.removeprefix(INTEREST_PREFIX)))
    return key in KEYS


def _unknown(key: str) -> str:
    names = [*KEYS, INTEREST_PREFIX + "NAME"]
    near = difflib.get_close_matches(key.upper(), names, 1, 0.5)
    hint = f": did you mean {near[0]}?" if near else "; config.example.env lists every key"
    return f"unknown key {key}{hint}"


def _interest_name(key: str) -> str:
    return key.removeprefix(INTEREST_PREFIX).replace("_", " ").strip().lower()


def _read(entry: _Entry, read: Callable[[str], Any]) -> Any:  # noqa: ANN401 - each key has its own type
    try:
        return read(entry.value)
    except (UsageError, ValueError, RuntimeError) as error:
        shown = "this value cannot be used" if "PASSWORD" in entry.key else str(error)
        raise ConfigError(f"{entry.where}: {entry.key}: {shown}") from error


def _check_together(settings: Settings) -> None:
    """Refuse settings that are each right and wrong together."""
    where = settings.file or "environment"
    if not settings.smtp_host:
        return
    if settings.names_a_reader and not settings.address:
        raise ConfigError(
            f"{where}: DIGEST_SMTP_HOST is set but DIGEST_ADDRESS is not: whom should the mail go "
            "to?"
        )
    if not settings.smtp_user or not settings.smtp_password:
        raise ConfigError(
            f"{where}: DIGEST_SMTP_HOST is set, so DIGEST_SMTP_USER and DIGEST_SMTP_PASSWORD are "
            "needed too; without a host the mails are written to the outbox folder"
        )
    if (settings.smtp_port, settings.smtp_security) in ((465, "starttls"), (587, "tls")):
        right = "tls" if settings.smtp_port == 465 else "starttls"  # noqa: PLR2004 - submissions
        raise ConfigError(
            f"{where}: DIGEST_SMTP_PORT {settings.smtp_port} speaks {right}, but "
            f"DIGEST_SMTP_SECURITY says {settings.smtp_security}: change one of them"
        )


def _file_warnings(file: Path, entries: list[_Entry]) -> list[str]:
    holds_secret = any("PASSWORD" in entry.key and entry.value for entry in entries)
    if os.name == "posix" and holds_secret and file.stat().st_mode & 0o077:
        return [f"{file}: others on this machine can read the password in it: chmod 600 {file}"]
    return []
