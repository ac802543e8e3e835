"""Editors without letters, and readers of every manner, for tests of what stands in an edition."""

from datetime import datetime

from digest.catalogue import Catalogue
from digest.desk import Desks
from digest.edit import Editor, EditSettings
from digest.model import Manner, Quiet, Reader, Threshold
from digest.progress import Quiet as Silence
from digest.store import Store
from tests.conftest import NOW
from tests.papers import reader


def editor_of(catalogue: Catalogue, now: datetime = NOW, threshold: float = 0.3) -> Editor:
    """An editor for papers of three days from the source `file`; drafts need no letters."""
    desks = Desks(catalogue.store, catalogue, 3, now.date(), now, Silence(), ("file",))
    settings = EditSettings(Threshold(threshold))
    return Editor(catalogue.store, desks, None, settings, Silence())  # type: ignore[arg-type]


def saved(store: Store, *interests: str, name: str = "ann@example.org", **fields: object) -> Reader:
    """A reader of the store; `dial` and `quiet` are its manner."""
    manner = Manner(
        dial=fields.pop("dial", 20),  # type: ignore[arg-type]
        quiet=fields.pop("quiet", Quiet.TRENDING),  # type: ignore[arg-type]
    )
    return store.readers.save(reader(name, *interests, manner=manner, **fields), NOW)
