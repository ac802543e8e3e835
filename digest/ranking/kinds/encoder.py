"""Encoder: nearness to liked papers and keywords, digest.ranking.nearness."""

from collections.abc import Iterable, Sequence

from digest.model import StoredPaper
from digest.ranking.kinds import terms
from digest.ranking.nearness import MEANING, NearRanker
from digest.ranking.stock import Stock
from digest.ranking.tfidf import TfidfRanker

READS = True


def make_ranker(stock: Stock, candidates: Sequence[StoredPaper]) -> NearRanker:
    """A ranker by an encoder."""
    return near_ranker(stock, candidates, terms.make_ranker(stock, candidates))


def near_ranker(
    stock: Stock, candidates: Sequence[StoredPaper], by_terms: TfidfRanker
) -> NearRanker:
    """The same, with a ranker by terms of the same papers that is there already."""
    vectors = stock.vectors()
    return NearRanker(
        vectors,
        [stored.paper for stored in candidates],
        vectors.of([stored.number for stored in candidates]),
        by_terms,
        stock.titles,
    )


def read(stock: Stock, parts: Iterable[Sequence[int]]) -> None:
    """By the encoder."""
    stock.vectors().keep(parts)


def meaning(stock: Stock) -> str:
    """The encoder and its background."""
    return f"{MEANING} {stock.vectors().meaning}"
