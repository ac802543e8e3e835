"""Today's edition for who is not a reader yet: what interests would bring, before any address."""

from dataclasses import dataclass

from werkzeug.exceptions import ServiceUnavailable

from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.letters.view import LetterView, view_of
from digest.model import Manner
from digest.web.forms import UNNAMED, Form, manner_of
from digest.web.site import visit

LONGEST = 2000  # letters of interests that a preview is made for
PICKS = 5
ABSTRACT = 240


@dataclass(frozen=True, slots=True)
class Preview:
    """An edition that nobody gets.

    Where there is none, `wrong` says what cannot be read, `quiet` that nothing is new, `busy` that
    too many others want one.
    """

    letter: LetterView | None = None
    wrong: str = ""
    quiet: bool = False
    busy: bool = False


def preview_of(form: Form) -> Preview:
    """The best of today's edition for the interests and the dial of a form; nothing is stored.

    A dial that cannot be read is the usual one.
    """
    text = form.get("interests", "")
    if len(text) > LONGEST:
        return Preview(wrong=f"longer than {LONGEST:,} letters: a preview takes fewer")
    try:
        interest = parse_interest(UNNAMED, _plain(text))
        interests = (interest,) if interest.wants or interest.excluded else ()
        usual = Manner(visit().house.settings.dial)
        asked, _ = manner_of({name: form[name] for name in ("trend",) if name in form}, usual)
        edition = visit().room.edition(interests, PICKS, asked)
    except UsageError as error:
        return Preview(wrong=str(error))
    except ServiceUnavailable:  # who came to subscribe can do so all the same
        return Preview(busy=True)
    if edition is None or not edition.picks:
        return Preview(quiet=True)
    return Preview(view_of(edition, None, ABSTRACT))


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
