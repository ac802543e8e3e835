"""A run with somebody watching: what went wrong is kept, and the owner is told once a day."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from digest.alerts import Told
from digest.errors import ClockError, ConfigError, StoreError, TemplateError, UsageError
from digest.progress import Progress
from digest.run import Order, RunReport, post_waiting, run
from digest.wiring import House

MOST_NAMED = 5


def watched_run(
    house: House,
    order: Order,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    stopping: Callable[[], bool],
) -> RunReport:
    """Do a run, note its troubles, and send the day's alert where something needs a person.

    Raises:
        DigestError: what ended the run; the owner is told of it, except of settings, which whoever
            started the run is told, and of the store, in which nothing can be kept.
    """

    def tell(*, halted: bool = False) -> Told:
        told = house.alarm.tell(clock(), halted=halted)
        if told.queued and not (told.mail_broken or halted):
            post_waiting(house, clock, progress, stopping)
        return told

    try:
        report = run(house, order, clock=clock, progress=progress, stopping=stopping)
    except (ConfigError, UsageError, StoreError):
        raise
    except Exception as error:
        if not order.dry:
            with suppress(StoreError):
                house.store.troubles.note(_topic(error), str(error) or repr(error), clock())
                tell(halted=isinstance(error, ClockError))
        raise
    if not order.dry:
        _note_troubles(house, report, clock())
        report.told = tell()
    return report


def _topic(error: Exception) -> str:
    if isinstance(error, ClockError):
        return "clock"
    return "template" if isinstance(error, TemplateError) else "run"


def _note_troubles(house: House, report: RunReport, now: datetime) -> None:
    """Keep what leaves no other trace, and end what is over."""
    troubles, edited = house.store.troubles, report.edited
    if edited.failed:
        named = ", ".join(reader.address for reader in edited.failed[:MOST_NAMED])
        troubles.note("edit", f"{len(edited.failed)} readers: {named}", now)
    if house.office.press.fault:
        troubles.note("template", house.office.press.fault, now)
    over = {"run", "clock"}
    if not house.office.press.fault:
        over.add("template")
    if (edited.made or edited.nothing_new) and not edited.failed:
        over.add("edit")
    for trouble in troubles.open():
        if trouble.topic in over:
            troubles.end(trouble.topic, now)
