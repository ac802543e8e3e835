"""When an invented arXiv announces: New York's time, cut-off 14:00, none of it on a holiday."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_CUT_OFF = time(14)
_FEED_OUT = time(0, 10)  # of the listing's date
_RECORD_OUT = time(22, 30)  # of the evening before
_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Listings are dated Monday to Friday; `holidays` are working days without a cut-off.

    The listing of the working day after a holiday is missing; its papers come with the next one.
    """

    holidays: frozenset[date] = frozenset()

    def lists_on(self, day: date) -> bool:
        """Whether there is a listing of this date."""
        before = day - (3 if day.weekday() == 0 else 1) * _DAY
        return day.weekday() < _SATURDAY and before not in self.holidays

    def listing_of(self, submitted: datetime) -> date:
        """The listing that a submission comes with."""
        local = submitted.astimezone(NEW_YORK)
        cut_off = local.date() + (_DAY if local.time() >= _CUT_OFF else timedelta())
        while cut_off.weekday() >= _SATURDAY or cut_off in self.holidays:
            cut_off += _DAY
        return self.next_listing(cut_off)

    def next_listing(self, day: date) -> date:
        """The first listing after a date."""
        day += _DAY
        while not self.lists_on(day):
            day += _DAY
        return day

    def feed_out(self, listing: date) -> datetime:
        """When a listing is in the feed, and in the API."""
        return datetime.combine(listing, _FEED_OUT, NEW_YORK).astimezone(UTC)

    def record_out(self, listing: date) -> datetime:
        """When its records are changed in OAI-PMH."""
        return datetime.combine(listing - _DAY, _RECORD_OUT, NEW_YORK).astimezone(UTC)

    def shown(self, now: datetime) -> date:
        """The date that a feed speaks of at a moment: there may be no listing of it."""
        local = now.astimezone(NEW_YORK)
        before = local.time() < _FEED_OUT
        return local.date() - (_DAY if before else timedelta())
