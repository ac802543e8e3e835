"""The search page: the papers that say most of what is asked, in the grammar of interests."""

from dataclasses import dataclass, replace
from datetime import date

from flask import Blueprint, render_template, request

from digest.errors import UsageError
from digest.letters.words import cut
from digest.model import UPVOTES
from digest.web.lately import keep
from digest.web.papers import PaperView, page_of, shown
from digest.web.periods import Span, read_period
from digest.web.site import visit

MOST_AGE = 60  # seconds that anyone may keep what was found
LONGEST = 500
MOST_FOUND = 25
_SHOWN = 80

blueprint = Blueprint("search", __name__)


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, as it was written; what cannot be read of it is said beside the field."""

    text: str
    since: date | None
    since_text: str = ""
    text_error: str = ""
    since_error: str = ""

    @property
    def wrong(self) -> bool:
        """Whether there is anything that cannot be read."""
        return bool(self.text_error or self.since_error)

    @property
    def words(self) -> str:
        """The question as a title."""
        return cut(shown(self.text), _SHOWN)


@blueprint.get("/search")
def page() -> str | tuple[str, int]:
    """The form, and what was found."""
    question = read_question()
    papers: tuple[PaperView, ...] = ()
    if question.text and not question.wrong:
        try:
            papers = papers_for(question)
        except UsageError as error:
            question = replace(question, text_error=_sentence(str(error)))
    if question.wrong:
        return render_template("search.html.j2", asked=question, papers=()), 400
    visit().public = MOST_AGE
    return render_template("search.html.j2", asked=question, papers=papers)


def read_question() -> Question:
    """What the address asks for."""
    text = shown(request.args.get("q", ""))
    since_text = request.args.get("since", "").strip()
    period = read_period(Span.DAY, since_text) if since_text else None
    return Question(
        text=text[:LONGEST],
        since=period.first if period else None,
        since_text=since_text[:_SHOWN],
        text_error=""
        if len(text) <= LONGEST
        else f"That is longer than {LONGEST} letters: ask for less at once.",
        since_error="Write a date such as 2026-03-17." if since_text and not period else "",
    )


def papers_for(question: Question) -> tuple[PaperView, ...]:
    """What is found, best first.

    Raises:
        UsageError: where the question cannot be read.
    """
    here = visit()

    def find() -> tuple[PaperView, ...]:
        found = here.room.search(question.text, question.since, MOST_FOUND)
        numbers = [one.stored.number for one in found]
        return page_of(
            (one.stored for one in found),
            here.house.store.lists.series(numbers, UPVOTES),
            {n: fit_in_words(one.score) for n, one in zip(numbers, found, strict=True)},
        )

    return keep("search", (question.text, question.since), find)


def fit_in_words(score: float | None) -> str:
    """A score in words: 0.8 is as good as the best one in a hundred papers, 0 is the average."""
    if score is None:
        return ""
    steps = ((0.8, "Fits very well"), (0.5, "Fits well"), (0.2, "Fits in part"))
    words = next((words for least, words in steps if score >= least), "Touches on it")
    return f"{words} ({score:.2f})"


def _sentence(text: str) -> str:
    """What an error says, as a sentence."""
    said = shown(text)
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '?')) else '.'}"
