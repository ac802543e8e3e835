"""An encoder that fails, and vectors that are damaged: what can be ranked is ranked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Barrier, Thread

import numpy as np
import pytest
from sqlalchemy import update

from digest.errors import EncoderError
from digest.model import Announcement, Paper
from digest.progress import Quiet
from digest.ranking import Profile
from digest.ranking.encoder import MiniLM, encoded
from digest.ranking.offline import Offline
from digest.ranking.vectors import KeptVectors
from digest.ranking.weights import Floats
from digest.store import Store
from digest.store.schema import vectors as table
from tests.conftest import DAY
from tests.encoders import WordEncoder
from tests.papers import paper, seen
from tests.rankers import papers_of, profile_of, texts_of_topics

OWLS, BATS, FROGS = "Owls by night", "Bats in caves", "Frogs in ponds"


@dataclass(slots=True)
class Faulty(WordEncoder):
    """Fails at texts that speak of bats, as `fault` says; at all of them where `always`."""

    fault: Callable[[Floats], Floats] = np.asarray
    always: bool = False

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder."""
        rows = WordEncoder.encode(self, texts)
        if self.always:
            return self.fault(rows)
        bats = ["bats" in text.lower() for text in texts]
        if any(bats):
            rows[bats] = self.fault(rows[bats])
        return rows


def _raise(_: Floats) -> Floats:
    raise RuntimeError("out of\nmemory")


def _nan(rows: Floats) -> Floats:
    return rows * np.float32(np.nan)


def _zeros(rows: Floats) -> Floats:
    return rows * 0


def _short(rows: Floats) -> Floats:
    return rows[:, :-1]


FAULTS = [_raise, _nan, _zeros]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_text_at_which_the_encoder_fails_costs_no_other_one(
    fault: Callable[[Floats], Floats], caplog: pytest.LogCaptureFixture
) -> None:
    """It has zeros, the others have their vectors, and the log names it; also where it is alone."""
    rows, good = encoded(Faulty(fault=fault), [OWLS, BATS, FROGS])
    assert good.tolist() == [True, False, True]
    assert rows == pytest.approx(WordEncoder().encode([OWLS, BATS, FROGS]) * good[:, None])
    assert caplog.messages == [f"the encoder words cannot read “{BATS}”"]
    assert encoded(Faulty(fault=fault), [BATS])[1].tolist() == [False]


@pytest.mark.parametrize("fault", [*FAULTS, _short])
def test_an_encoder_that_fails_at_everything_is_named(fault: Callable[[Floats], Floats]) -> None:
    """The error says what to do, in one line, and comes after three attempts at most."""
    encoder = Faulty(fault=fault, always=True)
    with pytest.raises(EncoderError, match=r"words reads nothing \(.*DIGEST_RANKER=terms") as told:
        encoded(encoder, [f"{OWLS} {n}" for n in range(20)])
    assert "\n" not in str(told.value)
    assert len(encoder.read) == 21


def test_vectors_of_any_length_are_brought_to_length_one() -> None:
    """Whatever an encoder gives."""
    rows, _ = encoded(Faulty(fault=lambda rows: 900 * rows, always=True), [OWLS, FROGS])
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)


def test_a_model_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is there and broken: what to do, at once."""
    monkeypatch.setattr("digest.ranking.encoder._PACKAGE", "no_such_package")
    monkeypatch.setattr("digest.ranking.encoder.importlib.import_module", _broken)
    with pytest.raises(EncoderError, match=r"cannot be loaded \(ImportError: libx.so.1\).*install"):
        encoded(MiniLM(), [OWLS])


def _broken(_: str) -> object:
    raise ImportError("libx.so.1")


@pytest.mark.parametrize("kind", ["encoder", "blend"])
def test_papers_without_words_or_without_a_vector_are_ranked(kind: str) -> None:
    """An empty title, no abstract, a text that cannot be read: finite scores, near the average."""
    papers = [
        Paper(("title:a",), "", ""),
        Paper(("title:b",), OWLS, ""),
        Paper(("title:c",), BATS, "Bats fly."),
        Paper(("title:d",), "", "Owls hunt by night."),
    ]
    texts = [one.text for one in papers]
    offline = Offline(
        [f"{OWLS} {n}. On snow." for n in range(40)] + [f"Bread {n}." for n in range(40)], texts
    )
    offline.learn()
    ranker = offline.ranker(papers, kind, Faulty(fault=_nan))
    scores = ranker.score(ranker.prepare([profile_of("owls"), profile_of("", liked=[81])]))
    assert np.isfinite(scores).all()
    assert scores[0].argmax() in (1, 3)
    assert abs(scores[:, 2]).max() < 0.5


def filled(store: Store, titles: Sequence[str]) -> list[int]:
    """The numbers of papers."""
    papers = [paper(title, f"All of it is on {title}.") for title in titles]
    for n, one in enumerate(papers):
        store.papers.add([seen(one, DAY + timedelta(days=n))], "file", DAY)
    rows = store.papers.numbers_by_keys([one.key for one in papers])
    return [rows[one.key] for one in papers]


def vectors_of(store: Store, encoder: WordEncoder) -> KeptVectors:
    """Vectors as a new process finds them."""
    return KeptVectors(encoder, store.vectors, Quiet(), ())


def test_what_could_not_be_read_is_tried_again(store: Store) -> None:
    """No zeros are kept for it: an encoder that is well again reads it, and it alone."""
    numbers = filled(store, [OWLS, BATS, FROGS])
    found = vectors_of(store, Faulty(fault=_raise)).of(numbers)
    assert found.any(axis=1).tolist() == [True, False, True]
    well = WordEncoder()
    assert vectors_of(store, well).of(numbers).any(axis=1).all()
    assert len(well.read) == 1


def test_a_process_tries_a_text_once(store: Store) -> None:
    """A paper or a text that cannot be read is not asked for again, however often it is needed."""
    numbers = filled(store, [OWLS, BATS, FROGS])
    encoder = Faulty(fault=_raise)
    vectors = vectors_of(store, encoder)
    first = [vectors.of(numbers), vectors.read([BATS, FROGS])]
    encoder.read.clear()
    assert [rows.any(axis=1).tolist() for rows in first] == [[True, False, True], [False, True]]
    again = [vectors.of(numbers), vectors.read([BATS, FROGS])]
    vectors.keep([numbers])
    assert encoder.read == []
    assert [rows.tolist() for rows in again] == [rows.tolist() for rows in first]
    assert vectors_of(store, WordEncoder()).read([BATS]).any()


@pytest.mark.parametrize("kind", ["encoder", "blend"])
@pytest.mark.parametrize(
    "profile",
    [
        profile_of("owls, bats"),
        profile_of("owls", titles=[BATS]),
        profile_of("owls", liked=[1]),
        profile_of("owls", disliked=[1]),
    ],
)
def test_nothing_is_kept_of_a_profile_that_was_not_read(kind: str, profile: Profile) -> None:
    """It is ranked by the rest, to the last reason; the others of its shard are kept."""
    texts = [f"{OWLS}. On snow.", f"{BATS}. They fly.", *texts_of_topics(60, 5), f"{OWLS}. Voles."]
    offline = Offline(texts[:-1], texts[-1:])
    offline.learn()
    ranker = offline.ranker(papers_of(texts[-1:]), kind, Faulty(fault=_nan))
    passing, kept = ranker.prepare([replace(profile, kept=b"damaged"), profile_of("owls")])
    assert passing.kept is None
    assert kept.kept
    assert ranker.prepare([passing])[0] is passing
    every = [ranker.score([passing, kept])[:, 0].tolist(), [ranker.score([passing])[0, 0]]]
    assert every[0][0] == pytest.approx(every[1][0])
    whole = ranker.explain(passing, 0, 1000, 0.0).reasons
    assert sum(reason.share for reason in whole) == pytest.approx(every[0][0], abs=2e-3)
    assert ranker.level(passing, 0.01) > ranker.level(passing, 0.1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        bytes(511),
        bytes(512),
        bytes(514),
        b"\xff" * 512,
        b"\x00\x7c" * 256,
        b"\x00\x50" * 256,
    ],
)
def test_a_damaged_vector_is_read_anew(store: Store, content: bytes) -> None:
    """Cut, too long, zeros, no numbers, infinite or far too long ones: mended for good."""
    numbers = filled(store, [OWLS, BATS])
    right = vectors_of(store, WordEncoder()).of(numbers)
    with store.vectors.engine.begin() as connection:
        connection.execute(
            update(table).where(table.c.paper_id == numbers[0]).values(vector=content)
        )
    encoder = WordEncoder()
    assert vectors_of(store, encoder).of(numbers).tolist() == right.tolist()
    assert len(encoder.read) == 1
    assert vectors_of(store, encoder).of(numbers).tolist() == right.tolist()
    assert len(encoder.read) == 1


def test_a_late_process_does_not_put_back_an_older_text(store: Store) -> None:
    """A vector of an earlier text never replaces that of a later one."""
    (number,) = filled(store, [OWLS])
    ((_, old, _),) = store.vectors.texts([number])
    store.papers.add(
        [seen(paper(OWLS, "Now on bats.", version=2), kind=Announcement.REPLACE)], "file", DAY
    )
    kept = vectors_of(store, WordEncoder()).of([number])
    store.vectors.keep("words", [(number, old, b"late")])
    encoder = WordEncoder()
    assert vectors_of(store, encoder).of([number]).tolist() == kept.tolist()
    assert encoder.read == []


def test_processes_that_read_the_same_papers_at_once_agree(store: Store) -> None:
    """Both get all vectors, in any order of papers, and the store has each once."""
    numbers = filled(store, [f"{OWLS} {n}" for n in range(70)])
    start, found, faults = Barrier(2), {}, []

    def work(name: str, mine: Sequence[int]) -> None:
        try:
            start.wait(10)
            found[name] = vectors_of(store, WordEncoder()).of(mine)
        except BaseException as error:  # noqa: BLE001 - told by the test
            faults.append(error)

    orders = {"one": numbers, "other": numbers[::-1]}
    threads = [Thread(target=work, args=each) for each in orders.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert found["one"].tolist() == found["other"][::-1].tolist()
    assert sorted(store.vectors.announced("words")) == sorted(numbers)
