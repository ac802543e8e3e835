"""A whole feed of arXiv at once, where the product reads it in parts."""

from datetime import date
from typing import BinaryIO

from digest.sources import Batch, Parsed
from digest.sources.arxiv_feed import FeedReader


def parse_feed(body: bytes | BinaryIO, latest: date, category: str = "feed") -> Batch:
    """Read a whole feed at once, as `FeedReader` does in parts.

    Args:
        body: the answer, Atom or RSS 2.0.
        latest: the last date that an announcement can have.
        category: what was asked for, for troubles.

    Raises:
        SourceError: when the answer is no feed at all.
    """
    reader = FeedReader(category, latest)
    whole = Parsed()
    for batch in reader.batches(body):
        whole.sightings += batch.sightings
        whole.announced += batch.announced or 0
        whole.more_troubles += batch.more_troubles
        for trouble in batch.troubles:
            whole.trouble(trouble)
    whole.cut = reader.cut
    return whole.batch()
