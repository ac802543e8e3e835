"""The line that says what sources announced and what was read of it, and what is missing."""

from collections.abc import Sequence
from datetime import date

from digest.errors import printable
from digest.letters.words import counted, cut, listed, source_name
from digest.model import NOT_ASKED, Coverage, Edition, Lack, Standing

_MOST_APART = 3  # of more sources those in order are told of together
_MOST_NAMED = 2  # categories or feeds
_QUIET = 40  # characters of why nothing was announced
_WEEK = 7
_PARTS = {"arxiv": "categories", "biorxiv": "categories", "feeds": "feeds", "medrxiv": "categories"}


def coverage_of(edition: Edition) -> str:
    """How many papers were weighed, and what was read of each source."""
    weighed = f"{counted(edition.considered, 'recent paper')} weighed"
    sources = [coverage for coverage in edition.coverage if source_name(coverage.source)]
    if len(sources) <= _MOST_APART:
        return " · ".join([weighed, *("".join(_told(one, edition.date)) for one in sources)])
    well = [coverage for coverage in sources if in_order(coverage) and not coverage.of]
    apart = [_told(one, edition.date) for one in sources if one not in well]
    return " · ".join([weighed, *_well_together(well), *_alike_together(apart)])


def in_order(coverage: Coverage) -> bool:
    """Whether a source was read to its end."""
    return not coverage.problem and (coverage.standing is None or coverage.standing.settled)


def _well_together(well: Sequence[Coverage]) -> list[str]:
    """One line for all that announced something, and one for all others."""
    quiet = [one for one in well if not (one.read or one.announced)]
    loud = [one for one in well if one not in quiet]
    lines = []
    if loud:
        read = sum(one.read for one in loud)
        announced = sum(one.read if one.announced is None else one.announced for one in loud)
        numbers = f"{announced:,} announced, {read:,} read"
        lines.append(f"{listed([_name(one) for one in loud])}: {numbers}")
    if quiet:
        lines.append(f"nothing announced: {listed([_name(one) for one in quiet])}")
    return lines


def _alike_together(told: Sequence[tuple[str, str]]) -> list[str]:
    """One line for all of which the same is said, one for each of the others."""
    names: dict[str, list[str]] = {}
    for name, said in told:
        names.setdefault(said, []).append(name)
    return [f"{listed(alike)}{said}" for said, alike in names.items()]


def _told(coverage: Coverage, day: date) -> tuple[str, str]:
    """What a source is called, and what follows: announced, read, missing."""
    name, missing = _name(coverage), _missing(coverage, day)
    if coverage.problem == NOT_ASKED:
        return name, f" {NOT_ASKED}"
    if missing and not coverage.read and not coverage.lacks:
        return name, " could not be read"
    if missing and not (coverage.read or coverage.announced):
        if all(lack.standing is Standing.PARTIAL for lack in coverage.lacks):
            return name, ": nothing announced yet"
        alike = coverage.title or _all_alike(coverage)
        said = _phrase(coverage.lacks[0], day, many=False)
        return name, f" {said}" if alike else f": {'; '.join(missing)}"
    of = f" ({_name_of(coverage.of, day)}’s list)" if coverage.of else ""
    line = f"{of}: {_numbers(coverage)}"
    return name, f"{line} ({'; '.join(missing)})" if missing else line


def _name(coverage: Coverage) -> str:
    """What a source is called; a single feed by its own title."""
    return _short(coverage.title) if coverage.title else source_name(coverage.source)


def _short(text: str) -> str:
    """A name or a reason that came from outside, on one line."""
    return cut(printable(text, 200), _QUIET)


def _numbers(coverage: Coverage) -> str:
    if coverage.announced is None:
        return f"{coverage.read:,} read"
    if not (coverage.announced or coverage.read):
        why = f" ({_short(coverage.quiet)})" if coverage.quiet else ""
        return f"nothing announced{why}"
    if coverage.read < coverage.announced:
        return f"{coverage.read:,} of {coverage.announced:,} read"
    noun = _PARTS.get(coverage.source)
    within = f" in {coverage.parts} {noun}" if noun and coverage.parts > 1 else ""
    return f"{coverage.announced:,} announced{within}, {coverage.read:,} read"


def _missing(coverage: Coverage, day: date) -> list[str]:
    """What is missing, in words; empty where nothing is."""
    if not coverage.lacks:
        return [] if in_order(coverage) else ["incomplete"]
    by_phrase: dict[tuple[str, str], list[str]] = {}
    for lack in coverage.lacks:
        phrases = _phrase(lack, day, many=False), _phrase(lack, day, many=True)
        by_phrase.setdefault(phrases, []).append(lack.part)
    found = []
    for (one, many), parts in by_phrase.items():
        if len(parts) == coverage.parts:
            found.append(one)
        elif len(parts) == 1:
            found.append(f"{_short(parts[0])} {one}".strip())
        elif len(parts) <= _MOST_NAMED:
            found.append(f"{listed([_short(part) for part in parts])} {many}")
        else:
            noun = _PARTS.get(coverage.source, "parts")
            found.append(f"{len(parts)} of {coverage.parts} {noun} {many}")
    return found


def _all_alike(coverage: Coverage) -> bool:
    """Whether the same is missing of all of it."""
    kinds = {(lack.standing, lack.since, lack.shown) for lack in coverage.lacks}
    whole = len(coverage.lacks) >= coverage.parts or not all(lack.part for lack in coverage.lacks)
    return len(kinds) == 1 and whole


def _phrase(lack: Lack, day: date, *, many: bool) -> str:
    """What is wrong with a part, as it follows on its name."""
    if lack.last is not None:
        part = lack.standing in (Standing.PARTIAL, Standing.OPEN)
        whole = "incomplete" if part else "could not be read"
        first, last = _name_of(lack.since, day), _name_of(lack.last, day)
        return f"{whole} on {last}" if first == last else f"{whole} from {first} to {last}"
    if lack.standing is Standing.STALE:
        shows = "still show" if many else "still shows"
        return f"{shows} {f'{_name_of(lack.shown, day)}’s' if lack.shown else 'an earlier'} list"
    if lack.standing in (Standing.PARTIAL, Standing.OPEN):
        return "incomplete"
    since = f" since {_name_of(lack.since, day)}" if lack.since < day else ""
    return f"could not be read{since}"


def _name_of(past: date, day: date) -> str:
    """A date as it is called on another one: its weekday within a week, else its day."""
    return f"{past:%A}" if 0 <= (day - past).days < _WEEK else f"{past.day} {past:%B}"
