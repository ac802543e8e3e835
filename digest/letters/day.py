"""What kind of day it is: subject, occasion and the sentences around the picks."""

from datetime import timedelta

from digest.letters.covered import in_order
from digest.letters.words import cut, listed, named, number_word, source_name
from digest.model import Edition, Mood, ReaderKind

_TITLE_IN_SUBJECT = 120


def subject_of(edition: Edition) -> str:
    """The best pick's title, and how many more there are."""
    if not edition.picks:
        return (
            f"Nothing new for you {lately(edition)}" if edition.considered else "Nothing new today"
        )
    more = len(edition.picks) - 1
    best = cut(edition.picks[0].paper.paper.title, _TITLE_IN_SUBJECT)
    titles = f"{best}, and {more} more" if more else best
    occasion = occasion_of(edition)
    return f"{occasion}: {titles}" if occasion else titles


def preheader_of(edition: Edition) -> str:
    """What a mailbox shows beside the subject: the next titles, none of them to explore."""
    if not edition.picks:
        return intro_of(edition)
    titles = [pick.paper.paper.title for pick in edition.picks[1:4] if not pick.explores]
    return " · ".join(cut(title, 80) for title in titles)


def occasion_of(edition: Edition) -> str:
    """What an edition is called that is not an everyday one."""
    if edition.first:
        return "Your first edition"
    if not is_weekly(edition):
        return ""
    many = len(edition.picks)
    return f"The week’s {number_word(many)}" if many > 1 else "Your week"


def is_weekly(edition: Edition) -> bool:
    """Whether it looks back on a week."""
    return edition.week is not None


def lately(edition: Edition) -> str:
    """The time that an edition is about, within a sentence."""
    return "this week" if is_weekly(edition) else "today"


def span_of(edition: Edition) -> str:
    """The days that a weekly edition looks back on."""
    if edition.week is None:
        return ""
    since, day = edition.week.since + timedelta(days=1), edition.date
    first = f"{since.day}" if since.month == day.month else f"{since.day} {since:%B}"
    return f"{first} to {day.day} {day:%B}"


def intro_of(edition: Edition) -> str:
    """What kind of day it is, where there is something to say of it."""
    if edition.mood is Mood.NOTHING:
        return _nothing(edition)
    if edition.mood is Mood.UNMATCHED:
        return (
            f"Nothing new met your interests {lately(edition)}. This is what other readers found "
            "worth their time."
        )
    if edition.mood is Mood.TRENDING and not any(pick.paper.upvotes for pick in edition.picks):
        return "No upvotes are known of these papers yet; the newest come first."
    return ""


def _nothing(edition: Edition) -> str:
    """That a day without picks is no breakdown; or what could not be read."""
    when = lately(edition)
    if not edition.considered:
        told = f"Nothing new was announced {when}."
    else:
        weighed = (
            "One paper was" if edition.considered == 1 else f"{edition.considered:,} papers were"
        )
        told = f"Nothing new met your interests {when}. {weighed} weighed, and none fits."
    failed = [one for one in edition.coverage if source_name(one.source) and not in_order(one)]
    if failed:
        names = listed([source_name(one.source) for one in failed])
        return f"{told} {names} could not be read in full, so there may be more."
    return f"{told} All is in order."


def quiet_of(edition: Edition) -> str:
    """The interests that nothing met, while others found something."""
    if edition.mood is not Mood.MATCHED or not edition.silent:
        return ""
    silent = ", ".join(named(edition.reader, name) for name in edition.silent)
    return f"Nothing {lately(edition)} for: {silent}."


def because_of(edition: Edition) -> str:
    """Why the reader gets this."""
    reader = edition.reader
    if reader.kind is ReaderKind.UNSAVED:
        return "Made on request from the command line."
    interests = ", ".join(named(reader, interest.name) for interest in reader.interests)
    if not interests:
        return f"You get this at {reader.address}, without interests: what everyone reads."
    return f"You get this at {reader.address} for: {interests}."
