"""JSON Lines: one paper an object, one object a line.

Known fields: `id`, `title`, `abstract`, `authors`, `categories`, `primary`, `date` (of
announcement), `upvotes`, `comments`, `stars`, `observed` (when these were counted), `code`,
`project`, `url`, `pdf`. Unknown fields are passed over.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from digest.intake.normal import clean, clean_date, clean_time
from digest.intake.paper import midday, paper_from_fields, signals_from_fields
from digest.model import COMMENTS, STARS, UPVOTES, Announcement, Sighting
from digest.sources import Batch, Parsed

LINES_A_BATCH = 500
MAX_LINE = 4 * 1024 * 1024
_SIGNALS = {UPVOTES: "upvotes", COMMENTS: "comments", STARS: "stars"}


def parse_lines(lines: Iterable[bytes], place: str, today: date, now: datetime) -> Iterator[Batch]:
    """Read lines as they come, a batch at a time; a broken line is named and left out.

    Args:
        lines: raw lines; an empty one is no paper.
        place: the file's name, for troubles.
        today: the day for which papers without a date count.
        now: the latest time that a count can have been observed (aware).
    """
    parsed = Parsed()
    try:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            parsed.announced += 1
            sighting = _read_line(line, today, now)
            if isinstance(sighting, str):
                parsed.trouble(f"{place}, line {number}: {sighting}")
            else:
                parsed.sightings.append(sighting)
            if parsed.announced >= LINES_A_BATCH:
                yield parsed.batch()
                parsed = Parsed()
    except (OSError, EOFError, zlib.error):
        if parsed.announced:
            yield parsed.batch()  # what was read before the damage is kept
        raise
    if parsed.announced:
        yield parsed.batch()


def _read_line(line: bytes, today: date, now: datetime) -> Sighting | str:
    """A paper, or what is wrong with the line."""
    fields = fields_of(line)
    if isinstance(fields, str):
        return fields
    paper = paper_from_fields(fields)
    if isinstance(paper, str):
        return paper
    announced = None
    if fields.get("date") is not None:
        announced = clean_date(fields["date"], max(today, now.date()))
        if announced is None:
            return f"the date {clean(str(fields['date']), 40)!r} cannot be right"
    observed = clean_time(fields.get("observed")) or midday(announced or today, now)
    signals = signals_from_fields(fields, _SIGNALS, min(observed, now))
    return Sighting(paper, Announcement.NEW, announced, signals)


def fields_of(line: bytes) -> dict[str, object] | str:
    """The object of a line, or what is wrong with it."""
    if len(line) > MAX_LINE:
        return f"longer than {MAX_LINE >> 20} MB"
    try:
        fields = json.loads(line)
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte {error.start})"
    except (ValueError, RecursionError) as error:
        return f"broken JSON ({getattr(error, 'msg', 'nested too deeply')})"
    if not isinstance(fields, dict):
        return f"a JSON {type(fields).__name__} instead of an object"
    return fields
