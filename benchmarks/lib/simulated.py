"""A reader who does not exist: votes by a hidden taste that is no ranker's score, seeded.

The taste is an expression that is looked for in titles and abstracts. What matches is liked by lot,
whether it was ever shown or not; a few papers are liked though they do not match, and a few of the
rest are disliked.
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from digest.model import Paper, VoteKind

_VOTED_AT = time(19)  # UTC
_SAVED = 1 / 4  # of what is liked


@dataclass(frozen=True, slots=True)
class Taste:
    """What the reader has in mind, and how often it says so.

    `wanted` is a regular expression; `likes` is the share of matching papers that get a vote,
    `slips` the share of others liked all the same, `dislikes` the share of others disliked.
    """

    wanted: re.Pattern[str]
    likes: float = 0.5
    slips: float = 0.001
    dislikes: float = 0.004

    def votes(
        self, papers: Iterable[tuple[int, date, Paper]], seed: int, at: datetime | None = None
    ) -> Iterator[tuple[int, VoteKind, datetime]]:
        """The votes on papers, each with its number and the date of its announcement.

        A vote is cast in the evening of that date or one or two days later; or all `at` one time.
        """
        lot = random.Random(seed)  # noqa: S311 - a lot, no secret
        for number, day, paper in papers:
            chance, delay, kind = lot.random(), lot.choice((0, 0, 0, 1, 2)), lot.random()
            cast = at or datetime.combine(day + timedelta(days=delay), _VOTED_AT, UTC)
            matches = self.wanted.search(paper.text.lower())
            if chance < (self.likes if matches else self.slips):
                yield number, VoteKind.SAVE if kind < _SAVED else VoteKind.MORE, cast
            elif not matches and chance > 1 - self.dislikes:
                yield number, VoteKind.LESS, cast
