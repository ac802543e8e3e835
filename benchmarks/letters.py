"""How fast letters are made: from an edition to the bytes that SMTP takes.

Ours puts an edition into words, signs six links for each of its papers, sets both parts, and
assembles the mail with its checked headers. One peer is Jinja alone, which sets both parts with
the same templates from words that are ready, and does nothing else. The other is what
`yagmail.send()` does to the same HTML before it sends it.

    bin/bench letters [--editions 1000] [--papers 20] [--rounds 15] [--check] [--record]

Readers share 1,500 papers with abstracts of real size; reasons, the sentence that says most and its
terms are each reader's own. Time is that of the processor, rounds alternate, and the median round
counts. With --check the exit code is 0 only where ours makes at least 0.6 of the letters that Jinja
alone sets, and at least 10 times those that yagmail builds.
"""

import argparse
import json
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from importlib.resources import files
from pathlib import Path
from shutil import copy
from statistics import median

import cssutils
import yagmail
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from lib.report import Gate, Report, size, versions

from digest.letters import LetterOffice, Sender
from digest.letters.loading import NAMES
from digest.letters.picks import Cards
from digest.letters.render import Press, shipped_press, shipped_templates, wrap
from digest.letters.steering import steering_of
from digest.letters.view import LetterView
from digest.links import Key, Links
from digest.model import (
    COMMENTS,
    UPVOTES,
    Coverage,
    Edition,
    Interest,
    Keyword,
    Mood,
    Paper,
    Pick,
    Reader,
    ReaderKind,
    Reason,
    ReasonKind,
    Sentence,
    Signal,
    StoredPaper,
    Trend,
)

DAY = date(2026, 3, 17)
NOW = datetime(2026, 3, 17, 7, tzinfo=UTC)
SENDER = Sender("digest@example.org", "owner@example.org")
CANDIDATES = 1500
ABSTRACT = 1280  # characters; with its title, what an arXiv paper has
INTERESTS = 3
TERMS = 3
ONE_TRENDS_IN = 5
BUILT = 10  # letters a round that yagmail builds
LEAST_OF_JINJA = 0.6
LEAST_OF_YAGMAIL = 10.0
PACKAGES = ("jinja2", "css-inline", "yagmail", "premailer")
NOTES = """
A round makes the same letters by each way, in an order that changes from round to round; ratios are
taken within a round, the interval is the smallest and the largest of them. The variables that Jinja
alone sets were made before, with all their links. yagmail gets the subject and the HTML as the
templates set it, on one line (it would make <br> of line ends): to write the CSS into the tags is
part of what it does, with a text part made of the HTML, and MIME, until the message is a string.
The line about templates of one's own is no gate: they are set within bounds (docs/templates.md),
which costs time.
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Letters a second of one core, by each way."""

    ours: float
    jinja: float
    yagmail: float
    own: float


def main() -> int:
    """Make letters by each way in turn; print the figures."""
    arguments = _arguments()
    report = Report(packages=PACKAGES)
    report.say(f"{versions(PACKAGES)}, {size()}")
    chance = random.Random(1)  # noqa: S311 - the same editions every time
    papers = _papers(chance)
    trends = {paper.number: _trend(chance) for paper in papers[::ONE_TRENDS_IN]}
    editions = [
        _edition(number, papers, trends, arguments.papers, chance)
        for number in range(1, arguments.editions + 1)
    ]
    bench = Bench(editions)
    bench.see_that_it_is_the_same(report)
    rounds = [bench.round(number) for number in range(arguments.rounds)]
    holds = report.close(_say(report, rounds, arguments))
    if arguments.record:
        report.record("letters", "How fast letters are made", NOTES)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--editions", type=int, default=1000)
    parser.add_argument("--papers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


class Bench:
    """The same editions for every way of making letters."""

    def __init__(self, editions: Sequence[Edition]) -> None:
        self.editions = editions
        links = Links("https://digest.example.org", lambda: (Key("ab" * 32, NOW),))
        self.office = LetterOffice(shipped_press(), SENDER, links)
        self.views = [
            self.office.letter(edition, steering_of(links, edition, DAY))[0] for edition in editions
        ]
        self.templates = _plain_templates()
        cssutils.log.setLevel(logging.CRITICAL)  # it knows no property of Outlook's
        self.client = yagmail.Client(SENDER.address, "no password", smtp_skip_login=True)
        self.mails = [
            (
                edition.reader.address,
                view.subject,
                self.templates[0].render(letter=view).replace("\n", " "),
            )
            for edition, view in zip(editions[:BUILT], self.views, strict=False)
        ]
        self.client.prepare_send(*self.mails[0])  # it imports premailer with its first mail
        folder = Path(tempfile.mkdtemp(prefix="digest-templates-"))
        for name in NAMES:
            copy(shipped_templates() / name, folder)
        self.own = LetterOffice(Press(folder), SENDER, links)
        self.own.compose(editions[0], NOW)  # all is read by now
        for name in NAMES:
            (folder / name).unlink()
        folder.rmdir()

    def round(self, number: int) -> Round:
        """Each way once, each time beginning with another."""
        page, text = self.templates
        office = replace(self.office, cards=Cards())  # knows no paper from the round before
        few = max(len(self.editions) // 10, 1)
        ways: list[tuple[Callable[[], int], str]] = [
            (lambda: sum(1 for e in self.editions if office.compose(e, NOW)), "ours"),
            (lambda: sum(1 for v in self.views if _set(page, text, v)), "jinja"),
            (lambda: sum(1 for m in self.mails if self.client.prepare_send(*m)), "yagmail"),
            (lambda: sum(1 for e in self.editions[:few] if self.own.compose(e, NOW)), "own"),
        ]
        turn = number % len(ways)
        return Round(**{name: _rate(make) for make, name in ways[turn:] + ways[:turn]})

    def see_that_it_is_the_same(self, report: Report) -> None:
        """Jinja alone sets what is in our mails, but for the styles; say how long they are."""
        raw = self.office.compose(self.editions[0], NOW).raw
        mail = message_from_bytes(raw, policy=policy.default)
        parts = {part.get_content_type(): part for part in mail.iter_parts()}
        bare = [template.render(letter=self.views[0]) for template in self.templates]
        text = parts["text/plain"].get_content().replace("\r\n", "\n")
        html = parts["text/html"].get_content()
        assert bare[1] == text, "the text part is another"
        assert _words(html) == _words(bare[0]), "the HTML part says something else"
        links = html.count("https://digest.example.org/")
        report.say(
            f"{len(self.editions)} editions of {len(self.editions[0].picks)} papers: HTML of "
            f"{len(html.encode()) / 1024:.0f} KB with {links} signed links, text of "
            f"{len(text.encode()) / 1024:.0f} KB, mails of {len(raw) / 1024:.0f} KB"
        )


def _plain_templates() -> tuple[Template, Template]:
    """The shipped templates as Jinja has them by itself, their CSS where it is written."""
    loader = FileSystemLoader(shipped_templates())
    html = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    text = Environment(
        loader=loader,
        autoescape=False,  # noqa: S701 - plain text
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    text.filters["wrap"] = wrap
    return html.get_template("letter.html.j2"), text.get_template("letter.txt.j2")


def _set(page: Template, text: Template, view: LetterView) -> str:
    return page.render(letter=view) + text.render(letter=view)


def _words(page: str) -> str:
    """What stands in the body of a page, without tags."""
    body = page[page.index("<body") : page.index("</body>")]
    return " ".join("".join(part.partition(">")[2] for part in body.split("<")).split())


def _rate(make: Callable[[], int]) -> float:
    started = time.process_time()
    made = make()
    return made / (time.process_time() - started)


def _say(report: Report, rounds: Sequence[Round], arguments: argparse.Namespace) -> list[Gate]:
    def rate(name: str) -> float:
        return median(getattr(one, name) for one in rounds)

    report.say(f"ours: {rate('ours'):.0f} letters a second of one core")
    report.say(f"Jinja alone, the same templates: {rate('jinja'):.0f}")
    report.say(f"yagmail's message building: {rate('yagmail'):.0f}")
    report.say(f"ours with templates of one's own: {rate('own'):.0f}")
    gates = []
    for name, words, least in (
        ("jinja", "of Jinja alone", LEAST_OF_JINJA),
        ("yagmail", "times yagmail", LEAST_OF_YAGMAIL),
    ):
        ratios = [one.ours / getattr(one, name) for one in rounds]
        ratio = median(ratios)
        said = f"{ratio:.2f} {words} ({min(ratios):.2f} to {max(ratios):.2f}), gate {least:g}"
        gates.append(Gate(said, ratio >= least))
    report.say(f"({arguments.rounds} rounds)")
    return gates


def _papers(chance: random.Random) -> list[StoredPaper]:
    """Papers made of the sample's sentences."""
    sample = (files("digest") / "sample" / "papers.jsonl").read_text(encoding="utf-8")
    sentences = [
        sentence.rstrip(".")
        for line in sample.splitlines()
        for sentence in json.loads(line)["abstract"].split(". ")
    ]
    return [_paper(number, sentences, chance) for number in range(1, CANDIDATES + 1)]


def _paper(number: int, sentences: Sequence[str], chance: random.Random) -> StoredPaper:
    abstract = ""
    while len(abstract) < ABSTRACT:
        abstract += f"{chance.choice(sentences)}. "
    title = " ".join(chance.choice(sentences).split()[:10]).rstrip(",")
    people = tuple(f"Given{n} Family{n}" for n in range(chance.randint(1, 9)))
    key = f"2603.{number:05}"
    paper = Paper(
        (f"arxiv:{key}",),
        title,
        abstract.strip(),
        people,
        ("cs.LG", "stat.ML")[: number % 2 + 1],
        url=f"https://arxiv.org/abs/{key}",
        pdf=f"https://arxiv.org/pdf/{key}",
        code=f"https://github.com/example/{key}" if number % 4 == 0 else None,
    )
    signals = {UPVOTES: number % 60, COMMENTS: number % 5} if number % 3 == 0 else {}
    return StoredPaper(number, paper, DAY, ("arxiv",), signals)


def _edition(
    number: int,
    papers: Sequence[StoredPaper],
    trends: Mapping[int, Trend],
    count: int,
    chance: random.Random,
) -> Edition:
    name = f"reader{number}@example.net"
    interests = tuple(Interest(f"interest {n}", (Keyword("x"),)) for n in range(INTERESTS))
    reader = Reader(name, name, ReaderKind.SAVED, interests, number=number, handle=f"h{number:07}")
    trending = chance.sample(papers[::ONE_TRENDS_IN], count // ONE_TRENDS_IN)
    taken = {paper.number for paper in trending}
    others = [one for one in chance.sample(papers, 2 * count) if one.number not in taken]
    picks = [_matched(paper, trends, chance) for paper in others[: count - len(trending)]]
    picks += [_trending(paper, trends[paper.number]) for paper in trending]
    coverage = (Coverage("arxiv", 900, 900), Coverage("huggingface", 45, 45))
    return Edition(reader, DAY, tuple(picks), Mood.MATCHED, CANDIDATES, coverage)


def _matched(paper: StoredPaper, trends: Mapping[int, Trend], chance: random.Random) -> Pick:
    said = chance.choice(paper.paper.abstract.split(". ")).rstrip(".")
    terms = tuple(word.lower() for word in chance.sample(said.split(), TERMS))
    reasons = tuple(Reason(ReasonKind.TERM, term, chance.random()) for term in terms)
    interest = f"interest {chance.randrange(INTERESTS)}"
    trend = trends.get(paper.number)
    return Pick(paper, chance.random(), interest, reasons, Sentence(said, terms), trend=trend)


def _trending(paper: StoredPaper, trend: Trend) -> Pick:
    reason = Reason(ReasonKind.UPVOTES, f"{trend.counts[-1].value} upvotes", trend.expected)
    return Pick(paper, trend.expected, None, (reason,), trend=trend)


def _trend(chance: random.Random) -> Trend:
    began = NOW - timedelta(hours=40)
    values = sorted(chance.randrange(60) for _ in range(10))
    counts = tuple(
        Signal(UPVOTES, value, began + timedelta(hours=4 * place))
        for place, value in enumerate(values, 1)
    )
    return Trend(12.0, counts, began)


if __name__ == "__main__":
    sys.exit(main())
