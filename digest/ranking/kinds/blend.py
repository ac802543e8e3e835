"""Blend: terms and the encoder together, digest.ranking.blending."""

from collections.abc import Iterable, Sequence

from digest.model import StoredPaper
from digest.ranking.blending import MEANING, BlendRanker
from digest.ranking.kinds import encoder, terms
from digest.ranking.stock import Stock

READS = True


def make_ranker(stock: Stock, candidates: Sequence[StoredPaper]) -> BlendRanker:
    """A ranker by both."""
    by_terms = terms.make_ranker(stock, candidates)
    near = encoder.near_ranker(stock, candidates, by_terms)
    papers = [stored.paper for stored in candidates]
    return BlendRanker(by_terms, near, papers, stock.model(), stock.counted)


def read(stock: Stock, parts: Iterable[Sequence[int]]) -> None:
    """By the encoder."""
    encoder.read(stock, parts)


def meaning(stock: Stock) -> str:
    """What the encoder's profiles mean, and how both are put together."""
    return f"{MEANING} {encoder.meaning(stock)}"
