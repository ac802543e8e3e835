"""The status: what happened on the last days, and what comes next, as the store knows it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.coverage import Calendars, SourceState, by_day, states_of
from digest.localtime import local_date
from digest.sources.arxiv_ids import NAME as LOOKED_UP
from digest.store import Store
from digest.store.bounces import Suppressed
from digest.store.channels import ChannelState
from digest.store.overview import Collected
from digest.store.states import State
from digest.store.troubles import Trouble

FARTHEST_AHEAD = timedelta(days=1)  # some readers' dates are a day ahead of the owner's
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Day:
    """One date: papers collected and announced, and the editions by what became of their mails.

    `announced` is None where no source said how many there were; `incomplete` names the sources
    that were not read to their end, and not made up for since; `failed` counts those refused for
    good and those that expired.
    """

    date: date
    collected: int
    announced: int | None
    incomplete: tuple[str, ...]
    editions: int
    sent: int
    waiting: int
    uncertain: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Status:
    """The days, the latest first, and how things stand.

    `sources` are those that are asked, each with what is whole and what is missing.
    `next_run` is when the next edition is due (aware; None: nobody waits for one), `due_now`
    whether somebody's is due already. `suppressed` are the first of `suppressed_count`.
    """

    days: tuple[Day, ...]
    sources: tuple[SourceState, ...]
    due_now: bool
    next_run: datetime | None
    channels_down: Sequence[ChannelState]
    suppressed: Sequence[Suppressed]
    suppressed_count: int
    troubles: Sequence[Trouble]


def status_of(
    store: Store,
    zone: str,
    days: int,
    now: datetime,
    sources: Sequence[str],
    calendars: Calendars,
) -> Status:
    """How things stand.

    Args:
        store: what is asked.
        zone: the owner's, which says what date it is.
        days: how many dates, today's included; one more where some readers are ahead.
        now: the time (aware).
        sources: the names of those that are asked.
        calendars: of those that know on which days they announce.
    """
    today = local_date(zone, now)
    return Status(
        tuple(_days(store, today, days)),
        tuple(states_of(store, sources, calendars, now)),
        due_now=bool(store.readers.due(now, None, most=1)),
        next_run=store.readers.next_due(now),
        channels_down=store.overview.channels_down(),
        suppressed=store.bounces.suppressed(MOST_NAMED),
        suppressed_count=store.overview.suppressed_count(),
        troubles=store.troubles.open(),
    )


def _days(store: Store, today: date, days: int) -> list[Day]:
    first, last = today - timedelta(days=days - 1), today + FARTHEST_AHEAD
    collected = store.overview.collected(first, last, aside=(LOOKED_UP,))
    editions = store.overview.editions(first, last)
    told = by_day(store.coverage.between(first, last))
    whole = {place for place, one in told.items() if one.whole}
    dates = [last - timedelta(days=back) for back in range((last - first).days + 1)]
    return [
        _day(day, collected.get(day, Collected(0, None)), editions.get(day, {}), whole)
        for day in dates
        if day <= today or day in collected or day in editions
    ]


def _day(
    day: date, collected: Collected, states: dict[State, int], whole: AbstractSet[tuple[str, date]]
) -> Day:
    def count(*asked: State) -> int:
        return sum(states.get(state, 0) for state in asked)

    return Day(
        day,
        collected.read,
        collected.announced,
        tuple(source for source in collected.incomplete if (source, day) not in whole),
        editions=sum(states.values()),
        sent=count(State.SENT),
        waiting=count(State.QUEUED, State.CLAIMED, State.IN_DOUBT),
        uncertain=count(State.UNCERTAIN),
        failed=count(State.FAILED, State.EXPIRED),
        cancelled=count(State.CANCELLED),
    )
