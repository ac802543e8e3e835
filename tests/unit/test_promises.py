"""Promises that were broken once: each of these was a defect."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from digest.catalogue import Catalogue
from digest.desk import Desks
from digest.edit import Editor, EditReport, EditSettings
from digest.model import Keyword, StoredProfile, Threshold, Vote, VoteKind
from digest.progress import Quiet
from digest.ranking import Example, Profile, portions
from digest.ranking import index as files
from digest.ranking.offline import read_keywords
from digest.ranking.taste import Palate
from digest.store import Store
from digest.store.readers import Due
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen
from tests.rankers import profile_of, ranker_of, texts_of_topics, topic_word
from tests.unit.test_profiles import edited

TOPICS = [paper(f"Paper {n}", text) for n, text in enumerate(texts_of_topics(450, 10))]


@pytest.fixture
def catalogue(store: Store, tmp_path: Path) -> Iterator[Catalogue]:
    """A catalogue of an empty store, on each database."""
    made = Catalogue(store, tmp_path / "test.index", Quiet())
    yield made
    made.close()


def test_stored_profiles_fit_the_store(store: Store, catalogue: Catalogue) -> None:
    """What they were made with has room in its column, with and without subjects."""
    store.papers.add([seen(one) for one in TOPICS], "arxiv", DAY)
    ann = store.readers.save(reader("ann@example.org", topic_word(0, 1)), NOW)
    catalogue.refresh()
    before = catalogue.index.generation
    assert catalogue.learn()
    after = catalogue.index.generation
    assert before != after
    for generation in (before, after):
        row = StoredProfile(ann.row, 0, "0" * 64, generation, b"taste")
        store.profiles.save([row], [ann.row])
        assert store.profiles.of([ann.row]) == {(ann.row, 0): row}


def test_a_new_key_of_the_last_paper_costs_no_index(store: Store, catalogue: Catalogue) -> None:
    """A title that gets an id later, its text the same, is the paper that was read."""
    text = ("Owls at night", "They hear mice.")
    store.papers.add([seen(paper(*text))], "file", DAY)
    catalogue.refresh()
    folder = (catalogue.folder or Path()) / "columns"
    before = folder.stat().st_ino
    store.papers.add([seen(paper(*text, key="arxiv:2601.00009"))], "arxiv", DAY)
    catalogue.refresh()
    assert folder.stat().st_ino == before
    assert catalogue.index.papers == 1


def test_a_date_that_comes_later_is_read(store: Store, catalogue: Catalogue) -> None:
    """A paper that was looked up first and announced later has its day in the index."""
    one = paper("Owls at night", "They hear mice.", key="arxiv:2601.00009")
    ann = store.readers.save(reader("ann@example.org", "owls"), NOW)
    store.libraries.replace(ann.row, "my.bib", [(one, None)], "my.bib", DAY)
    assert catalogue.refresh().days[catalogue.index.alive].tolist() == [0]
    store.papers.add([seen(one)], "arxiv", DAY)
    assert catalogue.refresh().days[catalogue.index.alive].tolist() == [DAY.toordinal()]


def test_votes_do_not_narrow_what_a_category_asks_for() -> None:
    """An interest of a category alone still takes all of it after a vote of either kind."""
    papers = [replace(one, categories=("cs.LG",)) for one in TOPICS[400:403]]
    judge = ranker_of(papers, TOPICS)
    for weight in (1.0, -1.0):
        asked = Profile(profile_of("cat:cs.LG").interest, (Example(7, weight),))
        assert (judge.score([asked])[0] > 0.3).all()


def test_what_says_the_same_as_a_muted_paper_does_not_come(sqlite: Store) -> None:
    """Also when the muted one is long out of the window."""
    words = " ".join(topic_word(0, n) for n in range(40))
    old, new = paper("An old paper", words), paper("A new paper", words)
    other = paper("Another", f"{topic_word(0, 1)} with other words altogether in a row")
    sqlite.papers.add([seen(old, DAY - timedelta(days=20))], "arxiv", DAY)
    sqlite.papers.add([seen(new), seen(other)], "arxiv", DAY)
    ann = sqlite.readers.save(reader("ann@example.org", topic_word(0, 1)), NOW)
    (before,) = edited(sqlite, ann)
    assert "A new paper" in {pick.paper.paper.title for pick in before.picks}
    sqlite.votes.cast(Vote(ann.row, 1, VoteKind.MUTE, None, NOW))
    (after,) = edited(sqlite, ann)
    assert "A new paper" not in {pick.paper.paper.title for pick in after.picks}


def test_full_stops_in_quotes_are_no_prose() -> None:
    """A name with an initial leaves the grammar in force; a sentence does not."""
    interest = read_keywords('author:"J. Roe", graphs, -survey')
    assert [keyword.text for keyword in interest.keywords] == ["J. Roe", "graphs"]
    assert [keyword.text for keyword in interest.excluded] == ["survey"]
    prose = "How do owls hear? They listen, mostly."
    assert read_keywords(prose).keywords == (Keyword(prose),)


def test_rarer_than_the_ladder_tells_is_higher_still() -> None:
    """The score that one in a million reached is above that of one in a thousand."""
    judge = ranker_of(TOPICS[:60], TOPICS)
    (kept,) = judge.prepare([profile_of(topic_word(0, 1))])
    (taste,) = Palate.from_bytes(kept.kept or b"").tastes
    levels = [taste.reached_by(share) for share in (1e-2, 1e-3, 1e-4, 1e-6)]
    assert levels == sorted(levels)
    assert levels[-1] > levels[1]


def test_small_stores_are_not_asked_to_learn_again_and_again(sqlite: Store, tmp_path: Path) -> None:
    """Below the least number of papers nothing is learned; at it, it is."""
    made = Catalogue(sqlite, tmp_path / "test.index", Quiet())
    sqlite.papers.add([seen(one) for one in TOPICS[:399]], "arxiv", DAY)
    made.refresh()
    assert not made.learn()
    sqlite.papers.add([seen(one) for one in TOPICS[399:401]], "arxiv", DAY)
    made.refresh()
    assert made.learn()
    assert made.index.subjects is not None
    assert files.open_index(tmp_path / "test.index", sqlite.identity()) is not None


def test_portions_hold_all_in_order() -> None:
    """Each part takes no more than may be held, but for a single item that takes more."""
    sizes = [3, 1, 9, 2, 2, 2]
    parts = [list(part) for part in portions("abcdef", sizes, 4)]
    assert parts == [["a", "b"], ["c"], ["d", "e"], ["f"]]
    assert not list(portions([], [], 4))
    assert np.concatenate([[len(part) for part in parts]]).sum() == len(sizes)


def test_votes_against_a_subject_lower_it() -> None:
    """The more and the stronger they are; no larger scale makes up for them."""
    judge = ranker_of(TOPICS[400:440], TOPICS)
    interest = profile_of(f"{topic_word(0, 1)}, {topic_word(0, 2)}").interest
    against = [
        (),
        (Example(0, -1.0),),
        (Example(0, -2.0),),
        tuple(Example(10 * n, -2.0) for n in range(4)),
    ]
    scores = [float(judge.score([Profile(interest, examples)])[0].max()) for examples in against]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_a_broad_collection_is_met() -> None:
    """Liked papers of half of all subjects lead to papers that reach the threshold."""
    judge = ranker_of(TOPICS[400:440], TOPICS)
    liked = tuple(Example(n) for n in range(400) if n % 10 < 5)
    (scores,) = judge.score([Profile(profile_of("").interest, liked)])
    assert (scores >= 0.5).sum() >= 3


def test_a_damaged_index_is_made_anew(sqlite: Store, tmp_path: Path) -> None:
    """Whatever of it was overwritten: the next edition is made, from a new index."""
    sqlite.papers.add([seen(one, DAY - timedelta(days=9)) for one in TOPICS[:400]], "arxiv", DAY)
    sqlite.papers.add([seen(one) for one in TOPICS[400:]], "arxiv", DAY)
    ann = sqlite.readers.save(reader("ann@example.org", topic_word(0, 1)), NOW)
    for damage in ("columns", "counts", "total", "vectors.npy", "head.json"):
        made = Catalogue(sqlite, tmp_path / damage, Quiet())
        made.refresh()
        made.learn()
        for path in (tmp_path / damage).rglob(damage):
            raw = path.read_bytes()
            path.write_bytes(
                raw.replace(b'"fit_papers": 450', b'"fit_papers": null')
                if damage == "head.json"
                else raw[: len(raw) // 2] + b"\xff" * (len(raw) - len(raw) // 2)
                if damage != "counts"
                else bytes(len(raw))
            )
        again = Catalogue(sqlite, tmp_path / damage, Quiet())
        desks = Desks(sqlite, again, 3, DAY, datetime.combine(DAY, time(7), UTC), Quiet())
        editor = Editor(sqlite, desks, None, EditSettings(Threshold()), Quiet())  # type: ignore[arg-type]
        report = EditReport()
        (edition,) = editor.draft([Due(ann, DAY)], report)
        assert not report.failed, damage
        assert edition.picks, damage
        again.close()
