"""One run: collect → edit → greet → post, each reading what the one before left in the store."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from digest.alerts import Told
from digest.collect import collect
from digest.edit import MOST_KEPT, EditReport, due_shards
from digest.errors import EncoderError, TemplateError, UsageError
from digest.grammar.address import NOBODY
from digest.greet import Greeter, GreetReport
from digest.localtime import local_date
from digest.model import Edition, Interest
from digest.post import PostReport, post, sweep
from digest.progress import Progress, Quiet
from digest.readers import find_configured, keep_configured, passing_reader
from digest.readers.moving import carry_out_moves
from digest.shelves import keep_libraries, look_up_liked
from digest.sources import Request
from digest.store.readers import Due
from digest.visiting import SourceReport
from digest.wiring import House, editor_of

_MEANWHILE, _MOMENT = timedelta(minutes=1), timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Order:
    """What one run is asked to do.

    `on` is a date asked for by hand; `interest` makes an unsaved reader; `limit` caps the picks
    of everyone; `dry` stores no edition and sends nothing. `by_hand`, a person looks on: what
    failed before is tried again at once.
    """

    on: date | None = None
    interest: Interest | None = None
    limit: int | None = None
    dry: bool = False
    by_hand: bool = False


@dataclass(slots=True)
class RunReport:
    """What each step did."""

    date: date
    collected: list[SourceReport] = field(default_factory=list)
    edited: EditReport = field(default_factory=EditReport)
    drafts: list[Edition] = field(default_factory=list)
    had_already: list[Due] = field(default_factory=list)
    greeted: GreetReport = field(default_factory=GreetReport)
    posted: PostReport = field(default_factory=PostReport)
    told: Told = field(default_factory=Told)

    @property
    def exit_code(self) -> int:
        """0 where nothing needs a person's attention, else 1."""
        troubled = any(source.failed for source in self.collected) or self.edited.failed
        well = self.posted.in_order and not self.told.mail_broken
        return 0 if well and not troubled else 1


def run(
    house: House,
    order: Order,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    stopping: Callable[[], bool],
) -> RunReport:
    """Do the three steps once, for every reader who is due.

    Raises:
        ClockError: when the clock is behind what an earlier run saw; nothing was done.
    """
    now = clock()
    house.store.clock.keep(now)
    house.store.keys.renew(now)
    day = order.on or local_date(house.settings.zone, now)
    report = RunReport(day)
    request = Request(day, now, at_once=order.by_hand)
    readers = _readers(house, order, day, now)

    meanwhile = _Meanwhile(house, clock, stopping, now)
    report.collected = collect(
        house.store,
        house.sources,
        request,
        progress=progress,
        stopping=stopping,
        meanwhile=(lambda: None) if order.dry else meanwhile.post,
    )
    report.posted = meanwhile.posted
    report.collected += _libraries(house, order, request)
    if house.liked_papers and (
        looked_up := look_up_liked(house.store, house.liked_papers, request)
    ):
        report.collected.append(looked_up)

    editor = editor_of(house, order.limit, day, now, progress)
    if stopping():
        return report
    if order.dry:
        editor.desks.only_look()
        for shard in _shards(house, readers, order, now, report):
            drafts = editor.draft(shard, report.edited)
            report.drafts += drafts[: MOST_KEPT - len(report.drafts)]
        return report
    # What expired was never seen: its papers are open again for the editions made now.
    swept = sweep(house.store, house.channel, now)
    shards = _shards(house, readers, order, now, report)
    broken: EncoderError | TemplateError | None = None
    try:
        report.edited = editor.edit(shards, house.channel.name, now, stopping)
    except (EncoderError, TemplateError) as error:  # what was made before is posted all the same
        broken = error
    try:
        report.greeted = greet_waiting(house, now)
    except TemplateError as error:
        broken = broken or error

    if order.by_hand:
        house.store.deliveries.try_now(house.channel.name, clock())
        house.store.channels.try_now(house.channel.name, clock())
    report.posted = post_waiting(house, clock, progress, stopping)
    report.posted.add(meanwhile.posted)
    report.posted.take_in(swept)
    if broken is not None:
        raise broken
    if editor.desks.ranked and not stopping():
        house.catalogue.learn()  # takes seconds: after the mails, for tomorrow's
    return report


@dataclass(slots=True)
class _Meanwhile:
    """Mails that wait while services are asked: who subscribes looks into the mailbox now."""

    house: House
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    last: datetime
    posted: PostReport = field(default_factory=PostReport)

    def post(self) -> None:
        """Greet and post, once a minute and for a moment; the run's own post does the rest."""
        now = self.clock()
        if abs(now - self.last) < _MEANWHILE:
            return
        end = now + _MOMENT
        with suppress(TemplateError):  # told by the run itself, when it greets
            greet_waiting(self.house, now)
        posted = post_waiting(
            self.house, self.clock, Quiet(), lambda: self.stopping() or self.clock() >= end
        )
        self.posted.add(posted)
        self.last = self.clock()


def greet_waiting(house: House, now: datetime) -> GreetReport:
    """The mails that people asked for at a house's pages."""
    greeter = Greeter(house.store, house.office, house.links, house.settings.signups_per_hour)
    channel, per_hour = house.channel.name, house.settings.signups_per_hour
    carry_out_moves(house.store, house.office, house.links, channel, per_hour, now)
    return greeter.greet(channel, now)


def post_waiting(
    house: House, clock: Callable[[], datetime], progress: Progress, stopping: Callable[[], bool]
) -> PostReport:
    """Step 3 of a house: whatever waits."""
    return post(
        house.store,
        house.channels,
        clock=clock,
        progress=progress,
        stopping=stopping,
        pace=house.pace,
    )


def _libraries(house: House, order: Order, request: Request) -> list[SourceReport]:
    """The libraries of the person of the configuration, brought up to date."""
    person = None if order.interest else find_configured(house.store)
    return keep_libraries(house.store, person, house.libraries, request) if person else []


def _readers(house: House, order: Order, day: date, now: datetime) -> Sequence[Due] | None:
    """The one unsaved reader that this run is for; None: all who are due."""
    if order.interest is None:
        keep_configured(house.store, house.settings, now)
        # Pages have readers to come; and where everyone has left, nobody is to be mailed.
        here = house.store.readers
        if house.settings.has_pages or here.count() or here.count_left():
            return None
    address = house.settings.address
    if house.channel.name == "smtp" and not address:
        raise UsageError(
            "nobody to mail: set DIGEST_ADDRESS, add readers with 'digest readers add', or write "
            "to a folder with --outbox"
        )
    limit = order.limit or house.settings.limit
    manner = house.settings.manner
    reader = passing_reader(house.store, order.interest, address or NOBODY, limit, manner, now)
    return [Due(reader, day)]


def _shards(
    house: House, readers: Sequence[Due] | None, order: Order, now: datetime, report: RunReport
) -> Iterator[Sequence[Due]]:
    if readers is None:
        report.had_already = house.store.readers.served(now, order.on)
        yield from due_shards(house.store, now, order.on)
        return
    for due in readers:
        if house.store.editions.exists(due.reader.row, due.date):
            report.had_already.append(due)
        else:
            yield [due]
