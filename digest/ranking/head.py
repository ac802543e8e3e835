"""The head of the index: how far its files count."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

VERSION = 1  # counts up whenever terms, weights or files change their meaning
_FAR = 1e9


@dataclass(frozen=True, slots=True)
class Head:
    """How far the files count.

    `change` and `key` are the last change of the store that was read, and the key of its paper;
    `fit` names the folder of weights, made of the first `fit_rows` rows and `fit_dead` deaths;
    `subjects` names the folder of subjects, learned from `subjects_papers` papers.
    """

    identity: str
    version: int = VERSION
    change: int = 0
    key: str = ""
    rows: int = 0
    entries: int = 0
    dead: int = 0
    fit: str = ""
    fit_rows: int = 0
    fit_dead: int = 0
    fit_papers: int = 0
    fit_length: float = 1.0
    subjects: str = ""
    subjects_papers: int = 0

    @property
    def sizes(self) -> Mapping[str, int]:
        """How much of each array counts."""
        return {
            "ends": self.rows + 1,
            "columns": self.entries,
            "counts": self.entries,
            "numbers": self.rows,
            "days": self.rows,
            "dead": self.dead,
        }

    @property
    def sound(self) -> bool:
        """Whether every field is of its kind, as JSON may not give it."""
        kinds = (type(getattr(self, one.name)) is type(one.default) for one in fields(self)[1:])
        return all(kinds) and 0 < self.fit_length < _FAR
