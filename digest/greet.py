"""Step 3 before the post, greet: the mails that people asked for by typing an address.

A mailbox that is not known is asked whether it wants editions; a reader's is told where its
preferences are. What was asked since the last run is answered together, as many an hour as are
allowed: where somebody floods the form, the rest waits in the order of asking, the owner is told,
and readers' letters go on.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.grammar.schedule import format_hour
from digest.letters import LetterOffice
from digest.letters.note import NoteView, note_mail
from digest.links import Links, Purpose, Token
from digest.model import WEEK, Message, Schedule
from digest.readers.signups import count_interests, schedule_asked
from digest.store import Store
from digest.store.signups import Caller, MadeNote
from digest.store.states import Kind

log = logging.getLogger(__name__)

FLOOD, REFUSED = "signups", "questions"  # topics of troubles
DEADLINE = timedelta(hours=12)
_SHARD = 500
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_WORKDAYS = frozenset(range(5))
_IGNORE = (
    "If it was not you, do nothing: no edition is sent unless this is confirmed, what was asked is "
    "forgotten within a week, and no mailbox gets more than three such mails."
)


@dataclass(frozen=True, slots=True)
class GreetReport:
    """How many mails were queued, and how many people wait for one that the limit holds back."""

    queued: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Greeter:
    """Answers who asked to subscribe.

    Args:
        store: where it was asked.
        office: sets the mails.
        links: signs what they link to.
        per_hour: how many mails an hour go to addresses that anybody may have typed.
    """

    store: Store
    office: LetterOffice
    links: Links
    per_hour: int

    def greet(self, channel: str, now: datetime) -> GreetReport:
        """Queue the mails of all who wait, as many as are allowed now.

        Args:
            channel: the channel that mails leave by.
            now: the time (aware).

        Raises:
            TemplateError: when a template is broken; who waits goes on waiting.
        """
        self.store.signups.sweep(now)
        allowed = self.store.knocks.left(now, self.per_hour)
        callers, total = self.store.signups.callers(now, min(allowed, _SHARD))
        self._keep(FLOOD, _flood(total, self.per_hour) if total > allowed else "", now)
        refused = self.store.signups.refused()
        self._keep(REFUSED, f"the last one: {refused[0]}" if refused else "", now)
        notes = [self._made(caller, now) for caller in callers]
        queued = self.store.signups.mailed(notes, channel, now.date(), now, now + DEADLINE)
        if queued:
            log.info("sign-ups: %d mails made, %d wait", queued, total - len(callers))
        return GreetReport(queued, total - len(callers))

    def _keep(self, topic: str, text: str, now: datetime) -> None:
        """Note a trouble, or end it where there is nothing to say."""
        if text:
            self.store.troubles.note(topic, text, now)
        elif any(trouble.topic == topic for trouble in self.store.troubles.open()):
            self.store.troubles.end(topic, now)

    def _made(self, caller: Caller, now: datetime) -> MadeNote:
        if caller.handle is not None and caller.active:
            return MadeNote(caller, self._link(caller, caller.handle, now), Kind.LINK)
        return MadeNote(caller, self._confirming(caller, now), Kind.CONFIRM)

    def _confirming(self, caller: Caller, now: datetime) -> Message:
        signup = caller.signup
        ends = now.date() + timedelta(days=7)
        note = NoteView(
            subject="Please confirm: The Paper Digest",
            heading="Do you want The Paper Digest?",
            paragraphs=(
                (
                    f"On {_moment(signup.at)} somebody, hopefully you, asked at {self.links.base} "
                    "that this mailbox gets new papers worth reading, "
                    f"{_words(schedule_asked(signup))}, {_interests(count_interests(signup))}."
                ),
            ),
            label="Yes, I want it",
            url=self.links.url(Token(Purpose.CONFIRM, signup.nonce, now.date())),
            after=(f"The link holds until {ends.day} {ends:%B %Y}.", _IGNORE),
        )
        return note_mail(self.office, signup.address, note, ("confirm", signup.nonce), now)

    def _link(self, caller: Caller, handle: str, now: datetime) -> Message:
        signup = caller.signup
        note = NoteView(
            subject="You read The Paper Digest already",
            heading="You read The Paper Digest already",
            paragraphs=(
                (
                    f"On {_moment(signup.at)} somebody, hopefully you, asked at {self.links.base} "
                    "that this mailbox gets The Paper Digest. It does already: nothing was changed."
                ),
                "Your interests, the hour, a pause, another address: all of it is on one page.",
            ),
            label="Open my preferences",
            url=self.links.url(Token(Purpose.PREFERENCES, handle, now.date())),
            after=(
                (
                    "The link is for you alone. If it was not you who asked, do nothing: no more "
                    "than three such mails are sent within 30 days."
                ),
            ),
        )
        return note_mail(self.office, signup.address, note, ("link", signup.nonce), now)


def _flood(total: int, per_hour: int) -> str:
    return (
        f"{total} addresses wait to be asked whether they want editions; {per_hour} an hour are "
        "asked, in order"
    )


def _words(schedule: Schedule) -> str:
    """When editions come, within a sentence."""
    days = schedule.weekdays
    if days == WEEK:
        often = "every day"
    elif days == _WORKDAYS:
        often = "from Monday to Friday"
    else:
        often = "on " + " and ".join(_DAYS[day] for day in sorted(days))
    return f"{often} from {format_hour(schedule.minute)} ({schedule.zone})"


def _interests(count: int) -> str:
    if not count:
        return "those that everyone reads"
    return "for one interest" if count == 1 else f"for {count} interests"


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y at %H:%M} UTC"
