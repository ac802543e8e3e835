"""Terms: TF-IDF and subjects, digest.ranking.tfidf. Every part of a score is a term's."""

from collections.abc import Iterable, Sequence

from digest.model import StoredPaper
from digest.ranking.stock import Stock
from digest.ranking.tfidf import TfidfRanker

READS = False


def make_ranker(stock: Stock, candidates: Sequence[StoredPaper]) -> TfidfRanker:
    """A ranker by terms."""
    sheet = stock.counted([stored.number for stored in candidates])
    papers = [stored.paper for stored in candidates]
    return TfidfRanker(stock.model(), papers, sheet, stock.counted)


def read(stock: Stock, parts: Iterable[Sequence[int]]) -> None:
    """The index holds what is counted."""


def meaning(stock: Stock) -> str:  # noqa: ARG001 - other kinds ask it
    """The index says it all."""
    return ""
