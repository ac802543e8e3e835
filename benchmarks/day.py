"""A day's work for many readers: time per reader, beside the same work done plainly.

The peer goes reader by reader, as a short script would: scikit-learn's TfidfVectorizer over the
same texts, one cosine product an interest, the ten best, the same templates, the standard library's
EmailMessage. It gives no reasons and stores nothing; ours does both. Texts are made up from the
sample's sentences, so that the benchmark needs no data.

    bin/bench day [--readers 1000] [--papers 6000] [--check]

With --check the exit code is 0 only where the figures hold: ours takes at most 0.9 of the peer's
time a reader, and time a reader does not grow with their number (at most 1.2 times that for a tenth
of them).
"""

import argparse
import json
import os
import platform
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from email.message import EmailMessage
from importlib.resources import files
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from digest.config import Settings
from digest.edit import due_shards
from digest.grammar.interests import parse_interest
from digest.identity import title_key
from digest.letters.render import shipped_press
from digest.letters.view import view_of
from digest.model import Edition, Mood, Paper, Pick, Reader, ReaderKind, Sighting, StoredPaper
from digest.progress import Quiet
from digest.wiring import House, build, editor_of

DAY = date(2026, 3, 17)
NOW = datetime(2026, 3, 17, 9, tzinfo=UTC)
CANDIDATES = 1500
INTERESTS = 2
KEYWORDS = 4
ROUNDS = 5
MOST_RATIO = 0.9
MOST_GROWTH = 1.2


def main() -> int:
    """Run both sides and print the figures."""
    arguments = _arguments()
    random_ = random.Random(1)  # noqa: S311 - the same texts every time
    papers = _papers(arguments.papers, random_)
    wishes = _wishes(arguments.readers, random_)
    few, many = max(arguments.readers // 10, 1), arguments.readers
    rounds = [
        (_ours(papers, wishes), _ours(papers, wishes[:few]), _peer(papers, wishes[:few]))
        for _ in range(ROUNDS)
    ]
    ours, ours_few, peer = (median(column) for column in zip(*rounds, strict=True))
    ratios = [mine / plain for mine, _, plain in rounds]
    ratio, growth = median(ratios), median(many_ / few_ for many_, few_, _ in rounds)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{many} readers x {INTERESTS} interests, {CANDIDATES} candidates, {len(papers)} papers; "
        f"Python {platform.python_version()}, {os.cpu_count()} cores, peak memory {memory:.0f} MB"
    )
    print(f"ours, with reasons and the store: {ours * 1000:.2f} ms a reader")
    print(f"the same for {few} readers: {ours_few * 1000:.2f} ms a reader (growth {growth:.2f})")
    print(f"plainly, reader by reader: {peer * 1000:.2f} ms a reader")
    holds = ratio <= MOST_RATIO and growth <= MOST_GROWTH
    print(
        f"ours / plain = {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds), "
        f"growth {growth:.2f}: {'holds' if holds else 'DOES NOT HOLD'}"
    )
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--papers", type=int, default=6000)
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def _papers(count: int, random_: random.Random) -> list[Paper]:
    sample = (files("digest") / "sample" / "papers.jsonl").read_text(encoding="utf-8")
    sentences = [
        sentence
        for line in sample.splitlines()
        for sentence in json.loads(line)["abstract"].split(". ")
    ]
    made = []
    for number in range(count):
        abstract = ". ".join(random_.sample(sentences, 8))
        title = f"{' '.join(random_.choice(sentences).split()[:9])} {number}"
        made.append(Paper((title_key(title),), title, abstract))
    return made


def _wishes(count: int, random_: random.Random) -> list[list[str]]:
    sample = (files("digest") / "sample" / "papers.jsonl").read_text(encoding="utf-8")
    words = sorted({word for word in sample.lower().split() if word.isalpha() and len(word) > 6})  # noqa: PLR2004
    return [
        [", ".join(random_.sample(words, KEYWORDS)) for _ in range(INTERESTS)] for _ in range(count)
    ]


def _ours(papers: list[Paper], wishes: list[list[str]]) -> float:
    """Seconds a reader, from the question who is due to stored mails; the ranker made before."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        settings = Settings(database=f"sqlite:///{place / 'day.db'}", outbox=place / "out")
        house = build(settings)
        _fill(house, papers, wishes)
        editor = editor_of(house, None, DAY, NOW, Quiet())
        editor.desks.ranker(editor.desks.of(DAY)).score(())  # its cost does not depend on readers
        started = time.perf_counter()
        report = editor.edit(due_shards(house.store, NOW, DAY), "outbox", NOW, lambda: False)
        taken = time.perf_counter() - started
        house.close()
    assert report.made == len(wishes), report
    return taken / len(wishes)


def _fill(house: House, papers: list[Paper], wishes: list[list[str]]) -> None:
    old = [Sighting(paper, announced=date(2026, 1, 1)) for paper in papers[CANDIDATES:]]
    new = [Sighting(paper, announced=DAY) for paper in papers[:CANDIDATES]]
    for start in range(0, len(papers), 1000):
        house.store.papers.add((old + new)[start : start + 1000], "file", DAY)
    for number, texts in enumerate(wishes):
        interests = tuple(parse_interest(f"interest {n}", text) for n, text in enumerate(texts))
        name = f"reader{number}@example.org"
        house.store.readers.save(Reader(name, name, ReaderKind.SAVED, interests), NOW)


def _peer(papers: list[Paper], wishes: list[list[str]]) -> float:
    """Seconds a reader: product, the ten best, letter, mail; the vectoriser fitted before."""
    vectorizer = TfidfVectorizer(
        sublinear_tf=True, stop_words="english", strip_accents="unicode", ngram_range=(1, 2)
    )
    vectorizer.fit(paper.text for paper in papers)
    candidates = vectorizer.transform(paper.text for paper in papers[:CANDIDATES])
    press = shipped_press()
    started = time.perf_counter()
    for number, texts in enumerate(wishes):
        rows = [(vectorizer.transform([text]) @ candidates.T).toarray()[0] for text in texts]
        scores = np.max(rows, axis=0)
        best = np.argsort(-scores)[:10]
        reader = Reader(f"reader{number}", f"reader{number}@example.org", ReaderKind.SAVED)
        picks = tuple(
            Pick(StoredPaper(int(n), papers[n], DAY), float(scores[n]), "interest") for n in best
        )
        letter = view_of(Edition(reader, DAY, picks, Mood.MATCHED, CANDIDATES), None)
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "d@example.org", reader.address, letter.subject
        mail.set_content(press.text(letter))
        mail.add_alternative(press.html(letter), subtype="html")
        assert mail.as_bytes()
    return (time.perf_counter() - started) / len(wishes)


if __name__ == "__main__":
    sys.exit(main())
