"""What people write into forms, as values; what is wrong with it, beside the field it stands in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from digest.errors import UsageError
from digest.grammar.dial import POSITIONS, dial_in_full, parse_dial
from digest.grammar.interests import format_interest, parse_interest
from digest.grammar.manner import QUIET_DAYS, parse_quiet, parse_yes
from digest.grammar.schedule import format_hour, format_weekdays, parse_hour, parse_zone
from digest.model import WEEK, Interest, Manner, Schedule
from digest.readers import MAX_INTERESTS, MAX_NAME

UNNAMED = "keywords"  # what an interest is called that was given no name
MOST_PAPERS = 100
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORKDAYS = frozenset(range(5))
MANNER = ("trend", "quiet", "abstracts")
ABSTRACTS = (("yes", "Its abstract"), ("no", "One sentence of it"))
_LONGEST_TEXT = 100_000

Form = Mapping[str, str]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a form asks for: interests, when, at most how many papers an edition, in what manner."""

    interests: tuple[Interest, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)
    limit: int = 10
    manner: Manner = field(default_factory=Manner)


@dataclass(frozen=True, slots=True)
class InterestRow:
    """An interest as it stands in a form: the fields' place, what is in them, what is wrong."""

    place: int
    name: str = ""
    text: str = ""
    name_error: str = ""
    text_error: str = ""


def wishes_of(form: Form, before: Wishes) -> tuple[Wishes, dict[str, str]]:
    """What the fields interests, limit and those of schedule and manner ask for.

    Args:
        form: the fields; one that is missing asks for nothing new.
        before: what holds where the form asks for nothing, or cannot be read.

    Returns:
        the wishes, and what is wrong, by field.
    """
    errors: dict[str, str] = {}
    schedule, wrong = schedule_of(form, before.schedule)
    errors.update(wrong)
    interests = _field(form, "interests", _interests, before.interests, errors)
    limit = _field(form, "limit", _limit, before.limit, errors)
    manner, wrong = manner_of(form, before.manner)
    errors.update(wrong)
    return Wishes(interests, schedule, limit, manner), errors


def schedule_of(form: Form, before: Schedule) -> tuple[Schedule, dict[str, str]]:
    """When the fields hour, zone, rhythm and weekday ask for an edition; what is wrong, by field.

    `rhythm` is daily, weekdays, weekly (then `weekday` is the day, Monday is 0) or same.
    """
    errors: dict[str, str] = {}
    minute = _field(form, "hour", parse_hour, before.minute, errors)
    zone = _field(form, "zone", parse_zone, before.zone, errors)
    rhythm = form.get("rhythm", "same")
    if rhythm == "weekly":
        day = _field(form, "weekday", _weekday, None, errors)
        days = before.weekdays if day is None else frozenset((day,))
        if day is None:
            errors.setdefault("weekday", "Choose the day of the week.")
    else:
        days = {"daily": WEEK, "weekdays": WORKDAYS, "same": before.weekdays}.get(
            rhythm, before.weekdays
        )
        if rhythm not in ("daily", "weekdays", "same"):
            errors["rhythm"] = "Choose daily, weekdays or weekly."
    return replace(before, minute=minute, zone=zone, weekdays=days), errors


def schedule_fields(schedule: Schedule) -> dict[str, str]:
    """The fields that ask for a schedule, as `schedule_of` reads them."""
    days = schedule.weekdays
    rhythm = {WEEK: "daily", WORKDAYS: "weekdays"}.get(days, "weekly" if len(days) == 1 else "same")
    return {
        "hour": format_hour(schedule.minute),
        "zone": schedule.zone,
        "rhythm": rhythm,
        "weekday": str(min(days, default=0)),
    }


def rhythms(schedule: Schedule) -> list[tuple[str, str]]:
    """The choices of the field rhythm; days that fit none of them can be kept."""
    choices = [
        ("daily", "Every day"),
        ("weekdays", "Monday to Friday"),
        ("weekly", "Once a week"),
    ]
    if schedule_fields(schedule)["rhythm"] == "same":
        choices.append(("same", f"As it is: {format_weekdays(schedule.weekdays)}"))
    return choices


def weekdays() -> list[tuple[str, str]]:
    """The choices of the field weekday."""
    return [(str(number), name) for number, name in enumerate(DAYS)]


def manner_of(form: Form, before: Manner) -> tuple[Manner, dict[str, str]]:
    """What the fields of `MANNER` ask for; what is wrong, by field."""
    errors: dict[str, str] = {}
    dial = _field(form, "trend", parse_dial, before.dial, errors)
    quiet = _field(form, "quiet", parse_quiet, before.quiet, errors)
    abstracts = _field(form, "abstracts", parse_yes, before.abstracts, errors)
    return Manner(dial, quiet, abstracts), errors


def manner_fields(manner: Manner) -> dict[str, str]:
    """The fields that ask for a manner, as `manner_of` reads them."""
    return {
        "trend": str(manner.dial),
        "quiet": manner.quiet.value,
        "abstracts": "yes" if manner.abstracts else "no",
    }


def dials(manner: Manner) -> list[tuple[str, str]]:
    """The choices of the field trend; a share that is none of them can be kept."""
    return [
        (str(dial), _capital(dial_in_full(dial)))
        for dial in sorted({*POSITIONS.values(), manner.dial})
    ]


def quiet_days() -> list[tuple[str, str]]:
    """The choices of the field quiet."""
    return [(quiet.value, _capital(words)) for quiet, words in QUIET_DAYS.items()]


def rows_of(interests: tuple[Interest, ...]) -> list[InterestRow]:
    """Interests as rows of a form, with an empty one to add another."""
    rows = [
        InterestRow(place, interest.name, format_interest(interest))
        for place, interest in enumerate(interests)
    ]
    return with_room(rows)


def with_room(rows: list[InterestRow]) -> list[InterestRow]:
    """The rows, the last one empty as long as another interest may be added."""
    if len(rows) >= MAX_INTERESTS:
        return rows
    taken = {row.place for row in rows}
    return [*rows, InterestRow(min(set(range(MAX_INTERESTS)) - taken))]


def interests_of(form: Form) -> tuple[tuple[Interest, ...], list[InterestRow]]:
    """The interests of the rows name-0, text-0, name-1, … of a form.

    A row without text asks for nothing. An interest without a name is called keywords.

    Returns:
        the interests that can be read; and all rows as they were written, each with what is wrong.
    """
    interests: dict[str, Interest] = {}
    rows: list[InterestRow] = []
    for place in range(MAX_INTERESTS + 1):
        name, text = form.get(f"name-{place}", ""), form.get(f"text-{place}", "")
        if not text.strip():
            continue
        row = InterestRow(place, name, text)
        called = " ".join(_plain(name).lower().split()) or UNNAMED
        try:
            interest = _interest(called, text)
        except UsageError as error:
            row = replace(row, text_error=str(error))
        else:
            row = replace(row, name_error=_wrong_name(called, interests))
            if not row.name_error:
                interests[called] = interest
        rows.append(row)
    return tuple(interests.values()), rows


def wrong(rows: list[InterestRow]) -> bool:
    """Whether anything is wrong in any row."""
    return any(row.name_error or row.text_error for row in rows)


def _wrong_name(name: str, others: Mapping[str, Interest]) -> str:
    if len(name) > MAX_NAME:
        return f"A name has at most {MAX_NAME} letters."
    if name in others:
        return f"Two interests are called {name!r}: give each its own name."
    if len(others) == MAX_INTERESTS:
        return f"More than {MAX_INTERESTS} interests: join some of them."
    return ""


def _interests(text: str) -> tuple[Interest, ...]:
    return (_interest(UNNAMED, text),) if text.strip() else ()


def _interest(name: str, text: str) -> Interest:
    if len(text) > _LONGEST_TEXT:
        raise UsageError(f"longer than {_LONGEST_TEXT:,} letters: part it in several interests")
    return parse_interest(name, _plain(text))


def _limit(text: str) -> int:
    written = text.strip()
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 4 else 0  # noqa: PLR2004
    if not 1 <= number <= MOST_PAPERS:
        raise UsageError(f"{text!r} is no number of papers: write one from 1 to {MOST_PAPERS}")
    return number


def _weekday(text: str) -> int:
    if text not in {str(number) for number in WEEK}:
        raise UsageError(f"{text!r} is no day of the week: choose one")
    return int(text)


def _field(
    form: Form,
    name: str,
    read: Callable[[str], Value],
    before: Value,
    errors: dict[str, str],
) -> Value:
    """What a field asks for; where it cannot be read, why, and what held before."""
    written = form.get(name)
    if written is None:
        return before
    try:
        return read(written)
    except UsageError as error:
        errors[name] = str(error)
        return before


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _plain(text: str) -> str:
    """Text without signs that cannot be seen, which no database of ours would take."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
