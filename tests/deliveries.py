"""Queued mails for tests: editions stored with their deliveries."""

from datetime import timedelta

from digest.model import Edition, Message, Mood, Pick
from digest.store import Store
from digest.store.editions import MadeEdition
from digest.store.states import Claim, State, Step
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen

DEADLINE = NOW + timedelta(hours=9)


def queue(store: Store, readers: int = 1, channel: str = "smtp", body: bytes = b"bytes") -> None:
    """One edition with one queued mail for each of so many readers, r0 and so on."""
    store.papers.add([seen(paper("One"))], "file", DAY)
    picks = tuple(Pick(found, 0.5, "x") for found in store.papers.candidates(DAY, 3))
    made = []
    for number in range(readers):
        whose = store.readers.save(reader(f"r{number}"), NOW)
        message = Message(
            f"<{number}@x>", "d@x.example", whose.address, "S", f"label{number}", body
        )
        edition = Edition(whose, DAY, picks, Mood.MATCHED, 3)
        made.append(MadeEdition(edition, message, DEADLINE))
    assert len(store.editions.save(made, channel, NOW)) == readers


def settle(store: Store, claim: Claim, state: State, answer: str = "") -> bool:
    """Record one outcome; whether it was kept."""
    return store.deliveries.record([Step(claim, state, answer)], NOW).kept == (True,)
