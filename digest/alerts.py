"""Alerts: the owner is told what needs a person, at most once a day, by mail or in a file.

The mail is queued like every other, under a Message-ID of its date, so that two daemons make one.
Where mail itself is what broke, or nobody is named, the same text goes into a file beside the
database. What becomes of an alert is no reason for another.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from digest.coverage import SourceDay
from digest.coverage.alarms import gaps_of, notices_of_sources
from digest.errors import DigestError, StoreError, printable
from digest.letters import LetterOffice
from digest.letters.alert import alert_mail, alert_view, plain_text
from digest.letters.view import Notice
from digest.localtime import deadline_of, local_date
from digest.store import Store
from digest.store.bounces import Suppressed
from digest.store.channels import ChannelState
from digest.store.overview import LastAlert, Lost, Silence
from digest.store.states import Kind, State
from digest.store.troubles import Trouble

log = logging.getLogger(__name__)

DOWN = timedelta(hours=1)  # a channel that is out of order for longer needs a person
_FARTHEST = timedelta(days=7)  # how far back an alert looks
_TOLD = "told"  # the topic that remembers when a file was written for want of an address
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store knows that may need a person."""

    breakers: Sequence[ChannelState] = ()
    troubles: Sequence[Trouble] = ()
    counts: Mapping[State, int] = field(default_factory=dict)
    lost: Sequence[Lost] = ()
    silences: Sequence[Silence] = ()
    gaps: Sequence[SourceDay] = ()
    suppressed: Sequence[Suppressed] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What became of telling: a mail that was queued, a file that was written.

    `mail_broken` says that mail is out of order and needs a person, told or not.
    """

    queued: bool = False
    file: Path | None = None
    mail_broken: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """Who is told of what.

    Args:
        store: where the facts are.
        office: sets the mail.
        owner: whom it goes to; None: nobody is named, and only a file is written.
        zone: the owner's.
        channel: the channel that mails leave by.
        sources: the sources that are asked each day.
        folder: where files go; None: nowhere.
    """

    store: Store
    office: LetterOffice
    owner: str | None
    zone: str
    channel: str
    sources: tuple[str, ...]
    folder: Path | None

    def tell(self, now: datetime, *, halted: bool = False) -> Told:
        """Tell what happened since the last time, unless today's alert was made.

        Args:
            now: the time (aware).
            halted: no mail leaves at the moment, so that a file is needed too.
        """
        day = local_date(self.zone, now)
        breakers = [
            state
            for state in self.store.overview.channels_down()
            if state.name == self.channel and broken(state, now)
        ]
        mail_broken = bool(breakers)
        last = self._last(now)
        by_mail = self.owner is not None and not (last and last.date == day)
        alone = mail_broken or halted or self.owner is None or bool(last and last.lost)
        by_file = alone and self._may_write(day)
        if not (by_mail or by_file):
            return Told(mail_broken=mail_broken)
        told = self.store.overview.last_alert(now, seen=True) if last and last.lost else last
        since = max(told.queued if told else now - _FARTHEST, now - _FARTHEST)
        notices = notices_of(self.facts(breakers, since, now), now)
        if not notices:
            return Told(mail_broken=mail_broken)
        queued, text = self._queue(day, notices, now) if by_mail else (False, "")
        file = None
        if by_file or (by_mail and not text):
            file = self._write(day, text or self._text(day, notices), now)
        return Told(queued, file, mail_broken)

    def _last(self, now: datetime) -> LastAlert | None:
        """The last alert, by mail or in a file."""
        if self.owner is not None:
            return self.store.overview.last_alert(now)
        seen = self.store.troubles.seen_since(now - _FARTHEST)
        told = next((trouble for trouble in seen if trouble.topic == _TOLD), None)
        return LastAlert(local_date(self.zone, told.last), told.last) if told else None

    def facts(self, breakers: Sequence[ChannelState], since: datetime, now: datetime) -> Facts:
        """What happened since a moment, and what goes on."""
        store = self.store
        counts, lost = store.overview.lost(self.channel, since, _NAMED)
        return Facts(
            breakers,
            _together(store.troubles.open(), store.troubles.seen_since(since)),
            counts,
            lost,
            store.overview.silences(self.sources),
            gaps_of(store, self.sources, now),
            [reader for reader in store.bounces.suppressed() if reader.since > since],
        )

    def _queue(self, day: date, notices: Sequence[Notice], now: datetime) -> tuple[bool, str]:
        """Queue the mail; returns whether it is new, and its text (empty: it cannot be made)."""
        try:
            message, text = alert_mail(self.office, self.owner or "", day, notices, now)
        except DigestError as error:
            log.error("the alert cannot be set: %s", error)
            return False, ""
        deadline = deadline_of(self.zone, now)
        deliveries = self.store.deliveries
        return deliveries.enqueue(message, Kind.ALERT, day, self.channel, now, deadline), text

    def _text(self, day: date, notices: Sequence[Notice]) -> str:
        try:
            return self.office.press.alert(alert_view(day, notices))[0]
        except DigestError as error:
            log.error("the alert cannot be set: %s", error)
            return plain_text(notices)

    def _may_write(self, day: date) -> bool:
        return self.folder is not None and not file_for(self.folder, day).exists()

    def _write(self, day: date, text: str, now: datetime) -> Path | None:
        file = write_notice(self.folder, day, text)
        if self.owner is None:
            self.store.troubles.note(_TOLD, str(file or ""), now)
            self.store.troubles.end(_TOLD, now)
        return file


def broken(state: ChannelState, now: datetime) -> bool:
    """Whether a channel needs a person: it will not mend by itself, or has not for an hour."""
    waited = now - state.since if state.since else timedelta()
    return bool(state.failures) and (state.lasting or waited > DOWN)


def notices_of(facts: Facts, now: datetime) -> list[Notice]:
    """What needs a person, in words, the worst first; empty where nothing does."""
    found = [_of_channel(state) for state in facts.breakers if broken(state, now)]
    found += [_of_trouble(trouble) for trouble in facts.troubles]
    found += [
        _of_lost(state, facts.counts[state], [mail for mail in facts.lost if mail.state is state])
        for state in (State.UNCERTAIN, State.FAILED, State.EXPIRED)
        if facts.counts.get(state)
    ]
    found += notices_of_sources(facts.silences, facts.gaps, now)
    if facts.suppressed:
        found.append(_of_mailboxes(facts.suppressed))
    return found


def write_notice(folder: Path | None, day: date, text: str) -> Path | None:
    """Write the file of a date, whole or not at all; None where it is there or cannot be."""
    if folder is None or file_for(folder, day).exists():
        return None
    file = file_for(folder, day)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8") as stream:
            stream.write(text.rstrip() + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    except OSError as error:
        log.error("%s cannot be written: %s", file, error.strerror)
        return None
    finally:
        try:
            unfinished.unlink(missing_ok=True)
        except OSError:
            log.debug("%s stays", unfinished)
    return file


def tell_of_store(folder: Path | None, day: date, error: StoreError) -> Path | None:
    """Write down what cannot be stored: that the database cannot be used."""
    notice = Notice(
        "The digest stopped: its database cannot be used",
        (str(error),),
        ("Mend what is named, and start it again; 'digest doctor' looks at the database.",),
    )
    return write_notice(folder, day, plain_text([notice]))


def file_for(folder: Path, day: date) -> Path:
    """The file that tells what went wrong on a date."""
    return folder / f"ALERT-{day.isoformat()}.txt"


_ONCE_MENDED = "What waits goes out by itself once it works, or at once with 'digest run'."


def _together(unended: Sequence[Trouble], seen: Sequence[Trouble]) -> list[Trouble]:
    """Each trouble once: one that goes on counts although a clock that is behind hides it."""
    topics = {trouble.topic: trouble for trouble in (*unended, *seen) if trouble.topic != _TOLD}
    return sorted(topics.values(), key=lambda trouble: trouble.since)


def _of_channel(state: ChannelState) -> Notice:
    since = f" since {_moment(state.since)}" if state.since else ""
    lasting = "It will not mend by itself. " if state.lasting else ""
    return Notice(
        f"Mail is out of order{since} ({state.name})",
        (printable(state.problem or "no reason is known"),),
        (f"{lasting}'digest doctor' tries the login and names the setting. {_ONCE_MENDED}",),
    )


def _of_trouble(trouble: Trouble) -> Notice:
    what, mend = _TOPICS.get(trouble.topic, (f"Trouble: {trouble.topic}", "'digest doctor'"))
    over = f" until {_moment(trouble.ended)}" if trouble.ended else ""
    return Notice(
        f"{what} (since {_moment(trouble.since)}{over})",
        (printable(trouble.text),),
        ("It is over: nothing is to be done.",) if trouble.ended else (mend,),
    )


_TOPICS = {
    "edit": (
        "Editions could not be made",
        "The log has the details. They are tried again each minute.",
    ),
    "template": (
        "A template is broken",
        "Mend the line that is named; 'digest templates check' shows whether it works.",
    ),
    "clock": (
        "The clock of this machine is behind: nothing is sent",
        "Set the clock; or, if it is right now, say 'digest doctor --clock-is-right'.",
    ),
    "signups": (
        "More people ask to subscribe than are answered within the hour",
        (
            "Readers get their editions as always. Where somebody floods the form, "
            "DIGEST_SUBSCRIBE=invite closes it to strangers; where all are welcome, raise "
            "DIGEST_SIGNUPS_PER_HOUR."
        ),
    ),
    "questions": (
        "All of the last mails to people who asked to subscribe were refused",
        (
            "Somebody may be typing addresses that do not exist; or this machine may send to its "
            "own readers only: 'digest deliveries --state failed' lists what was said."
        ),
    ),
    "run": (
        "A run ended early by an error in this program",
        "The log has the details; they belong into a report to its makers.",
    ),
}


def _of_lost(state: State, count: int, named: Sequence[Lost]) -> Notice:
    what, mend = _LOST[state]
    details = [
        f"{mail.number}: {mail.recipient}, {mail.date}: {printable(mail.answer, 200)}"
        for mail in named
    ]
    if count > len(named):
        details.append(f"… and {count - len(named)} more")
    mails = "1 mail" if count == 1 else f"{count} mails"
    look = f"'digest deliveries --state {state}' lists all."
    return Notice(f"{mails} {what}", tuple(details), (f"{look} {mend}",))


_LOST = {
    State.UNCERTAIN: (
        "may or may not have arrived",
        "Ask whom it was for, then settle each: 'digest deliveries NUMBER --sent', or --resend.",
    ),
    State.FAILED: (
        "refused for good",
        "Once the cause is mended, 'digest deliveries NUMBER --resend'.",
    ),
    State.EXPIRED: (
        "not sent in time",
        "'digest deliveries NUMBER --resend' sends them all the same.",
    ),
}


def _of_mailboxes(suppressed: Sequence[Suppressed]) -> Notice:
    named = [f"{reader.address} (since {_moment(reader.since)})" for reader in suppressed[:_NAMED]]
    if len(suppressed) > _NAMED:
        named.append(f"… and {len(suppressed) - _NAMED} more: 'digest status' shows them")
    return Notice(
        "Mailboxes refused on too many days and get no mail any more",
        tuple(named),
        ("Where a mailbox works again: 'digest readers resume ADDRESS'.",),
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
