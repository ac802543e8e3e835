"""Topics that rise on a date, for all readers: found in the catalogue once, kept in the store."""

import logging
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from digest.catalogue import Catalogue
from digest.errors import StoreError
from digest.model import StoredPaper, Topic
from digest.progress import Progress
from digest.store import Store
from digest.store.topics import KeptTopic

log = logging.getLogger(__name__)

_AHEAD = timedelta(hours=14)  # of UTC, somewhere: what is later has not begun for anybody


@dataclass(slots=True)
class TopicsOfDates:
    """The topics of the dates at hand; each is looked up, or found, when it is asked for first.

    `now` is the time (aware). A catalogue that rests finds nothing: it only shows what is kept.
    What is found is kept where it `settles` the topics of a date for everyone.
    """

    store: Store
    catalogue: Catalogue
    now: datetime
    progress: Progress
    settles: bool = True
    _known: dict[date, tuple[Topic, ...]] = field(default_factory=dict)

    def of(self, day: date) -> tuple[Topic, ...]:
        """The topics of a date, the strongest first.

        They are an extra: where they cannot be found, the log says why, and there are none.
        """
        if day not in self._known:
            kept = kept_topics(self.store, day)
            if kept is None:
                kept = () if self.catalogue.rests else self._look(day)
            self._known[day] = kept
        return self._known[day]

    def _look(self, day: date) -> tuple[Topic, ...]:
        """Find topics and keep them; where another process was faster, those of that one count."""
        try:
            with self.progress.track("looking for topics that rise", None):
                found = self._found(day)
        except StoreError:
            raise
        except Exception:
            log.exception("topics of %s", day)
            return ()
        early = day > (self.now + _AHEAD).date()  # its papers are still to come
        if early or not self.settles:
            return found
        self.store.topics.keep(day, [_to_keep(topic) for topic in found])
        return kept_topics(self.store, day) or ()

    def _found(self, day: date) -> tuple[Topic, ...]:
        from digest.ranking.rising import Corpus, rising  # noqa: PLC0415 - NumPy, where needed

        catalogue, papers = self.catalogue, self.store.papers.by_numbers
        corpus = Corpus(catalogue.refresh(), catalogue.terms, catalogue.marks, papers)
        return rising(corpus, day)


def kept_topics(store: Store, day: date) -> tuple[Topic, ...] | None:
    """The topics of a date as they are kept; None where nobody has looked for any.

    Carriers that are gone, or were never announced, are left out.
    """
    kept = store.topics.of(day)
    if kept is None:
        return None
    numbers = store.papers.numbers_by_keys([key for topic in kept for key in topic.papers])
    papers = store.papers.by_numbers(set(numbers.values()))
    return tuple(
        _topic(topic, [papers.get(numbers.get(key, 0)) for key in topic.papers]) for topic in kept
    )


def _topic(kept: KeptTopic, papers: list[StoredPaper | None]) -> Topic:
    there = {one.number: one for one in papers if one is not None and one.sources}
    return Topic(kept.words, kept.seen, kept.expected, tuple(there.values()))


def _to_keep(topic: Topic) -> KeptTopic:
    keys = tuple(stored.paper.key for stored in topic.carriers)
    return KeptTopic(topic.words, topic.seen, topic.expected, keys)
