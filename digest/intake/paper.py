"""Making papers from the fields that several sources share."""

from collections.abc import Mapping
from datetime import date, datetime

from digest.identity import home_of, pdf_of, read_identifier, title_key
from digest.intake.normal import (
    clean,
    clean_address,
    clean_count,
    clean_names,
    clean_title,
    clean_words,
)
from digest.model import Paper, Signal


def with_title_key(key: str | None, title: str) -> tuple[str, ...]:
    """A paper's identities: its id where it has one, and always its title's hash."""
    return (key, title_key(title)) if key else (title_key(title),)


def paper_from_fields(fields: Mapping[str, object]) -> Paper | str:
    """A paper from fields with plain names, or what is wrong with them.

    Knows `id`, `title`, `abstract` (or `summary`), `authors`, `categories`, `primary`, `url`,
    `pdf`, `code`, `project`; all but the title may be missing.
    """
    title = clean_title(fields.get("title"))
    if not any(char.isalnum() for char in title):
        return "no title"
    written = fields.get("id")
    identifier = read_identifier(written) if isinstance(written, str) else None
    if identifier is None and isinstance(fields.get("doi"), str):
        identifier = read_identifier(str(fields["doi"]))
    key = identifier.key if identifier else None
    categories = clean_words(fields.get("categories"))
    primary = clean(fields.get("primary"), 60)
    return Paper(
        keys=with_title_key(key, title),
        title=title,
        abstract=clean(fields.get("abstract") or fields.get("summary")),
        authors=clean_names(fields.get("authors")),
        categories=tuple(dict.fromkeys(((primary,) if primary else ()) + categories)),
        version=identifier.version if identifier else 1,
        url=clean_address(fields.get("url")) or (home_of(key) if key else None),
        pdf=clean_address(fields.get("pdf")) or (pdf_of(key) if key else None),
        code=clean_address(fields.get("code")),
        project=clean_address(fields.get("project")),
    )


def signals_from_fields(
    fields: Mapping[str, object], names: Mapping[str, str], observed: datetime
) -> tuple[Signal, ...]:
    """The counts among the fields; `names` maps each signal to the field that holds it."""
    counts = ((signal, clean_count(fields.get(name))) for signal, name in names.items())
    return tuple(Signal(signal, count, observed) for signal, count in counts if count is not None)


def midday(day: date, now: datetime) -> datetime:
    """A time to give to counts of a past day that do not say when they were observed."""
    return min(now, datetime(day.year, day.month, day.day, 12, tzinfo=now.tzinfo))
