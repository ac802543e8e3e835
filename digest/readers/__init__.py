"""What can be done to and by a reader; the command line uses it, later the web and the mailbox."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from digest.config import Settings
from digest.errors import ConfigError, UsageError
from digest.grammar.address import NOBODY, lookup_key, parse_address
from digest.grammar.interests import format_interest
from digest.localtime import local_date
from digest.model import Interest, Manner, Reader, ReaderKind, Schedule
from digest.store import Store

CONFIG_NAME = "config"
MAX_INTERESTS = 50
MAX_NAME = 100
USUAL = Manner()


def subscribe(
    store: Store,
    address: str,
    interests: Sequence[Interest],
    schedule: Schedule,
    limit: int,
    now: datetime,
    manner: Manner = USUAL,
) -> Reader:
    """Save a new reader.

    Raises:
        UsageError: for a bad address, or one that is a reader already.
    """
    address = parse_address(address)
    known = find(store, address)
    if known is not None and known.kind is ReaderKind.CONFIG:
        raise UsageError(
            f"{address} is a reader already, the person of the configuration: change the DIGEST_ "
            "keys in config.env"
        )
    if known is not None:
        raise UsageError(
            f"{address} is a reader already: change it with 'digest readers edit {address}'"
        )
    reader = Reader(
        name=lookup_key(address),
        address=address,
        kind=ReaderKind.SAVED,
        interests=_checked(interests),
        schedule=schedule,
        limit=limit,
        manner=manner,
    )
    return store.readers.save(reader, now)


def change(store: Store, changed: Reader, now: datetime) -> Reader:
    """Save a reader with other interests, schedule, limit or manner.

    Raises:
        UsageError: for the person of the configuration, who is changed there, and for a reader who
            left meanwhile.
    """
    _only_saved(changed)
    changed = replace(changed, interests=_checked(changed.interests))
    if not store.readers.change(changed, now):
        raise UsageError(f"{changed.address} left meanwhile: nothing was changed")
    return changed


def pause(store: Store, address: str, until: date, now: datetime) -> Reader:
    """Let a reader have no edition before a date; what waits to be sent is not sent.

    Raises:
        UsageError: for an unknown address, the person of the configuration, and a date that is not
            to come where the reader is.
    """
    return pause_reader(store, get(store, address), until, now)


def pause_reader(store: Store, reader: Reader, until: date, now: datetime) -> Reader:
    """Let this very reader have no edition before a date, unless it left meanwhile.

    Raises:
        UsageError: see `pause`.
    """
    if reader.kind is ReaderKind.CONFIG:
        raise UsageError(
            f"{reader.address} is the person of the configuration: set "
            f"DIGEST_PAUSE_UNTIL={until} in config.env"
        )
    today = local_date(reader.schedule.zone, now)
    if until <= today:
        raise UsageError(f"it is {today} already in {reader.schedule.zone}: name a later date")
    schedule = replace(reader.schedule, paused_until=until)
    return change(store, replace(reader, schedule=schedule), now)


def resume(store: Store, address: str, now: datetime) -> Reader:
    """End a pause, mail a reader again whose mailbox had refused too often, or who had left.

    Raises:
        UsageError: for an unknown address, and where the configuration has the pause.
    """
    gone = find_left(store, address)
    if gone is not None:
        store.readers.resubscribe(gone.handle, now)
    return end_pause(store, get(store, address), now)


def end_pause(store: Store, reader: Reader, now: datetime) -> Reader:
    """End a reader's pause, and mail it again where its mailbox had refused too often.

    Who left meanwhile stays away.

    Raises:
        UsageError: where the configuration has the pause, and for a reader who left meanwhile.
    """
    store.bounces.forgive(reader.name)
    if paused(reader, now) is None:
        return reader
    if reader.kind is ReaderKind.CONFIG:
        raise UsageError(
            f"{reader.address} is the person of the configuration: take DIGEST_PAUSE_UNTIL out of "
            "config.env"
        )
    schedule = replace(reader.schedule, paused_until=None)
    return change(store, replace(reader, schedule=schedule), now)


def paused(reader: Reader, now: datetime) -> date | None:
    """Until when a reader pauses; None for one who does not, or whose pause is over."""
    until = reader.schedule.paused_until
    return until if until and until > local_date(reader.schedule.zone, now) else None


def leave(store: Store, address: str) -> Reader:
    """Remove a reader with all that is stored about it.

    Raises:
        UsageError: for an unknown address and for the person of the configuration.
    """
    reader = find_left(store, address) or get(store, address)
    erase(store, reader)
    return reader


def erase(store: Store, reader: Reader) -> None:
    """Remove a reader with all that is stored about it, its address in mails it asked for, too.

    Raises:
        UsageError: for the person of the configuration.
    """
    _only_saved(reader)
    # It may move just now: then it has another handle and address, and is looked up once more.
    while (known := store.readers.numbered(reader.row)) is not None:
        store.signups.forget(known.reader.address)
        store.knocks.forget(known.reader.address)
        store.moves.forget(known.reader.handle)
        store.readers.remove(known.reader.handle)


def get(store: Store, address: str) -> Reader:
    """The reader with this address.

    Raises:
        UsageError: where there is none.
    """
    reader, gone = addressed(store, address)
    if reader is None and gone is not None:
        known = store.readers.numbered(gone.row)
        since = f" on {known.left:%Y-%m-%d}" if known and known.left else ""
        raise UsageError(
            f"{address} has unsubscribed{since}: 'digest readers resume {address}' takes that back"
        )
    asked = store.signups.asked(_normal(address)) if reader is None else None
    if asked is not None:
        raise UsageError(
            f"{address} is no reader yet: asked on {asked:%Y-%m-%d}, not confirmed yet"
        )
    if reader is None:
        raise UsageError(f"{address} is no reader here: 'digest readers list' shows all")
    return reader


def find(store: Store, address: str) -> Reader | None:
    """The reader with this address, be it saved or the person of the configuration."""
    return addressed(store, address)[0]


def find_left(store: Store, address: str) -> Reader | None:
    """The reader with this address who wants no mail any more; all else of it is kept."""
    return addressed(store, address)[1]


def addressed(store: Store, address: str) -> tuple[Reader | None, Reader | None]:
    """Who gets editions at an address, and who wants none there any more; asked for at once."""
    wanted = lookup_key(_normal(address))
    known = store.readers.named((wanted, CONFIG_NAME))
    saved, person = known.get(wanted), known.get(CONFIG_NAME)
    if person and lookup_key(person.reader.address) != wanted:
        person = None
    if saved and saved.active and saved.reader.kind is not ReaderKind.SAVED:
        saved = None
    every = [one for one in (saved, person) if one]
    found = next((one.reader for one in every if one.active), None)
    return found, next((one.reader for one in every if not one.active), None)


def linked(store: Store, handle: str) -> Reader | None:
    """The reader whom a link names, also one who wants no mail; None for one who is gone."""
    known = store.readers.linked(handle)
    return known.reader if known else None


def find_configured(store: Store) -> Reader | None:
    """The person of the configuration, as it was last kept."""
    return store.readers.find(CONFIG_NAME)


def keep_configured(store: Store, settings: Settings, now: datetime) -> Reader | None:
    """Bring the person of the configuration into the store, or let it rest where there is none.

    One who unsubscribed stays away until 'digest readers resume', or another address.

    Raises:
        ConfigError: where that address is a saved reader too.
    """
    if not settings.names_a_reader:
        if store.readers.find(CONFIG_NAME):
            store.readers.rest(CONFIG_NAME)
        return None
    address = settings.address or NOBODY
    if store.readers.find(lookup_key(address)):
        where = settings.file or "environment"
        raise ConfigError(
            f"{where}: DIGEST_ADDRESS {address} is a saved reader too and would get two mails: "
            f"remove one, here or with 'digest readers remove {address}'"
        )
    gone = store.readers.left(CONFIG_NAME)
    if gone is not None and gone.address == address:
        return None  # it left by a link: the same configuration does not call it back
    person = Reader(
        name=CONFIG_NAME,
        address=address,
        kind=ReaderKind.CONFIG,
        interests=_checked(settings.all_interests),
        schedule=settings.schedule,
        limit=settings.limit,
        manner=settings.manner,
    )
    known = store.readers.find(CONFIG_NAME)
    if known is not None and replace(person, number=known.number) == known:
        return known
    if known is not None and known.address == address:  # unless it leaves by a link just now
        person = replace(person, number=known.number, handle=known.handle)
        return person if store.readers.change(person, now) else None
    return store.readers.save(person, now)


def passing_reader(
    store: Store,
    interest: Interest | None,
    address: str | None,
    limit: int,
    manner: Manner,
    now: datetime,
) -> Reader:
    """A reader for one command line, told apart from saved ones by what it asks for.

    The same interest is the same reader, so that nothing reaches it twice.
    """
    text = format_interest(interest) if interest else "trending"
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return store.readers.save(
        Reader(
            name=f"unsaved {text[:200]} {mark}",
            address=address or NOBODY,
            kind=ReaderKind.UNSAVED,
            interests=(interest,) if interest else (),
            limit=limit,
            manner=manner,
        ),
        now,
    )


def _normal(address: str) -> str:
    """An address in its normal form where it has one."""
    try:
        return parse_address(address)
    except UsageError:
        return address.strip()


def _only_saved(reader: Reader) -> None:
    if reader.kind is ReaderKind.CONFIG:
        raise UsageError(
            f"{reader.address} is the person of the configuration: change the DIGEST_ keys in "
            "config.env"
        )


def _checked(interests: Sequence[Interest]) -> tuple[Interest, ...]:
    if len(interests) > MAX_INTERESTS:
        raise UsageError(f"more than {MAX_INTERESTS} interests: join some of them")
    names = [interest.name for interest in interests]
    for name in names:
        if len(name) > MAX_NAME:
            raise UsageError(f"the name {name[:40]!r}… is longer than {MAX_NAME} characters")
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two interests are called {name!r}: give each its own name")
    return tuple(interests)
