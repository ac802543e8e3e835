"""An invented world of papers: which service announces what, at which moment; the same for a seed.

It stands for the month that it was made for and some days before, so that services have a past.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from tests.replay.calendar import Calendar
from tests.replay.words import Work, make_work

ASKED = ("cs.LG", "cs.CL", "cs.CV", "cs.AI", "stat.ML")
_OTHERS = ("cs.RO", "math.OC", "eess.IV", "q-bio.NC", "hep-ex")
FIELDS = {"biorxiv": ("neuroscience", "genomics"), "medrxiv": ("epidemiology",)}
_OTHER_FIELDS = {"biorxiv": ("zoology", "plant biology"), "medrxiv": ("surgery",)}
FEEDS = ("journal", "blog", "letters")
WANTED = ("T10028", "S137773608", "A5023888391")
_ABOUT = {"T": "topics", "S": "journals", "A": "authors"}
_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Version:
    """When a version was submitted, and the listing that it came with."""

    number: int
    submitted: datetime
    listed: date


@dataclass(frozen=True, slots=True)
class ArxivPaper:
    """A paper on arXiv; `crossed` are categories that came later, with their listings."""

    work: Work
    id: str
    categories: tuple[str, ...]
    versions: tuple[Version, ...]
    crossed: tuple[tuple[str, date], ...] = ()
    deleted: date | None = None
    doi: str | None = None
    held: bool = False  # by moderators, beyond the listing that its submission belonged to

    @property
    def key(self) -> str:
        """How the store knows it."""
        return f"arxiv:{self.id}"

    @property
    def listed(self) -> date:
        """The listing that it was new in."""
        return self.versions[0].listed

    def shown_on(self, day: date) -> Iterator[tuple[str, str, int]]:
        """Category, type and version of each place in a listing."""
        for version in self.versions:
            if version.listed != day:
                continue
            known = [name for name, since in self.crossed if since < day]
            kinds = ("new", "cross") if version.number == 1 else ("replace", "replace-cross")
            for place, category in enumerate([*self.categories, *known]):
                yield category, kinds[min(place, 1)], version.number
        for category, since in self.crossed:
            if since == day:
                yield category, "cross", self.version_on(day).number

    def version_on(self, day: date) -> Version:
        """The newest version of a date."""
        return [one for one in self.versions if one.listed <= day][-1]

    def categories_on(self, day: date) -> tuple[str, ...]:
        """Its categories as of a date, the primary one first."""
        return (*self.categories, *(name for name, since in self.crossed if since <= day))

    def changed_on(self, day: date) -> date:
        """When its record last changed, as of a date."""
        changes = [one.listed for one in self.versions] + [since for _, since in self.crossed]
        changes += [self.deleted] if self.deleted else []
        return max(change for change in changes if change <= day)


@dataclass(frozen=True, slots=True)
class Feature:
    """A paper on Hugging Face's list of a date."""

    paper: ArxivPaper
    date: date
    since: datetime
    slope: float

    def upvotes(self, now: datetime) -> int:
        """They grow, fast at first."""
        hours = max((now - self.since).total_seconds() / 3600, 0)
        return int(self.slope * hours / (1 + hours / 40)) + 1


@dataclass(frozen=True, slots=True)
class Preprint:
    """A preprint; `versions` are moments, and the date of each is what the service calls it."""

    work: Work
    server: str
    doi: str
    category: str
    versions: tuple[datetime, ...]
    journal: str | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed; `key` is how the store knows it, "" where by its title alone."""

    work: Work
    feed: str
    link: str
    doi: str | None
    since: datetime
    key: str = ""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A work in OpenAlex: dated by its journal, there some days later."""

    work: Work
    id: str
    doi: str
    date: date
    since: datetime
    about: str  # the topic, journal or author that it has
    arxiv: str | None = None
    paratext: bool = False


@dataclass(frozen=True, slots=True)
class Announced:
    """What a service announced and the configuration asks for."""

    source: str
    work: Work
    key: str  # "" where only the title tells
    at: datetime
    date: date
    parts: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class World:
    """All that is ever announced; tuples are in the order of time."""

    calendar: Calendar
    arxiv: tuple[ArxivPaper, ...]
    features: tuple[Feature, ...]
    preprints: tuple[Preprint, ...]
    entries: tuple[Entry, ...]
    indexed: tuple[Indexed, ...]

    @cached_property
    def announced(self) -> tuple[Announced, ...]:
        """Its own record, for what the configuration asks, in the order of time.

        New papers and cross-lists; a new version is not announced as a paper of its own.
        """
        found = [
            *self._of_arxiv(),
            *(Announced("huggingface", f.paper.work, f.paper.key, f.since, f.date)
              for f in self.features),
            *(Announced(p.server, p.work, f"doi:{p.doi}", p.versions[0], p.versions[0].date(),
                        (p.category,))
              for p in self.preprints if p.category in FIELDS[p.server]),
            *(Announced("feeds", e.work, e.key, e.since, e.since.date(), (e.feed,))
              for e in self.entries),
            *(Announced("openalex", i.work, f"doi:{i.doi}", i.since, i.date, (_ABOUT[i.about[0]],))
              for i in self.indexed if not i.paratext),
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda one: (one.at, one.source, one.work.number)))

    def _of_arxiv(self) -> Iterator[Announced]:
        for paper in self.arxiv:
            days = {paper.listed, *(since for _, since in paper.crossed)}
            for day in sorted(days):
                fresh = [c for c, kind, _ in paper.shown_on(day) if kind in ("new", "cross")]
                parts = tuple(category for category in fresh if category in ASKED)
                if parts:
                    at = self.calendar.feed_out(day)
                    yield Announced("arxiv", paper.work, paper.key, at, day, parts)

    @cached_property
    def keys_of(self) -> dict[int, frozenset[str]]:
        """Every strong key of each work, by its number, whether asked for or not."""
        found: dict[int, set[str]] = {}
        for paper in self.arxiv:
            found.setdefault(paper.work.number, set()).add(paper.key)
        for preprint in self.preprints:
            found.setdefault(preprint.work.number, set()).add(f"doi:{preprint.doi}")
        for entry in self.entries:
            found.setdefault(entry.work.number, set()).update([entry.key] if entry.key else [])
        for indexed in self.indexed:
            found.setdefault(indexed.work.number, set()).add(f"doi:{indexed.doi}")
        return {number: frozenset(keys) for number, keys in found.items()}


@dataclass
class Maker:
    """Makes a world; `a_day` is about how many papers arXiv gets on a working day."""

    seed: int
    first: date
    days: int
    a_day: int
    calendar: Calendar = field(default_factory=Calendar)
    history: int = 6
    held: float = 0.01
    late_cross: float = 0.02
    works: list[Work] = field(default_factory=list)
    chance: random.Random = field(default_factory=random.Random)

    def make(self) -> World:
        """The world of this seed."""
        self.chance.seed(self.seed)
        arxiv = tuple(self._arxiv())
        preprints = tuple(sorted(self._preprints(), key=lambda one: one.versions[0]))
        entries = sorted(self._entries(arxiv), key=lambda one: one.since)
        indexed = sorted(self._indexed(arxiv, preprints), key=lambda one: one.since)
        features = tuple(sorted(self._features(arxiv), key=lambda one: one.since))
        return World(self.calendar, arxiv, features, preprints, tuple(entries), tuple(indexed))

    def _days(self) -> Iterator[date]:
        begin = self.first - timedelta(days=self.history)
        return (begin + timedelta(days=n) for n in range(self.history + self.days))

    def _work(self) -> Work:
        self.works.append(make_work(len(self.works), self.chance))
        return self.works[-1]

    def _moment(self, day: date, first: float = 0, last: float = 24) -> datetime:
        seconds = self.chance.uniform(first * 3600, last * 3600 - 1)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=int(seconds))

    def _some(self, mean: float, day: date, weekend: float) -> int:
        share = weekend if day.weekday() >= _SATURDAY else 1.0
        return round(mean * share * self.chance.uniform(0.7, 1.3))

    def _arxiv(self) -> Iterator[ArxivPaper]:
        months: dict[str, int] = {}
        for day in self._days():
            moments = sorted(self._moment(day) for _ in range(self._some(self.a_day, day, 0.4)))
            for moment in moments:
                month = f"{moment:%y%m}"
                months[month] = months.get(month, 0) + 1
                yield self._arxiv_paper(f"{month}.{months[month]:05d}", moment)

    def _arxiv_paper(self, id_: str, moment: datetime) -> ArxivPaper:
        chance = self.chance
        listed = self.calendar.listing_of(moment)
        held = chance.random() < self.held
        for _ in range(chance.randint(1, 3) if held else 0):
            listed = self.calendar.next_listing(listed)
        primary = chance.choice(ASKED if chance.random() < 0.7 else _OTHERS)
        every = [name for name in (*ASKED, *_OTHERS) if name != primary]
        crosses = chance.sample(every, chance.choice((0, 0, 1, 1, 2)))
        versions = [Version(1, moment, listed)]
        while chance.random() < 0.15:
            again = self._moment(versions[-1].listed + chance.randint(1, 6) * _DAY)
            versions.append(Version(len(versions) + 1, again, self.calendar.listing_of(again)))
        crossed: list[tuple[str, date]] = []
        if chance.random() < self.late_cross:
            later = self._moment(listed + chance.randint(1, 5) * _DAY)
            left = [name for name in every if name not in crosses]
            crossed = [(chance.choice(left), self.calendar.listing_of(later))]
        deleted = listed + chance.randint(2, 6) * _DAY if chance.random() < 0.005 else None
        doi = f"10.5555/arx.{id_}" if chance.random() < 0.05 else None
        return ArxivPaper(
            self._work(), id_, (primary, *crosses), tuple(versions), tuple(crossed), deleted,
            doi, held,
        )  # fmt: skip

    def _preprints(self) -> Iterator[Preprint]:
        shares = {"biorxiv": 0.35, "medrxiv": 0.12}
        for day in self._days():
            for server, share in shares.items():
                for _ in range(self._some(self.a_day * share, day, 0.2)):
                    yield self._preprint(server, day)

    def _preprint(self, server: str, day: date) -> Preprint:
        chance = self.chance
        category = chance.choice((*FIELDS[server], *FIELDS[server], *_OTHER_FIELDS[server]))
        versions = [self._moment(day, 2, 22)]
        while chance.random() < 0.15:
            versions.append(self._moment(versions[-1].date() + chance.randint(1, 8) * _DAY, 2, 22))
        work = self._work()
        doi = f"10.1101/{day:%Y.%m.%d}.{600000 + work.number}"
        if chance.random() < 0.15:
            published = self._moment(day + chance.randint(3, 12) * _DAY)
            journal = f"10.5555/jrn.{work.number}"
            return Preprint(work, server, doi, category, tuple(versions), journal, published)
        return Preprint(work, server, doi, category, tuple(versions))

    def _entries(self, arxiv: tuple[ArxivPaper, ...]) -> Iterator[Entry]:
        for day in self._days():
            for name in FEEDS:
                for _ in range(self._some(2.5, day, 0.3)):
                    yield self._entry(name, self._moment(day), arxiv)

    def _entry(self, feed: str, since: datetime, arxiv: tuple[ArxivPaper, ...]) -> Entry:
        if feed == "blog":
            known = [p for p in arxiv if self.calendar.feed_out(p.listed) < since]
            if known and self.chance.random() < 0.3:
                paper = self.chance.choice(known[-200:])
                return Entry(
                    paper.work, feed, f"https://arxiv.org/abs/{paper.id}", None, since, paper.key
                )
            work = self._work()
            return Entry(work, feed, f"https://blog.example.org/{work.number}", None, since)
        work = self._work()
        doi = f"10.5555/{feed}.{work.number}"
        link = f"https://{feed}.example.org/article/{work.number}"
        return Entry(work, feed, link, doi, since, f"doi:{doi}")

    def _indexed(
        self, arxiv: tuple[ArxivPaper, ...], preprints: tuple[Preprint, ...]
    ) -> Iterator[Indexed]:
        for preprint in preprints:
            if preprint.journal and preprint.published:
                yield self._index(preprint.work, preprint.journal, preprint.published.date())
        for day in self._days():
            for _ in range(self._some(4, day, 0.5)):
                work = self._work()
                yield self._index(work, f"10.5555/oa.{work.number}", day)
        for paper in arxiv:
            if paper.doi:
                yield self._index(paper.work, paper.doi, paper.listed, paper.id)

    def _index(self, work: Work, doi: str, day: date, arxiv: str | None = None) -> Indexed:
        since = self._moment(day + self.chance.randint(0, 2) * _DAY)
        paratext = arxiv is None and self.chance.random() < 0.03
        about = self.chance.choice(WANTED)
        return Indexed(work, f"W{10**9 + work.number}", doi, day, since, about, arxiv, paratext)

    def _features(self, arxiv: tuple[ArxivPaper, ...]) -> Iterator[Feature]:
        for day in self._days():
            fresh = [p for p in arxiv if day - 3 * _DAY <= p.listed <= day]
            count = min(self._some(min(self.a_day / 6, 20), day, 0.2), len(fresh))
            for paper in self.chance.sample(fresh, count):
                since = max(self._moment(day, 5, 23), self.calendar.feed_out(paper.listed))
                slope = self.chance.expovariate(1.0)
                yield Feature(paper, day, since, slope)
                if self.chance.random() < 0.01:  # some stand on two dates
                    yield Feature(paper, day + _DAY, self._moment(day + _DAY, 5, 23), slope)
