"""The doctor: looks at everything that a day needs, and says of each what mends it.

Nothing is mailed and nothing is stored; what fails does not keep the rest from being looked at.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from digest.config import Settings
from digest.coverage import lacks
from digest.delivery import Examined
from digest.delivery.outbox import Outbox
from digest.drift import Finding, ask, services
from digest.errors import (
    ChannelError,
    DigestError,
    SourceError,
    StoreError,
    UsageError,
    printable,
)
from digest.letters.proof import proof
from digest.letters.render import Press
from digest.localtime import local_date
from digest.model import Count
from digest.readers import CONFIG_NAME
from digest.sources import Request, Source
from digest.store import Store, file_of, open_to_others
from digest.store.clock import MOST_BEHIND
from digest.wiring import House, data_folder, database_of, index_folder

log = logging.getLogger(__name__)

LEAST_FREE = 200 * 1024 * 1024  # bytes
PATIENCE = 20.0  # seconds for a source's answer
_FRIDAY = 4
_NOWHERE = "sqlite://"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, whether it is well, what was seen, and what mends it."""

    topic: str
    well: bool
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Doctor:
    """Looks at one installation.

    Args:
        read_settings: reads the configuration.
        build: puts a house together from settings.
        now: the time (aware).
        network: whether services and the mail server are asked.
        clock_is_right: the owner says so: what was seen before is forgotten.
    """

    read_settings: Callable[[], Settings]
    build: Callable[[Settings], House]
    now: datetime
    network: bool = True
    clock_is_right: bool = False

    def examine(self) -> Iterator[Check]:
        """All checks, one after the other, in the order in which things are needed."""
        try:
            settings = self.read_settings()
        except DigestError as error:
            yield Check("configuration", False, str(error))
            return
        yield from _configuration(settings)
        yield from _templates(settings)
        try:
            house = self.build(settings)
        except StoreError as error:
            yield Check("database", False, str(error))
            house = self._without_database(settings)
        except DigestError as error:
            yield Check("configuration", False, str(error))
            return
        else:
            try:
                yield from self._stored(house)
            except StoreError as error:
                yield Check("database", False, str(error))
        try:
            if self.network:
                house.session.deadline = PATIENCE
                yield from (_asked(source, self.now, settings.zone) for source in house.sources)
            yield from self._channel(house)
        finally:
            house.close()

    def examine_live(self, names: Sequence[str] = ()) -> Iterator[Check]:
        """Ask services one small question by each of their ways, and say what has changed.

        Args:
            names: of services, configured or not; none: all that are configured.

        Raises:
            UsageError: for a name that is no service's.
        """
        unknown = [name for name in names if name not in services.names()]
        if unknown:
            known = ", ".join(services.names())
            raise UsageError(f"{unknown[0]!r} is no service: there are {known}")
        try:
            settings = self.read_settings()
            house = self._house(settings)
        except DigestError as error:
            yield Check("configuration", False, str(error))
            return
        try:
            house.session.deadline = PATIENCE
            day = _working_day(local_date("UTC", self.now))
            for name in names or settings.sources:
                asked = services.questions_of(name, settings, day)
                if not asked:
                    yield Check(name, False, "nothing to ask it for", "set DIGEST_FEEDS")
                yield from (_found(ask(house.session, question)) for question in asked)
        finally:
            house.close()

    def _house(self, settings: Settings) -> House:
        """A house, with its database where that can be used: it holds the budgets of hosts."""
        try:
            return self.build(settings)
        except StoreError:
            return self._without_database(settings)

    def _without_database(self, settings: Settings) -> House:
        """What does not need the database can be looked at all the same."""
        return self.build(replace(settings, database=_NOWHERE))

    def _stored(self, house: House) -> Iterator[Check]:
        """What the database and the machine under it are like."""
        store, settings = house.store, house.settings
        address = database_of(settings)
        yield Check("database", True, f"opens: {address.rpartition('@')[2]}")
        yield _writable(store)
        for finding in store.health.examine():
            yield Check("database", finding.well, finding.said, finding.mend)
        yield from _private(address)
        yield _room(address)
        yield self._clock(store)
        yield from _readers(store)
        yield _index(house)
        for trouble in store.troubles.open():
            since = f"{trouble.since:%Y-%m-%d %H:%M} UTC"
            yield Check(trouble.topic, False, f"since {since}: {printable(trouble.text)}")

    def _clock(self, store: Store) -> Check:
        shown = f"{self.now:%Y-%m-%d %H:%M} UTC"
        if self.clock_is_right:
            store.clock.reset(self.now)
            store.troubles.end("clock", self.now)
            return Check("clock", True, f"{shown} is taken for right from now on")
        seen = store.clock.seen()
        if seen is not None and seen - self.now > MOST_BEHIND:
            return Check(
                "clock",
                False,
                f"it shows {shown}, but a run saw {seen:%Y-%m-%d %H:%M} UTC: nothing is sent",
                "set the clock; or, if it is right now, 'digest doctor --clock-is-right'",
            )
        return Check("clock", True, shown)

    def _channel(self, house: House) -> Iterator[Check]:
        """Whether mails can leave, and whether the store still believes that they cannot."""
        channel = house.channel
        state = house.store.channels.state(channel.name)
        wanted = self.network or isinstance(channel, Outbox)
        if wanted and isinstance(channel, Examined):
            try:
                yield Check("mail", True, channel.check())
            except ChannelError as error:
                yield Check("mail", False, str(error))
                return
        if state.failures:
            again = f"{state.retry_at:%Y-%m-%d %H:%M} UTC" if state.retry_at else "soon"
            yield Check(
                "mail",
                False,
                f"it did not work before: {printable(state.problem or 'no reason is known')}",
                f"tried again from {again} on, and at once by 'digest run'",
            )


def _configuration(settings: Settings) -> Iterator[Check]:
    file = settings.file or "no file, only the environment"
    if not settings.warnings:
        yield Check("configuration", True, str(file))
    for warning in settings.warnings:
        yield Check("configuration", False, warning)
    if settings.smtp_host and not (settings.owner or settings.address):
        yield Check(
            "configuration",
            False,
            "nobody is told by mail when something goes wrong",
            "set DIGEST_OWNER to your address",
        )


def _templates(settings: Settings) -> Iterator[Check]:
    """The templates of the person who runs this, proofed as before a run."""
    if settings.templates is None:
        return
    press = Press(settings.templates)
    found = proof(press)
    for finding in found:
        yield Check("templates", False, f"{finding.where}: {finding.said}", finding.mend)
    if not found:
        names = ", ".join(press.replaced) or "none"
        yield Check("templates", True, f"replaced by {settings.templates}: {names}")


def _writable(store: Store) -> Check:
    try:
        store.health.writable()
    except StoreError as error:
        return Check("database", False, str(error))
    return Check("database", True, "can be written to")


def _private(address: str) -> Iterator[Check]:
    """Files of the database that others on this machine can read."""
    for file in open_to_others(file_of(address)):
        said = f"others on this machine can read {file}: addresses, letters and keys"
        yield Check("database", False, said, f"chmod 600 {file}")


def _room(address: str) -> Check:
    """How much room the disk of the database has left; the data folder's for a server's."""
    file = file_of(address)
    folder = file.resolve().parent if file else data_folder()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / 2**30:.1f} GiB free at {folder}"
    return Check("disk", free >= LEAST_FREE, said, "" if free >= LEAST_FREE else "make room")


def _readers(store: Store) -> Iterator[Check]:
    """How many there are, and who gets less or more than was meant."""
    count, bare = store.readers.count(), store.health.without_interests()
    trending = f"; {bare} without interests get what everyone reads" if bare else ""
    yield Check("readers", True, f"{count}{trending}")
    if person := store.readers.left(CONFIG_NAME):
        said = f"{person.address}, the person of the configuration, has unsubscribed"
        yield Check("readers", True, f"{said}: 'digest readers resume {person.address}' undoes it")
    for address in store.health.doubled():
        yield Check(
            "readers",
            False,
            f"{address} is a reader twice and gets two mails",
            f"'digest readers remove {address}', or change DIGEST_ADDRESS",
        )
    suppressed = store.overview.suppressed_count()
    for reader in store.bounces.suppressed(_NAMED):
        yield Check(
            "readers",
            False,
            f"{reader.address} gets no mail since {reader.since:%Y-%m-%d}: its mailbox refused",
            f"'digest readers resume {reader.address}'",
        )
    if suppressed > _NAMED:
        yield Check("readers", False, f"… and so do {suppressed - _NAMED} more")


def _index(house: House) -> Check:
    """The index of papers; whoever needs a missing one makes it, so that it costs time alone."""
    folder = index_folder(house.settings)
    if folder is None or folder.is_dir():
        return Check("index", True, str(folder or "in memory"))
    papers = house.store.papers.count()
    return Check("index", True, f"none yet: {papers} papers are read when interests ask for them")


def _found(finding: Finding) -> Check:
    """What a service answered, held against what is read of it."""
    question = finding.question
    name = f"{question.source}, {question.way}"
    seen = f"{finding.entries} entries in {finding.seconds:.1f} s" if finding.entries else ""
    if finding.well:
        said = "; ".join(filter(None, (seen, "all that is read is there", *finding.remarks)))
        return Check(name, True, said if finding.entries else "; ".join(finding.remarks))
    said = "; ".join((*finding.faults, *filter(None, (seen,)), *finding.remarks))
    return Check(name, False, said, _mend(finding))


def _mend(finding: Finding) -> str:
    if finding.asked_to_wait:
        return "it wants to be left alone for a while; it is asked again by itself after that"
    if finding.question.foreign and finding.answered:
        return _NO_FEED
    return _CHANGED if finding.answered else _NO_ANSWER


_NO_ANSWER = (
    "look at this machine's network; where other services answer, ask this one again in an hour: "
    "it may be away, or have changed (then look for a newer version, and report it)"
)
_NO_FEED = (
    "look at the address in DIGEST_FEEDS with a browser: where it shows a page, the page often "
    "names its feed's own address; where the feed has ended, take it out"
)
_CHANGED = (
    "ask again in an hour; where it stays so, the service has changed: look for a newer version, "
    "and report it. What it announces meanwhile is caught up with for a month"
)


def _working_day(today: date) -> date:
    """A day whose papers are out with every service: two days ago, or the Friday before."""
    day = today - timedelta(days=2)
    return day - timedelta(days=max(day.weekday() - _FRIDAY, 0))


def _asked(source: Source, now: datetime, zone: str) -> Check:
    """A source's answer for today, as far as its first papers; nothing of it is kept."""
    name = f"source {source.name}"
    try:
        for batch in source.fetch(Request(local_date(zone, now), now, at_once=True)):
            today = now.astimezone(UTC).date()
            wrong = [count for count in batch.counts if lacks(count, today)]
            if wrong:
                return Check(name, False, _lacking(wrong[0]), _ASKED_AGAIN)
            if batch.cut:
                return Check(name, False, batch.cut)
            if batch.read:
                return Check(name, True, f"answers: {batch.read} papers in its first part")
    except SourceError as error:
        return Check(name, False, error.problem, _ASKED_AGAIN)
    except Exception as error:
        log.exception("source %s", source.name)
        return Check(name, False, f"an error in this program ({error}): see the log")
    return Check(name, True, "answers: nothing is announced at the moment")


_ASKED_AGAIN = "it is asked again by itself; DIGEST_SOURCES says which sources are asked"


def _lacking(count: Count) -> str:
    """What is wrong with a part of a source."""
    said = count.said or count.standing.value
    return printable(f"{count.part}: {said}" if count.part else said)
