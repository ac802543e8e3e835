"""The search page: the papers that say most of what is asked, in the grammar of interests."""

from dataclasses import dataclass, replace
from datetime import date

from flask import Blueprint, render_template, request

from digest.errors import UsageError
from digest.letters.words import cut, figure
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
    def asks(self) -> bool:
        """Whether anything is asked that can be answered."""
        return bool(self.text or self.since) and not self.wrong

    @property
    def words(self) -> str:
        """The question as a title."""
        return cut(shown(self.text), _SHOWN)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found; `more` says that there is more of it, `ranked` that some fits better."""

    papers: tuple[PaperView, ...]
    more: bool
    ranked: bool

    @property
    def words(self) -> str:
        """How much was found, as a heading."""
        which, count = "best" if self.ranked else "newest", len(self.papers)
        if not count:
            return "Nothing found"
        if self.more:
            return f"The {which} {count}"
        return "1 paper" if count == 1 else f"{count} papers, the {which} first"


@blueprint.get("/search")
def page() -> str | tuple[str, int]:
    """The form, and what was found."""
    question = read_question()
    answer: Answer | None = None
    if question.asks:
        try:
            answer = answer_to(question)
        except UsageError as error:
            question = replace(question, text_error=_sentence(str(error)))
    if question.wrong:
        return render_template("search.html.j2", asked=question, answer=None), 400
    visit().public = MOST_AGE
    return render_template("search.html.j2", asked=question, answer=answer)


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
    return answer_to(question).papers


def answer_to(question: Question) -> Answer:
    """What is found, best first, or the newest first where only a date is asked for.

    Raises:
        UsageError: where the question cannot be read.
    """
    here = visit()

    def find() -> Answer:
        every = here.room.search(question.text, question.since, MOST_FOUND + 1)
        found = every[:MOST_FOUND]
        numbers = [one.stored.number for one in found]
        papers = page_of(
            (one.stored for one in found),
            here.house.store.counts.curves(numbers, UPVOTES),
            {n: fit_in_words(one.score) for n, one in zip(numbers, found, strict=True)},
        )
        ranked = any(one.score is not None for one in found)
        return Answer(papers, more=len(every) > len(found), ranked=ranked)

    return keep("search", (question.text, question.since), find)


def fit_in_words(score: float | None) -> str:
    """A score in words: 0.8 is as good as the best one in a hundred papers, 0 is the average."""
    if score is None:
        return ""
    steps = ((0.8, "Fits very well"), (0.5, "Fits well"), (0.2, "Fits in part"))
    words = next((words for least, words in steps if score >= least), "Touches on it")
    return f"{words} ({figure(score)})"


def _sentence(text: str) -> str:
    """What an error says, as a sentence."""
    said = shown(text)
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '?')) else '.'}"
