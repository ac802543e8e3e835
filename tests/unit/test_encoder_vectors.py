"""Vectors in the store: each text is read once, whoever asks, and again when it changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest

from digest.model import Announcement, Paper, Vote, VoteKind
from digest.progress import Advance, Quiet
from digest.ranking import vectors as kept
from digest.ranking.background import Background
from digest.ranking.encoder import BATCH
from digest.ranking.vectors import KeptVectors
from digest.ranking.weights import Floats
from digest.store import Store
from tests.conftest import DAY, NOW
from tests.encoders import WordEncoder
from tests.papers import paper, reader, seen

ARXIV, DOI = "arxiv:2603.00001", "doi:10.5555/one"


def filled(store: Store, count: int, first: int = 0, days: int = 1) -> list[int]:
    """The numbers of so many papers, announced day after day."""
    papers = [paper(f"Owls number {n}", f"Abstract {n}.") for n in range(first, first + count)]
    for n, one in enumerate(papers):
        store.papers.add([seen(one, DAY + timedelta(days=n % days))], "file", DAY)
    rows = store.papers.numbers_by_keys([one.key for one in papers])
    return [rows[one.key] for one in papers]


def vectors_of(store: Store, encoder: WordEncoder, sample: Sequence[int] = ()) -> KeptVectors:
    """Vectors as a new process finds them."""
    return KeptVectors(encoder, store.vectors, Quiet(), sample)


def texts(numbers: Sequence[int], store: Store) -> list[str]:
    """The texts of papers."""
    papers = store.papers.by_numbers(numbers)
    return [papers[number].paper.text for number in numbers]


def test_each_paper_is_read_once_for_all_processes(store: Store) -> None:
    """The second process takes what the first one kept; half precision is near enough."""
    numbers = filled(store, 5)
    first, second = WordEncoder(), WordEncoder()
    made = vectors_of(store, first).of(numbers)
    assert len(first.read) == 5
    found = vectors_of(store, second).of([*reversed(numbers), numbers[0]])
    assert second.read == []
    assert found[-1].tolist() == found[-2].tolist() == made[0].tolist()
    exact = first.encode(texts(numbers, store))
    assert made == pytest.approx(exact, abs=1e-3)


def test_a_paper_that_is_unknown_has_no_vector(store: Store) -> None:
    """It is a row of zeros among the others."""
    numbers = filled(store, 1)
    found = vectors_of(store, WordEncoder()).of([999, *numbers])
    assert not found[0].any()
    assert np.linalg.norm(found[1]) == pytest.approx(1, abs=1e-3)


def test_a_text_that_changed_is_read_anew(store: Store) -> None:
    """And no other one is."""
    numbers = filled(store, 3)
    encoder = WordEncoder()
    vectors_of(store, encoder).of(numbers)
    encoder.read.clear()
    changed = paper("Owls number 1", "Now on bats.", version=2)
    store.papers.add([seen(changed, kind=Announcement.REPLACE)], "file", DAY)
    found = vectors_of(store, encoder).of(numbers)
    assert encoder.read == [changed.text]
    assert found[1] == pytest.approx(encoder.encode([changed.text])[0], abs=1e-3)


def test_vectors_of_encoders_stand_apart(store: Store) -> None:
    """Another encoder finds nothing that it could use."""
    numbers = filled(store, 2)
    vectors_of(store, WordEncoder()).of(numbers)
    other = WordEncoder(name="other", dimensions=8)
    assert vectors_of(store, other).of(numbers).shape == (2, 8)
    assert len(other.read) == 2
    assert len(store.vectors.of("words", numbers)) == 2


class Stop(BaseException):
    """The end of a process."""


class Killed(WordEncoder):
    """An encoder whose process ends at the third batch."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Two batches are read."""
        if len(self.read) >= 2 * BATCH:
            raise Stop
        return WordEncoder.encode(self, texts)


def test_a_killed_run_goes_on_where_it_was(store: Store) -> None:
    """What was read of a batch before is kept."""
    numbers = filled(store, 3 * BATCH)
    with pytest.raises(Stop):
        vectors_of(store, Killed()).of(numbers)
    encoder = WordEncoder()
    vectors_of(store, encoder).of(numbers)
    assert len(encoder.read) == BATCH


def test_progress_counts_papers(store: Store) -> None:
    """All that are missing, and none where nothing is."""
    told: list[tuple[str, int | None]] = []
    done: list[int] = []

    class Told(Quiet):
        @contextmanager
        def track(self, label: str, total: int | None) -> Iterator[Advance]:
            told.append((label, total))
            yield done.append

    numbers = filled(store, BATCH + 3)
    for _ in range(2):
        KeptVectors(WordEncoder(), store.vectors, Told(), ()).of(numbers)
    assert told == [("reading papers with the encoder", BATCH + 3)]
    assert done == [BATCH, 3]


def test_papers_that_become_one_keep_one_vector(store: Store) -> None:
    """The vector of the row that goes, goes; the text that stays is read where it changed."""
    for key, title in ((ARXIV, "One name"), (DOI, "Another name")):
        store.papers.add([seen(Paper((key,), title, f"On {title}."))], "file", DAY)
    encoder = WordEncoder()
    vectors_of(store, encoder).of(list(store.papers.numbers()))
    both = Paper((ARXIV, DOI), "A third name", "On a third name.", version=3)
    store.papers.add([seen(both, kind=Announcement.REPLACE)], "file", DAY)
    (number,) = store.papers.numbers()
    encoder.read.clear()
    vectors_of(store, encoder).of([number])
    assert encoder.read == texts([number], store)
    assert store.vectors.announced("words") == [number]


def test_papers_that_leave_with_their_reader_take_their_vectors_along(store: Store) -> None:
    """What no service told of goes with the only library that had it."""
    ann = store.readers.save(reader(), NOW)
    store.libraries.add(
        ann.row, "a.bib", [(Paper(("title:own",), "Own", version=0), DAY)], "a.bib", DAY
    )
    (number,) = store.papers.numbers()
    vectors_of(store, WordEncoder()).of([number])
    assert store.vectors.of("words", [number])
    assert store.readers.remove(ann.handle or "")
    assert list(store.papers.numbers()) == []
    assert store.vectors.of("words", [number]) == {}
    store.vectors.keep("words", [(number, 1, b"late")])
    assert store.vectors.of("words", [number]) == {}


def test_the_past_is_what_was_announced_and_read(store: Store) -> None:
    """A paper of a library alone is none of it; papers stand in the order of their days."""
    numbers = filled(store, 4, days=2)
    ann = store.readers.save(reader(), NOW)
    store.libraries.add(ann.row, "a.bib", [(Paper(("title:own",), "Own"), DAY)], "a.bib", DAY)
    every = list(store.papers.numbers())
    assert len(every) == 5
    found = vectors_of(store, WordEncoder())
    found.of(every)
    assert found.past()[0] == [numbers[0], numbers[2], numbers[1], numbers[3]]


def test_a_short_past_is_filled_up_from_the_sample(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until there are so many as are needed, spread evenly; and then never again."""
    monkeypatch.setattr(kept, "LEAST_PAST", 6)
    numbers = filled(store, 20)
    encoder = WordEncoder()
    vectors = vectors_of(store, encoder, numbers)
    vectors.of(numbers[:2])
    assert len(vectors.past()[0]) == 6
    assert numbers[-1] in vectors.past()[0]
    assert len(encoder.read) == 6
    again = vectors_of(store, WordEncoder(), numbers)
    assert again.past()[0] == vectors.past()[0]


def test_the_background_stays_until_the_past_has_doubled(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that profiles are not made anew each day; all processes have the same one."""
    monkeypatch.setattr(kept, "LEAST_PAST", 4)
    numbers = filled(store, 30)
    encoder = WordEncoder()
    first = vectors_of(store, encoder, numbers)
    meaning = first.meaning
    assert vectors_of(store, encoder, numbers).meaning == meaning
    first.of(numbers[:4])
    assert vectors_of(store, encoder, numbers).meaning == meaning
    first.of(numbers[:12])
    assert vectors_of(store, encoder, numbers).meaning != meaning


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 9, Background.of(np.eye(3, dtype=np.float32)).to_bytes()]
)
def test_a_background_that_cannot_be_used_is_learnt_anew(store: Store, content: bytes) -> None:
    """Damaged bytes, or those of another size."""
    numbers = filled(store, 5)
    store.vectors.keep_background("words", 5, content)
    found = vectors_of(store, WordEncoder(), numbers).background()
    assert found.mean.shape == (256,)
    assert store.vectors.background("words") == (5, found.to_bytes())


def test_texts_are_remembered_for_a_while(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, in any order; when there are too many, all are forgotten."""
    monkeypatch.setattr(kept, "_MOST_TEXTS", 3)
    encoder = WordEncoder()
    vectors = vectors_of(store, encoder)
    found = vectors.read(["owls", "bats", "owls"])
    assert encoder.read == ["owls", "bats"]
    assert found[0].tolist() == found[2].tolist() != found[1].tolist()
    assert vectors.read([]).shape == (0, 256)
    assert vectors.read(["bats", "frogs", "newts"]).shape == (3, 256)
    assert encoder.read == ["owls", "bats", "bats", "frogs", "newts"]


def test_a_vote_changes_no_vector(store: Store) -> None:
    """What readers say of papers is no text."""
    (number,) = filled(store, 1)
    vectors_of(store, WordEncoder()).of([number])
    ann = store.readers.save(reader(), NOW)
    assert store.votes.cast(Vote(ann.row, number, VoteKind.MORE, None, NOW))
    assert store.vectors.of("words", [number])
