"""Days of collecting from the invented services, and an account of what became of every paper."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy import delete

from digest.collect import collect
from digest.identity import title_key
from digest.intake.http import PoliteSession
from digest.model import Covered
from digest.progress import Quiet
from digest.sources import Request
from digest.sources.services import open_service
from digest.store import Store, open_store
from digest.store.schema_asking import coverage, source_notes
from digest.visiting import SourceReport
from tests.replay.rota import Rota
from tests.replay.server import Services, serving_world
from tests.replay.world import Announced, World

RUNS = (time(5, 23), time(11, 41), time(17, 12), time(22, 37))  # UTC
CALM = 2  # days without faults at the end
DEADLINE = 1.5  # seconds of an answer


@dataclass(frozen=True, slots=True)
class Plan:
    """Which days, at which times of day, with which faults.

    `forgetful`: nothing is caught up; `stops` is the share of runs that are asked to stop soon.
    """

    world: World
    first: date
    days: int
    rota: Rota
    runs: Sequence[time] = RUNS
    forgetful: bool = False
    stops: float = 0.15


@dataclass(slots=True)
class Account:
    """What became of the papers that were announced since the first run.

    `late` came after the day (UTC) on which they could have been read; `folded` are announcements
    of works that another announcement had brought; `doubled` are rows too many for one work;
    `claims` are counts that called a part complete while papers of it were not there.
    """

    announced: int = 0
    read: int = 0
    late: int = 0
    folded: int = 0
    lost: list[Announced] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    misdated: int = 0
    claims: list[str] = field(default_factory=list)
    requests: int = 0
    stopped: int = 0
    most_at_once: int = 0
    faults: int = 0
    by_source: dict[str, dict[str, int]] = field(default_factory=dict)
    reports: list[tuple[datetime, SourceReport]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is lost or doubled."""
        return not self.lost and not self.doubled


def live(plan: Plan, address: str, tell: Callable[[str], None] = lambda _: None) -> Account:
    """Collect through all days of a plan into the database at `address`."""
    begin = datetime.combine(plan.first, plan.runs[0], UTC)
    with serving_world(plan.world, begin) as services:
        services.faults = plan.rota.faults
        store = open_store(address)
        try:
            return _Life(plan, services, store, tell, begin).through()
        finally:
            store.close()


@dataclass(slots=True)
class _Life:
    plan: Plan
    services: Services
    store: Store
    tell: Callable[[str], None]
    begin: datetime
    account: Account = field(default_factory=Account)
    known: dict[Announced, datetime] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)

    @property
    def end(self) -> datetime:
        """When the days with faults are over."""
        return datetime.combine(self.plan.first, time(), UTC) + timedelta(days=self.plan.days)

    def through(self) -> Account:
        """Every run of every day, then the reckoning."""
        for now in self._moments():
            self.services.now = now
            self._run(now)
            self._look(now)
        self._reckon()
        return self.account

    def _moments(self) -> Iterator[datetime]:
        for number in range(self.plan.days + CALM):
            day = self.plan.first + timedelta(days=number)
            if day not in self.plan.rota.down:
                yield from (datetime.combine(day, hour, UTC) for hour in self.plan.runs)

    def _run(self, now: datetime) -> None:
        """One run as `digest run` does it, by a process that begins anew."""
        settings = self.services.refusing(self.services.settings())
        session = PoliteSession(
            "owner@example.org",
            spacing=0.0,
            deadline=DEADLINE,
            sleep=lambda _: None,
            now=lambda: now,
            private_hosts=frozenset(settings.private_hosts),
        )
        sources = [open_service(name, session, settings) for name in settings.sources]
        request = Request(now.date(), now)
        stopping = self._stopping(now)
        reports = collect(self.store, sources, request, progress=Quiet(), stopping=stopping)
        self.account.stopped += stopping()
        self.account.reports += [(now, report) for report in reports]
        if self.plan.forgetful:
            with self.store.engine.begin() as connection:
                connection.execute(delete(coverage))
                connection.execute(delete(source_notes))
        for report in reports:
            if said := report.problem or report.skipped or "; ".join(report.troubles[:1]):
                self.tell(f"{now:%d %H:%M} {report.source}: {said}")

    def _stopping(self, now: datetime) -> Callable[[], bool]:
        """Whether the run is asked to stop: some are, after they looked a few times."""
        chance = Random(now.isoformat())
        looks = chance.randrange(20) if chance.random() < self.plan.stops else None
        if looks is None or now >= self.end:
            return lambda: False
        left = iter(range(looks))
        return lambda: next(left, None) is None

    def _look(self, now: datetime) -> None:
        """Which announced papers are in the store now, and which counts say too much."""
        out = [one for one in self._announced() if one.at <= now]
        waiting = [one for one in out if one not in self.known]
        there = self.store.papers.known_keys(_key(one) for one in waiting)
        self.known.update((one, now) for one in waiting if _key(one) in there)
        missing = [one for one in out if one not in self.known]
        first = self.begin.date() - timedelta(days=1)
        for seen in self.store.coverage.between(first, now.date()) if missing else ():
            if seen.count.standing.settled:
                self.claimed.update(
                    f"{one.source} {seen.count.part} {seen.date}: {one.key}"
                    for one in missing
                    if _speaks_of(seen, one)
                )

    def _announced(self) -> Iterator[Announced]:
        return (one for one in self.plan.world.announced if self.begin <= one.at < self.end)

    def _reckon(self) -> None:
        account, works = self.account, set[int]()
        for one in self._announced():
            account.announced += 1
            row = account.by_source.setdefault(
                one.source, dict.fromkeys(("announced", "read", "late", "lost"), 0)
            )
            row["announced"] += 1
            seen = self.known.get(one)
            if seen is None:
                account.lost.append(one)
                row["lost"] += 1
                continue
            account.read += 1
            row["read"] += 1
            late = seen.date() > one.at.date()
            account.late += late
            row["late"] += late
            account.folded += one.work.number in works
            works.add(one.work.number)
        account.doubled = self._doubled(works)
        account.misdated = self._misdated()
        account.claims = sorted(self.claimed)
        account.requests = len(self.services.asked)
        account.faults = sum(bool(asked.faults) for asked in self.services.asked)
        account.most_at_once = self.services.most_at_once

    def _doubled(self, works: set[int]) -> list[int]:
        """Works that stand in more than one row."""
        titles = {one.work.number: one.work.title for one in self.plan.world.announced}
        found = []
        for number in sorted(works):
            keys = {*self.plan.world.keys_of[number], title_key(titles[number])}
            if len(set(self.store.papers.numbers_by_keys(keys).values())) > 1:
                found.append(number)
        return found

    def _misdated(self) -> int:
        """New papers of arXiv that stand under another date than that of their listing."""
        first = {one.key: one.date for one in reversed(list(self._announced()))
                 if one.source == "arxiv"}  # fmt: skip
        numbers = self.store.papers.numbers_by_keys(first)
        stored = self.store.papers.by_numbers(set(numbers.values()))
        before = {e.key for e in self.plan.world.announced if e.at < self.begin and e.key}
        return sum(
            key not in before and _shown_otherwise(stored[number].announced, day)
            for key, number in numbers.items()
            for day in [first[key]]
        )


def _shown_otherwise(stored: date | None, listed: date) -> bool:
    return stored is None or stored > listed


def _speaks_of(seen: Covered, one: Announced) -> bool:
    """Whether a count, made when a paper was out, is of the part and date that it belongs to."""
    if seen.source != one.source or seen.asked < one.at:
        return False
    if one.source in ("feeds", "openalex"):  # have a count a visit, of all that is shown then
        return any(seen.count.part.endswith(part) for part in one.parts)
    whole = not seen.count.part
    return seen.date == one.date and (whole or seen.count.part in one.parts)


def _key(one: Announced) -> str:
    return one.key or title_key(one.work.title)


def lines(account: Account) -> list[str]:
    """The account, source by source, and all together."""
    said = [f"{'':12}announced   read   late   lost"]
    for source, row in sorted(account.by_source.items()):
        said.append(f"{source:12}{row['announced']:9}{row['read']:7}{row['late']:7}{row['lost']:7}")
    return said
