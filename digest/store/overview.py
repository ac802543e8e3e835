"""The overview: what `digest status` and the alerts ask of all days, sources and readers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, func, select

from digest.store.channels import ChannelState
from digest.store.engine import reading
from digest.store.schema import channels, deliveries, readers
from digest.store.schema_asking import visits
from digest.store.states import NEVER_SEEN, Kind, State

_OLDEST = timedelta(days=31)  # how long a mail can have been queued when its end is known


@dataclass(frozen=True, slots=True)
class Collected:
    """How many papers all sources announced for a date, and how many of them were read.

    `announced` is None where no source said; `incomplete` names sources not read to their end.
    """

    read: int
    announced: int | None
    incomplete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """A source without a complete visit: since when, for how many dates, and what it said last.

    `since` is its last complete visit, or else its first one.
    """

    source: str
    since: datetime
    dates: int
    problem: str


@dataclass(frozen=True, slots=True)
class Lost:
    """An edition's mail that did not arrive, or may not have."""

    number: int
    date: date
    recipient: str
    state: State
    answer: str


@dataclass(frozen=True, slots=True)
class LastAlert:
    """The date of an alert, when it was queued, and whether it never reached the owner."""

    date: date
    queued: datetime
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """Questions over all that is stored. Each method is one transaction."""

    engine: Engine

    def collected(
        self, first: date, last: date, aside: Sequence[str] = ()
    ) -> dict[date, Collected]:
        """What was collected for the dates from first to last, leaving out some sources."""
        found: dict[date, Collected] = {}
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(visits)
                .where(visits.c.date.between(first, last), visits.c.source.not_in(aside))
                .order_by(visits.c.date, visits.c.source)
            )
            for row in rows:
                before = found.get(row.date, Collected(0, None))
                told = [n for n in (before.announced, row.announced) if n is not None]
                found[row.date] = Collected(
                    before.read + row.read,
                    sum(told) if told else None,
                    before.incomplete if row.complete else (*before.incomplete, row.source),
                )
        return found

    def editions(self, first: date, last: date) -> dict[date, dict[State, int]]:
        """How many editions' mails there are in each state, for the dates from first to last."""
        between = deliveries.c.date.between(first, last)
        found: dict[date, dict[State, int]] = {}
        with reading(self.engine) as connection:
            # All mails by an index that holds no kind, less those few that go to the owner.
            for sign, where in ((1, between), (-1, between & deliveries.c.reader_id.is_(None))):
                rows = connection.execute(
                    select(deliveries.c.date, deliveries.c.state, func.count())
                    .where(where)
                    .group_by(deliveries.c.date, deliveries.c.state)
                )
                for day, state, count in rows:
                    states = found.setdefault(day, {})
                    states[State(state)] = states.get(State(state), 0) + sign * count
        return {day: states for day, states in found.items() if any(states.values())}

    def lost(
        self, channel: str, since: datetime, most: int = 5
    ) -> tuple[dict[State, int], list[Lost]]:
        """Editions' mails that failed, expired or became uncertain after a moment.

        Args:
            channel: whose mails.
            since: the moment (aware).
            most: how many of each state are named.

        Returns:
            how many of each state, and the first of them.
        """
        counts: dict[State, int] = {}
        named: list[Lost] = []
        columns = ("id", "date", "recipient", "state", "answer")
        with reading(self.engine) as connection:
            for state in (State.UNCERTAIN, State.FAILED, State.EXPIRED):
                where = (
                    deliveries.c.channel == channel,
                    deliveries.c.state == state.value,
                    deliveries.c.not_before > since - _OLDEST,  # the index holds this one
                    deliveries.c.settled > since,
                    deliveries.c.kind == Kind.DAILY.value,
                )
                query = select(func.count()).select_from(deliveries)
                count = connection.scalar(query.where(*where))
                if not count:
                    continue
                counts[state] = count
                rows = connection.execute(
                    select(*(deliveries.c[name] for name in columns))
                    .where(*where)
                    .order_by(deliveries.c.id)
                    .limit(most)
                )
                named += [
                    Lost(row.id, row.date, row.recipient, state, row.answer or "") for row in rows
                ]
        return counts, named

    def silences(self, sources: Sequence[str]) -> list[Silence]:
        """Those of these sources whose latest visit was not complete."""
        found = []
        with reading(self.engine) as connection:
            for source in sources:
                mine = visits.c.source == source
                complete = connection.scalar(
                    select(func.max(visits.c.asked)).where(mine, visits.c.complete)
                )
                later = mine if complete is None else mine & (visits.c.asked > complete)
                rows = connection.execute(
                    select(visits.c.asked, visits.c.problem)
                    .where(later)
                    .order_by(visits.c.asked.desc())
                ).all()
                if rows:
                    since = complete or rows[-1].asked
                    found.append(Silence(source, since, len(rows), rows[0].problem or "unknown"))
        return found

    def channels_down(self) -> list[ChannelState]:
        """The channels that are out of order."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(channels).where(channels.c.failures > 0).order_by(channels.c.name)
            )
            return [ChannelState(**row._asdict()) for row in rows]

    def suppressed_count(self) -> int:
        """How many readers get no mail because their mailboxes refuse."""
        with reading(self.engine) as connection:
            query = select(func.count()).select_from(readers)
            here = query.where(readers.c.active, readers.c.suppressed.is_not(None))
            return connection.scalar(here) or 0

    def last_alert(self, now: datetime, *, seen: bool = False) -> LastAlert | None:
        """The last mail that told the owner of troubles.

        Args:
            now: the time (aware); a clock that was ahead may have left later ones.
            seen: leave out those that were refused, expired or cancelled.
        """
        mine = [
            deliveries.c.reader_id.is_(None),
            deliveries.c.kind == Kind.ALERT.value,
            deliveries.c.queued <= now,
        ]
        if seen:
            mine.append(deliveries.c.state.not_in(NEVER_SEEN))
        with reading(self.engine) as connection:
            row = connection.execute(
                select(deliveries.c.date, deliveries.c.queued, deliveries.c.state)
                .where(*mine)
                .order_by(deliveries.c.queued.desc())
                .limit(1)
            ).first()
            return LastAlert(row.date, row.queued, row.state in NEVER_SEEN) if row else None
