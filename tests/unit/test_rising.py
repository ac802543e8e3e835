"""Topics that rise: bursts of terms, named by their own words, with the papers that carry them."""

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.catalogue import Catalogue
from digest.desk import Desks
from digest.model import Announcement, Paper, Sighting, StoredPaper, Topic
from digest.progress import Quiet
from digest.ranking.index import append, fit, new_index
from digest.ranking.marks import Marked
from digest.ranking.naming import means_nothing, name_of
from digest.ranking.rising import Corpus, rising
from digest.ranking.sheet import joined
from digest.ranking.terms import Terms
from digest.store import Store
from digest.store.topics import KeptTopic
from digest.topics import TopicsOfDates
from tests.conftest import DAY, NOW
from tests.papers import paper
from tests.topics import HARBOUR, about, burst, usual, weeks

WEEK = timedelta(days=7)
SUBJECT = "zeppelin moorings"
KEPT = KeptTopic("owl radar", 9, 2.5, ("title:none",))


@pytest.fixture
def catalogue(sqlite: Store, tmp_path: Path) -> Iterator[Catalogue]:
    """A catalogue of an empty store."""
    made = Catalogue(sqlite, tmp_path / "index", Quiet())
    yield made
    made.close()


def topics(catalogue: Catalogue) -> TopicsOfDates:
    """The topics of a house that has just been opened."""
    return TopicsOfDates(catalogue.store, catalogue, NOW, Quiet())


def words_of(catalogue: Catalogue, day: date = DAY) -> list[str]:
    """What rises on a date, in words."""
    return [topic.words for topic in topics(catalogue).of(day)]


# What rises


def test_what_many_papers_speak_of_all_at_once_is_a_topic(catalogue: Catalogue) -> None:
    """It says how many papers there are, and how many the weeks before let one expect."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)
    (topic,) = topics(catalogue).of(DAY)
    assert (topic.words, topic.seen) == (SUBJECT, 8)
    assert 0 < topic.expected < 1


def test_what_was_spoken_of_all_the_time_is_none(catalogue: Catalogue) -> None:
    """However many papers speak of it."""
    weeks(catalogue.store)
    for back in range(6):
        burst(catalogue.store, SUBJECT, 8, DAY - back * WEEK)
    assert words_of(catalogue) == []


def test_what_rose_weeks_ago_and_is_over_is_none(catalogue: Catalogue) -> None:
    """A topic needs papers lately; on the date itself it rose."""
    weeks(catalogue.store, 8)
    burst(catalogue.store, SUBJECT, 8, DAY - 2 * WEEK)
    assert words_of(catalogue) == []
    assert words_of(catalogue, DAY - 2 * WEEK) == [SUBJECT]


def test_what_papers_say_in_passing_is_none(catalogue: Catalogue) -> None:
    """A phrase that stands once in a text is not what it speaks of."""
    weeks(catalogue.store)
    every = [
        replace(
            one, paper=replace(one.paper, abstract=f"{one.paper.abstract} Broadly auditable gains.")
        )
        for one in (usual(DAY - timedelta(days=n % 7), 100 + n) for n in range(20))
    ]
    catalogue.store.papers.add(every, "arxiv", DAY)
    assert words_of(catalogue) == []


def test_what_papers_of_every_kind_repeat_is_none(catalogue: Catalogue) -> None:
    """A topic is what its papers have more than its words in common."""
    weeks(catalogue.store)
    every = []
    for place in range(8):
        one = usual(DAY - timedelta(days=place % 7), 200 + place)
        text = f"{one.paper.abstract} Auditable gain. More auditable gain."
        every.append(replace(one, paper=replace(one.paper, abstract=text)))
    catalogue.store.papers.add(every, "arxiv", DAY)
    assert words_of(catalogue) == []


def test_four_papers_are_too_few(catalogue: Catalogue) -> None:
    """Whatever there was before."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 4)
    assert words_of(catalogue) == []


def test_one_group_alone_makes_no_topic(catalogue: Catalogue) -> None:
    """Papers that share an author count as one: eight of one laboratory are no movement."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8, authors=("Ida Quill", "Ann Roe"))
    assert words_of(catalogue) == []


def test_nothing_is_compared_with_nothing(catalogue: Catalogue) -> None:
    """Until there are two weeks before the last one, nothing rises."""
    weeks(catalogue.store, 2)
    burst(catalogue.store, SUBJECT, 8)
    assert words_of(catalogue) == []


def test_three_weeks_are_enough(catalogue: Catalogue) -> None:
    """Two of them tell what to expect of the third."""
    weeks(catalogue.store, 3)
    burst(catalogue.store, SUBJECT, 8)
    assert words_of(catalogue) == [SUBJECT]


def test_an_empty_store_has_no_topics(catalogue: Catalogue) -> None:
    """And no trouble with that."""
    assert words_of(catalogue) == []


def test_a_field_that_announces_more_does_not_rise(catalogue: Catalogue) -> None:
    """Where a category comes anew, what its papers speak of was new to the store alone."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8, category="physics.pop")
    field = [usual(DAY - timedelta(days=n % 7), 300 + n, "physics.pop") for n in range(80)]
    catalogue.store.papers.add(field, "arxiv", DAY)
    assert words_of(catalogue) == []


def test_papers_that_no_source_announced_count_nowhere(catalogue: Catalogue) -> None:
    """What was looked up for readers' libraries is nobody else's business."""
    weeks(catalogue.store)
    every = [
        Sighting(about(SUBJECT, DAY, place).paper, Announcement.LOOKED_UP, None)
        for place in range(12)
    ]
    catalogue.store.papers.add(every, "arxiv", DAY)
    assert words_of(catalogue) == []


def test_a_paper_that_was_looked_up_carries_no_topic(catalogue: Catalogue) -> None:
    """Though it says more of the topic than any that was announced."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)
    private = about(SUBJECT, DAY, 99, title=f"All of {SUBJECT}").paper
    catalogue.store.papers.add([Sighting(private, Announcement.LOOKED_UP, None)], "arxiv", DAY)
    (topic,) = topics(catalogue).of(DAY)
    assert private.title not in {stored.paper.title for stored in topic.carriers}
    assert topic.seen == 8


def test_papers_to_come_count_nowhere(catalogue: Catalogue) -> None:
    """The topics of a date are those of what was announced by then."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8, DAY + WEEK)
    assert words_of(catalogue) == []


def test_two_words_for_one_thing_are_one_topic(catalogue: Catalogue) -> None:
    """What the same papers speak of is told once."""
    weeks(catalogue.store)
    burst(catalogue.store, "zeppelin moorings and gondola varnish", 9)
    assert len(words_of(catalogue)) == 1


def test_two_things_are_two_topics_the_stronger_first(catalogue: Catalogue) -> None:
    """At most five in all."""
    weeks(catalogue.store)
    trades = [[f"{word}{letter}el" for word in HARBOUR] for letter in "abcdfg"]
    names = ["owl radar", "yeast choirs", "comet soup", "kelp looms", "quartz ferries", "moth mail"]
    for place, (name, trade) in enumerate(zip(names, trades, strict=True)):
        burst(catalogue.store, name, 14 - place, words=trade)
    assert words_of(catalogue) == names[:5]


def test_the_papers_that_carry_a_topic(catalogue: Catalogue) -> None:
    """Those with it in the title, the most upvoted of them first; at most three."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)
    shown = [("Moorings for no Zeppelin", 90), ("Zeppelin moorings at rest", 5)]
    shown += [("On zeppelin moorings", 20), ("Zeppelin moorings, a study", 1)]
    every = [
        about(SUBJECT, DAY, 50 + n, title=title, upvotes=upvotes)
        for n, (title, upvotes) in enumerate(shown)
    ]
    catalogue.store.papers.add(every, "arxiv", DAY)
    (topic,) = topics(catalogue).of(DAY)
    titles = [stored.paper.title for stored in topic.carriers]
    assert titles == [
        "On zeppelin moorings",
        "Zeppelin moorings at rest",
        "Zeppelin moorings, a study",
    ]


def test_the_same_papers_give_the_same_topics(catalogue: Catalogue, tmp_path: Path) -> None:
    """By whichever index, and as often as one asks."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)
    burst(catalogue.store, "yeast choirs", 8, words=[f"{word}ot" for word in HARBOUR])
    other = Catalogue(catalogue.store, tmp_path / "other", Quiet())
    early = replace(topics(catalogue), now=NOW - timedelta(days=9))  # so that nothing is kept
    assert catalogue.store.topics.of(DAY) is None
    first = early.of(DAY)
    assert len(first) == 2
    assert replace(early, catalogue=other, _known={}).of(DAY) == first
    other.close()


def test_hostile_papers_break_nothing(catalogue: Catalogue) -> None:
    """Endless titles, formulas, signs of all kinds; a name stays short enough to be kept."""
    weeks(catalogue.store)
    ugly = "x" * 900
    for subject in (
        ugly,
        r"$\mathcal{O}(n^{2})_{\alpha}$",
        "\u202e evil\u200b text \U0001f989",
        "((",
        "\\",
    ):
        burst(catalogue.store, subject, 8)
        burst(catalogue.store, f"{subject} {SUBJECT}", 8)
    found = topics(catalogue).of(DAY)
    assert found
    assert all(0 < len(topic.words) <= 60 for topic in found)


# Names


def named(seed: str, *abstracts: str, titles: tuple[str, ...] = ()) -> str | None:
    """The name of what these papers have in common."""
    papers = [
        Paper((f"title:{n}",), titles[n] if titles else "On it", abstract)
        for n, abstract in enumerate(abstracts)
    ]
    name = name_of(seed, papers)
    return name.words if name is not None and name.good else None


@pytest.mark.parametrize(
    ("seed", "texts", "name"),
    [
        ("graph neural", ["We train graph neural networks."] * 3, "graph neural networks"),
        (
            "world model",
            ["Our world model plans.", "All world models.", "Of world models."],
            "world models",
        ),
        ("policy distill", ["Use policy distill."] * 2, "policy distill"),
        ("owl radar", ["The on-owl radar."] * 3, "on-owl radar"),
        ("time scaling", ["With test-time scaling it works."] * 3, "test-time scaling"),
        ("mamba", ["We use Mamba here.", "Mamba is it.", "The Mamba block.", "A mamba."], "Mamba"),
        ("mamba", ["Mambas bite. Some mamba eats.", "Any mamba sleeps.", "No mamba runs."], None),
        ("gan", ["A GAN here.", "Of GANs there.", "The GAN."], "GAN"),
        ("owl radar", ["An owl. Radar is near."] * 3, None),
        ("schrodinger bridge", ["By Schrödinger bridges."] * 3, "Schrödinger bridges"),
        ("chain of thought", ["By chain of thought."] * 3, "chain of thought"),
        ("owl", ["An owl owl owl owl owl owl"] * 3, "owl owl owl owl"),
    ],
)
def test_a_name_is_what_most_papers_write(seed: str, texts: list[str], name: str | None) -> None:
    """As long as most of them have it, in the case that they use inside of sentences."""
    assert named(seed, *texts) == name


def test_a_short_name_is_spelled_out_where_papers_do() -> None:
    """A reader of another field knows what it stands for."""
    told = "By visual owl radar (VOR) we see. The VOR sees."
    assert named("vor", told, told, "A VOR sees.") == "visual owl radar (VOR)"
    assert named("vor", told, "A VOR sees.", "A VOR sees.") == "VOR"
    assert named("vor", *["By what it is (VOR). A VOR."] * 3) == "VOR"


def test_a_word_in_lower_case_is_a_name_where_titles_have_it() -> None:
    """Else it may be any word."""
    texts = ["Some rubric helps.", "A rubric lies.", "No rubric sings."]
    assert named("rubric", *texts) is None
    assert named("rubric", *texts, titles=("Rubrics", "A rubric", "On it")) == "rubric"


@pytest.mark.parametrize("seed", ["method", "high level", "2026", "x_i", "vl", "adding a model"])
def test_words_of_research_in_general_name_nothing(seed: str) -> None:
    """They stand in papers on anything."""
    assert means_nothing(seed)


@pytest.mark.parametrize("seed", ["mamba", "world model", "mixture of experts"])
def test_words_of_a_subject_name_something(seed: str) -> None:
    """Also beside general ones."""
    assert not means_nothing(seed)


@given(st.text(max_size=30), st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_any_text_is_read_without_an_error(seed: str, texts: list[tuple[str, str]]) -> None:
    """And a name is never longer than is kept."""
    papers = [Paper(("title:x",), title, f"{abstract} {seed}") for title, abstract in texts]
    name = name_of(seed, papers)
    assert name is None or (0 < len(name.words) <= 60 and len(name.counts) == len(papers))


# Found once, kept for all


def test_topics_are_found_once(catalogue: Catalogue) -> None:
    """What was found first counts for everyone, whatever comes in later."""
    weeks(catalogue.store)
    assert words_of(catalogue) == []
    burst(catalogue.store, SUBJECT, 8)
    assert words_of(catalogue) == []
    assert words_of(catalogue, DAY - timedelta(days=1)) == [SUBJECT]


def test_what_is_kept_is_what_was_found(catalogue: Catalogue) -> None:
    """A second process reads the same topics with the same papers."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)
    first = topics(catalogue).of(DAY)
    assert first
    assert len(first[0].carriers) == 3
    assert topics(catalogue).of(DAY) == first


def test_each_date_has_its_own(catalogue: Catalogue) -> None:
    """Also within one run."""
    weeks(catalogue.store, 8)
    burst(catalogue.store, SUBJECT, 8, DAY - 2 * WEEK)
    every = topics(catalogue)
    found = {day: every.of(day) for day in (DAY, DAY - 2 * WEEK)}
    assert [topic.words for topic in found[DAY - 2 * WEEK]] == [SUBJECT]
    assert found[DAY] == ()


def test_a_date_that_has_not_begun_is_not_kept(catalogue: Catalogue) -> None:
    """Who looks ahead must not settle what everyone gets."""
    weeks(catalogue.store)
    later = DAY + timedelta(days=2)
    words_of(catalogue, later)
    assert catalogue.store.topics.of(later) is None


def test_who_only_looks_settles_nothing(catalogue: Catalogue) -> None:
    """A preview in the morning must not keep the papers of the day out of its topics."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)
    desks = Desks(catalogue.store, catalogue, 3, DAY, NOW, Quiet())
    desks.only_look()
    assert [topic.words for topic in desks.of(DAY).rising] == [SUBJECT]
    assert catalogue.store.topics.of(DAY) is None
    assert words_of(catalogue) == [SUBJECT]
    assert catalogue.store.topics.of(DAY) is not None


def test_a_catalogue_that_rests_shows_what_is_kept(catalogue: Catalogue) -> None:
    """A page finds nothing and stores nothing; it shows what an edition found."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)
    catalogue.refresh()
    assert words_of(catalogue.at_rest()) == []
    assert catalogue.store.topics.of(DAY) is None
    assert words_of(catalogue) == [SUBJECT]
    assert words_of(catalogue.at_rest()) == [SUBJECT]


def test_carriers_that_are_gone_are_left_out(sqlite: Store, catalogue: Catalogue) -> None:
    """After papers were merged, or where a key leads to what no source announced."""
    shown, private = about(SUBJECT, DAY, 1).paper, about(SUBJECT, DAY, 2).paper
    sqlite.papers.add([Sighting(shown, Announcement.NEW, DAY)], "arxiv", DAY)
    sqlite.papers.add([Sighting(private, Announcement.LOOKED_UP, None)], "arxiv", DAY)
    papers = (*KEPT.papers, private.key, shown.key)
    sqlite.topics.keep(DAY, [replace(KEPT, papers=papers)])
    (topic,) = topics(catalogue).of(DAY)
    assert [stored.paper for stored in topic.carriers] == [shown]
    assert (topic.words, topic.seen, topic.expected) == ("owl radar", 9, 2.5)


def test_no_edition_is_lost_for_its_topics(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where they cannot be found the log says why; they are looked for again by the next run."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        patched.setattr(Catalogue, "marks", broken)
        assert words_of(catalogue) == []
    assert f"topics of {DAY}" in caplog.text
    assert words_of(catalogue) == [SUBJECT]


def test_a_desk_looks_for_topics_when_it_is_asked(catalogue: Catalogue) -> None:
    """Not before: an edition that shows none does not pay for them."""
    weeks(catalogue.store)
    burst(catalogue.store, SUBJECT, 8)
    desk = Desks(catalogue.store, catalogue, 3, DAY, NOW, Quiet()).of(DAY)
    assert catalogue.store.topics.of(DAY) is None
    assert [topic.words for topic in desk.rising] == [SUBJECT]
    assert catalogue.store.topics.of(DAY) is not None


def test_a_date_nobody_looked_at_differs_from_one_without_topics(store: Store) -> None:
    """So that nobody looks twice."""
    assert store.topics.of(DAY) is None
    store.topics.keep(DAY, [])
    assert store.topics.of(DAY) == []
    assert store.topics.of(DAY - WEEK) is None


def test_the_first_to_keep_topics_wins(store: Store) -> None:
    """The others' are not mixed in."""
    first = [KEPT, replace(KEPT, words="kelp looms")]
    store.topics.keep(DAY, first)
    store.topics.keep(DAY, [replace(KEPT, words=str(n)) for n in range(4)])
    assert store.topics.of(DAY) == first


def test_processes_that_find_topics_at_once(store: Store) -> None:
    """One of them wins, whole; none fails."""
    ready = threading.Barrier(4)
    failed: list[Exception] = []

    def keep(number: int) -> None:
        ready.wait()
        try:
            store.topics.keep(DAY, [replace(KEPT, words=f"{number} {n}") for n in range(number)])
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=keep, args=(number,)) for number in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    kept = store.topics.of(DAY)
    assert kept
    assert [topic.words for topic in kept] == [f"{len(kept)} {n}" for n in range(len(kept))]


# Real papers


def real_corpus(file: Path, folder: Path, first: date, last: date) -> Corpus:
    """Real papers of some dates, indexed."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if first.isoformat() <= row["date"] <= last.isoformat()]
    terms = Terms()
    papers = [
        StoredPaper(
            number,
            paper(row["title"], row["abstract"], categories=tuple(row["categories"])),
            date.fromisoformat(row["date"]),
            ("arxiv",),
        )
        for number, row in enumerate(rows)
    ]
    texts = [stored.paper.text for stored in papers]
    sheet = joined(terms.count(texts[n : n + 200]) for n in range(0, len(texts), 200))
    days = [stored.announced.toordinal() if stored.announced else 0 for stored in papers]
    index = new_index(folder, "0" * 32)
    index = fit(append(index, sheet, range(len(papers)), days, change=1, key="x"))
    marks = [Marked(tuple(row.get("authors") or ()), tuple(row["categories"])) for row in rows]
    return Corpus(
        index,
        terms,
        lambda numbers: [marks[number] for number in numbers],
        lambda numbers: {number: papers[number] for number in numbers},
    )


def test_real_papers_and_the_same_in_any_order_of_dates(shared: Path, tmp_path: Path) -> None:
    """In July 2025 the cosmic-ray conference rose; where dates are dealt out by lot, next to
    nothing does.
    """
    last = date(2025, 7, 15)
    file = shared / "data" / "arxiv" / "arxiv_daily.jsonl.gz"
    corpus = real_corpus(file, tmp_path / "index", last - timedelta(days=111), last)
    found = rising(corpus, last)
    assert {"Pierre Auger Observatory", "IceCube"} <= {topic.words for topic in found}
    assert all(_carried(topic) for topic in found)
    lot = np.random.default_rng(2)
    chance = [
        rising(
            replace(corpus, index=replace(corpus.index, days=lot.permutation(corpus.index.days))),
            last,
        )
        for _ in range(4)
    ]
    assert sum(len(topics) for topics in chance) <= 1


def _carried(topic: Topic) -> bool:
    return len(topic.carriers) == 3 and topic.seen >= 1.5 * topic.expected
