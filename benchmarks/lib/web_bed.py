"""What `bin/bench web` measures on: a house with papers, readers, and an edition for each."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from digest.config import Settings, load
from digest.edit import EditReport, due_shards
from digest.grammar.interests import parse_interest
from digest.links import Links
from digest.model import Message, Reader, ReaderKind, Schedule
from digest.progress import Quiet
from digest.readers.signups import ask
from digest.sources.jsonl import parse_lines
from digest.store import Store
from digest.store.editions import MadeEdition
from digest.store.schema import moves, signups
from digest.wiring import build, editor_of
from lib.shared import read_lines

BASE = "http://127.0.0.1:8080"
PICKS = 10
_LAST = date(2026, 5, 22)
_A_DAY = 350
_MORNING = time(6)
_COUNTED = 30  # days whose papers have upvotes
_ASKED = 100  # sign-ups and moves that wait for an answer
_KEYWORDS = 3
_LEAST_LETTERS = 7
_WORTH_SENDING = timedelta(days=3650)
SEED = 8

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Town:
    """A house filled for measuring: where its database lies, and what its pages can be asked for.

    `picks` are how many papers the edition of each handle has; `keys` are papers, the newest last.
    """

    database: str
    day: date
    keys: Sequence[str]
    words: Sequence[str]
    picks: Mapping[str, int]
    nonces: Sequence[str]
    moving: Sequence[str]
    links: Links

    @property
    def now(self) -> datetime:
        """The morning of the day of the editions: benchmarks move the clock on from there."""
        return datetime.combine(self.day, _MORNING, UTC)

    @property
    def handles(self) -> Sequence[str]:
        """Who has an edition."""
        return list(self.picks)


def settings_of(database: str) -> Settings:
    """The settings that a house is filled and served with."""
    return load(
        None,
        {"DIGEST_DATABASE": database, "DIGEST_BASE_URL": BASE, "DIGEST_SUBSCRIBE": "open"},
    )


def real_papers(file: Path, count: int) -> list[Line]:
    """The papers of the data, the newest last; the last so many of the first 100,000."""
    return list(islice(read_lines(file), 100_000))[-count:]


def invented_papers(count: int) -> list[Line]:
    """As many made of the sample's sentences, 350 a day."""
    sample = (files("digest") / "sample" / "papers.jsonl").read_text(encoding="utf-8")
    papers = [json.loads(line) for line in sample.splitlines()]
    sentences = [one for paper in papers for one in paper["abstract"].split(". ")]
    chance = random.Random(SEED)  # noqa: S311 - the same papers every time
    return [
        {
            "id": f"arxiv:{2600 + number // 90_000}.{number % 90_000:05}",
            "title": f"{' '.join(chance.choice(sentences).split()[:9])} {number}",
            "abstract": ". ".join(chance.sample(sentences, 8)),
            "authors": chance.choice(papers)["authors"],
            "categories": chance.choice(papers)["categories"],
            "date": (_LAST - timedelta(days=(count - 1 - number) // _A_DAY)).isoformat(),
        }
        for number in range(count)
    ]


def make_town(folder: Path, papers: Sequence[Line], people: int) -> Town:
    """Fill a house: papers, index, readers, and today's edition of each, queued with a short mail.

    Args:
        folder: an empty one.
        papers: by day of announcement; the last day is today.
        people: how many readers; each has two interests of a few words.
    """
    folder.mkdir()
    database = f"sqlite:///{folder / 'digest.db'}"
    house = build(settings_of(database))
    store, day = house.store, date.fromisoformat(papers[-1]["date"])
    now = datetime.combine(day, _MORNING, UTC)
    store.keys.renew(now)
    _add(store, papers, now)
    words = _words(papers)
    _add_readers(store, words, people, now)
    house.catalogue.refresh()
    house.catalogue.learn()
    editor = editor_of(house, None, day, now, Quiet())
    picks: dict[str, int] = {}
    for shard in due_shards(store, now, day):
        made = [
            MadeEdition(edition, _mail(edition.reader), now + _WORTH_SENDING)
            for edition in editor.draft(shard, EditReport())
        ]
        store.editions.save(made, house.channel.name, now)
        picks |= {one.edition.reader.handle: len(one.edition.picks) for one in made}
    nonces, moving = _ask(store, list(picks)[:_ASKED], now)
    secrets = tuple(store.keys.all())
    links = Links(BASE, lambda: secrets)
    house.close()
    keys = [paper["id"] for paper in papers]
    return Town(database, day, keys, words, picks, nonces, moving, links)


def _add(store: Store, papers: Sequence[Line], now: datetime) -> None:
    """Papers as a source showed them; those of the last days with upvotes, counted three times."""
    chance = random.Random(SEED)  # noqa: S311 - the same counts every time
    first = (now - timedelta(days=_COUNTED)).date().isoformat()
    lately = [paper for paper in papers if paper["date"] > first]
    for hours in (48, 24, 0):
        counted = [
            paper
            | {
                "upvotes": chance.randint(0, 9) * (3 - hours // 24),
                "observed": (now - timedelta(hours=hours)).isoformat(),
            }
            for paper in lately
        ]
        every = [*papers[: len(papers) - len(lately)], *counted] if hours == 48 else counted  # noqa: PLR2004
        lines = (json.dumps(paper).encode() for paper in every)
        for batch in parse_lines(lines, "papers", now.date(), now):
            assert not batch.troubles, batch.troubles
            store.papers.add(batch.sightings, "huggingface" if hours else "arxiv", now.date())


def _words(papers: Sequence[Line]) -> list[str]:
    """Words of the newest titles, for interests and questions."""
    titles = (paper["title"].lower().split() for paper in papers[-1000:])
    found = {w for title in titles for w in title if w.isalpha() and w.isascii()}
    return sorted(word for word in found if len(word) >= _LEAST_LETTERS)


def _add_readers(store: Store, words: Sequence[str], people: int, now: datetime) -> None:
    chance = random.Random(SEED)  # noqa: S311 - the same readers every time
    for number in range(people):
        interests = tuple(
            parse_interest(name, ", ".join(chance.sample(words, _KEYWORDS)))
            for name in ("at work", "at home")
        )
        name = f"reader{number}@example.org"
        store.readers.save(
            Reader(name, name, ReaderKind.SAVED, interests, limit=PICKS), now - timedelta(days=9)
        )


def _mail(reader: Reader) -> Message:
    name = reader.name
    return Message(f"<{name}.1@example.org>", "d@example.org", name, "Papers", name, b"-\r\n")


def _ask(store: Store, handles: Sequence[str], now: datetime) -> tuple[list[str], list[str]]:
    """Sign-ups and moves that wait: the nonces in their links."""
    interests = (parse_interest("birds", "owls, bats"),)
    for number, handle in enumerate(handles):
        ask(store, f"new{number}@example.org", interests, Schedule(), PICKS, now)
        store.moves.ask(handle, f"moved{number}@example.org", f"nonce{number:07}", now)
    with store.engine.connect().execution_options(digest_writes=True) as connection:
        connection.execute(update(signups).values(waits=False))  # as if their mails were made
        connection.commit()
        asked = list(connection.scalars(select(signups.c.nonce)))
        moving = list(connection.scalars(select(moves.c.nonce)))
        assert len(asked) == len(moving) == len(handles)
    return asked, moving
