"""Rankers of a few texts for tests, without a store."""

from collections.abc import Sequence

import numpy as np

from digest.grammar.interests import parse_interest
from digest.model import Paper
from digest.ranking import Example, Profile
from digest.ranking.model import Model
from digest.ranking.sheet import Sheet
from digest.ranking.subjects import learn
from digest.ranking.terms import Terms
from digest.ranking.tfidf import TfidfRanker
from digest.ranking.weights import Weights

TERMS = Terms()
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def counted(papers: Sequence[Paper]) -> Sheet:
    """What is counted of papers."""
    return TERMS.count([paper.text for paper in papers])


def model_of(background: Sequence[Paper]) -> Model:
    """What a ranker knows that has read these papers; subjects only where there are 400."""
    sheet = counted(background)
    weights = Weights.of(sheet)
    numbers = tuple(range(len(sheet)))
    return Model(TERMS, weights, learn(sheet.take, np.arange(len(sheet)), weights), sheet, numbers)


def ranker_of(
    candidates: Sequence[Paper],
    background: Sequence[Paper] | None = None,
    model: Model | None = None,
) -> TfidfRanker:
    """A ranker of candidates; number n of its library is place n of the background.

    Unless told otherwise the candidates are their own background.
    """
    known = candidates if background is None else background
    return TfidfRanker(
        model or model_of(known),
        candidates,
        counted(candidates),
        lambda numbers: TERMS.count(
            [known[number].text if number < len(known) else "" for number in numbers]
        ),
    )


def profile_of(
    text: str,
    liked: Sequence[int] = (),
    disliked: Sequence[int] = (),
    titles: Sequence[str] = (),
) -> Profile:
    """A profile from the grammar, with examples by their numbers."""
    examples = [
        *(Example(number) for number in liked),
        *(Example(number, -1.0) for number in disliked),
    ]
    return Profile(parse_interest("x", text), tuple(examples), tuple(titles))


def papers_of(texts: Sequence[str]) -> list[Paper]:
    """Papers of texts whose first sentence is the title."""
    parts = [text.split(". ", 1) for text in texts]
    return [Paper((f"title:{n}",), one[0], one[-1]) for n, one in enumerate(parts)]


def texts_of_topics(number: int, topics: int, seed: int = 0) -> list[str]:
    """Texts that each draw most words from one topic: text n from topic n modulo `topics`.

    A topic has eighty words of its own (see `topic_word`); ten thousand others stand everywhere.
    """
    lot = np.random.default_rng(seed)
    texts = []
    for place in range(number):
        own = [topic_word(place % topics, n) for n in lot.integers(0, 80, 8).tolist()]
        noise = [f"noise{n}x" for n in np.minimum(lot.zipf(1.3, 8), 10_000)]
        words = lot.permutation([*own, *noise]).tolist()
        texts.append(f"{' '.join(words[:4])}. {' '.join(words[4:])}")
    return texts


def topic_word(topic: int, number: int) -> str:
    """A word of a topic, numbered from 0 to 79."""
    tens, ones = divmod(number, 10)
    return f"topic{chr(ord('a') + topic)}{_NUMBERS[tens]}{_NUMBERS[ones]}"
