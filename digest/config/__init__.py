"""The configuration: read from `config.env` and the environment, checked, frozen.

`keys.py` names every key with its reader, `file.py` reads lines; `config.example.env` documents
the same keys, and a test holds them together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from digest.config.file import Entry, entries_of_file, open_to_others
from digest.config.keys import (
    DEFAULT_RANKER,
    INTEREST_PREFIX,
    KEYS,
    SECRETS,
    database_url,
    interest_name,
    is_known,
    unknown,
)
from digest.config.sources import KNOWN_CATEGORIES, unknown_categories
from digest.errors import ConfigError, UsageError
from digest.grammar.interests import parse_interest
from digest.model import Interest, Manner, Quiet, Schedule, Threshold

__all__ = ["KEYS", "Settings", "database_url", "find_file", "load"]

DEFAULT_FILE = "config.env"
_EXPOSED = "others on this machine can read the secret in it"
_THRESHOLD, _MANNER = Threshold(), Manner()
# In the environment these are no settings: the first names the file, the second serves the tests.
_NOT_SETTINGS = frozenset({"DIGEST_CONFIG", "DIGEST_SHARED"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, checked. None means: not set, and the code has its own default.

    `minute` counts from local midnight; `days` is how many days a paper stays a candidate;
    `threshold` is what a paper must reach to be picked (see docs/ranking.md); `web` is the host and
    port that pages are served on; `templates` is the folder whose files replace ours (it was there
    when the settings were read); `exposed` is the file, where others on this machine can read the
    secrets in it.
    """

    address: str | None = None
    keywords: Interest | None = None
    liked: tuple[str, ...] = ()
    interests: tuple[Interest, ...] = ()
    minute: int = 7 * 60
    zone: str = "UTC"
    weekdays: frozenset[int] = frozenset(range(7))
    paused_until: date | None = None
    limit: int = 10
    dial: int = _MANNER.dial
    quiet: Quiet = _MANNER.quiet
    abstracts: bool = _MANNER.abstracts
    days: int = 3
    threshold: Threshold = _THRESHOLD
    ranker: str = DEFAULT_RANKER
    named_sources: tuple[str, ...] = ("arxiv", "huggingface")
    arxiv_categories: tuple[str, ...] = ("cs.LG", "cs.CL", "cs.CV", "cs.AI", "stat.ML")
    arxiv_feed: str = "https://rss.arxiv.org/atom"
    arxiv_api: str = "https://export.arxiv.org/api/query"
    arxiv_oai: str = "https://oaipmh.arxiv.org/oai"
    huggingface: str = "https://huggingface.co/api/daily_papers"
    biorxiv_categories: tuple[str, ...] = ()
    medrxiv_categories: tuple[str, ...] = ()
    biorxiv: str = "https://api.biorxiv.org"
    feeds: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()
    openalex_works: tuple[str, ...] = ()
    openalex_key: str | None = field(default=None, repr=False)
    openalex: str = "https://api.openalex.org"
    bibtex: tuple[Path, ...] = ()
    zotero: str | None = None
    zotero_key: str | None = field(default=None, repr=False)
    zotero_api: str = "https://api.zotero.org"
    base_url: str | None = None
    web: tuple[str, int] | None = None
    web_proxy: str | None = None
    subscribe: str = "open"
    signups_per_hour: int = 100
    database: str | None = None
    outbox: Path | None = None
    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_ca_file: Path | None = None
    smtp_connections: int = 1
    smtp_per_connection: int = 100
    smtp_per_minute: int | None = None
    sender: str | None = None
    owner: str | None = None
    templates: Path | None = None
    log: Path | None = None
    file: Path | None = None
    exposed: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources to ask: those that are named, and those that were told what to look for."""
        told = {
            "biorxiv": self.biorxiv_categories,
            "medrxiv": self.medrxiv_categories,
            "feeds": self.feeds,
            "openalex": self.openalex_works,
        }
        own = (name for name, wanted in told.items() if wanted)
        return tuple(dict.fromkeys((*self.named_sources, *own)))

    @property
    def schedule(self) -> Schedule:
        """When the person of the configuration wants the edition."""
        return Schedule(self.minute, self.zone, self.weekdays, self.paused_until)

    @property
    def manner(self) -> Manner:
        """How the person of the configuration wants its letters."""
        return Manner(self.dial, self.quiet, self.abstracts)

    @property
    def all_interests(self) -> tuple[Interest, ...]:
        """The interests of the person of the configuration, in the order of the file."""
        found = [self.keywords] if self.keywords else []
        found += self.interests
        if self.liked:
            found.append(Interest("papers like those you liked", liked=self.liked))
        return tuple(found)

    @property
    def has_pages(self) -> bool:
        """Whether people may come and subscribe."""
        return bool(self.base_url or self.web)

    @property
    def names_a_reader(self) -> bool:
        """Whether the configuration describes a person at all."""
        return bool(self.address or self.all_interests or self.bibtex or self.zotero)


def load(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Read the settings: the environment wins over the file, the file over the defaults.

    Args:
        path: the file; None means `DIGEST_CONFIG`, else `config.env` here if there is one.
        environment: usually `os.environ`.

    Raises:
        ConfigError: naming file, line and key, and what would be right.
    """
    file = find_file(path, environment)
    entries = entries_of_file(file) if file else []
    exposed = file if file and open_to_others(file, entries) else None
    warnings = [f"{exposed}: {_EXPOSED}: chmod 600 {exposed}"] if exposed else []
    for name in sorted(environment):
        if name.startswith("DIGEST_") and name not in _NOT_SETTINGS:
            if is_known(name):
                entries.append(Entry(name, environment[name], "environment"))
            else:
                warnings.append(f"environment: {unknown(name)}")
    values, interests = _values(entries)
    places = {KEYS[e.key].field: e.where for e in entries if e.key in KEYS}
    if values.get("smtp_security") == "tls":
        values.setdefault("smtp_port", 465)
    for name in KNOWN_CATEGORIES:
        said = unknown_categories(name, values.get(name, ()))
        warnings += [f"{places[name]}: {one}" for one in said]
    settings = Settings(
        **values, interests=tuple(interests), file=file, exposed=exposed, warnings=tuple(warnings)
    )
    _check_together(settings, places)
    return settings


def _values(entries: list[Entry]) -> tuple[dict[str, Any], list[Interest]]:
    """Fields by name and named interests; a later entry wins, an empty one takes back."""
    values: dict[str, Any] = {}
    interests: dict[str, Interest] = {}
    taken = any(entry.key == "DIGEST_KEYWORDS" and entry.value.strip() for entry in entries)
    keys = {"keywords": "DIGEST_KEYWORDS"} if taken else {}
    for entry in entries:
        if entry.key.startswith(INTEREST_PREFIX):
            name = interest_name(entry.key)
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


def _read(entry: Entry, read: Callable[[str], Any]) -> Any:  # noqa: ANN401 - each key has its own type
    try:
        return read(entry.value)
    except (UsageError, ValueError, RuntimeError) as error:
        shown = "this value cannot be used" if entry.key in SECRETS else str(error)
        raise ConfigError(f"{entry.where}: {entry.key}: {shown}") from error


def _check_together(settings: Settings, places: Mapping[str, str]) -> None:
    """Refuse settings that are each right and wrong together."""
    needed = {
        "feeds": (settings.feeds, "DIGEST_FEEDS says which"),
        "openalex": (settings.openalex_works, "DIGEST_OPENALEX_WORKS says which"),
    }
    for name, (wanted, advice) in needed.items():
        if name in settings.sources and not wanted:
            where = places.get("named_sources", "environment")
            raise ConfigError(
                f"{where}: DIGEST_SOURCES names {name}, but not what to look for: {advice}"
            )
    where = places.get("smtp_host", "environment")
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
        where = places.get("smtp_security") or places.get("smtp_port", where)
        right = "tls" if settings.smtp_port == 465 else "starttls"  # noqa: PLR2004 - submissions
        raise ConfigError(
            f"{where}: DIGEST_SMTP_PORT {settings.smtp_port} speaks {right}, but "
            f"DIGEST_SMTP_SECURITY says {settings.smtp_security}: change one of them"
        )
