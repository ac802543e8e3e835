"""bioRxiv: the first page of a day's postings. medRxiv is the same service."""

from datetime import date
from functools import partial

from digest.config import Settings
from digest.drift import Question, Shape
from digest.drift.reading import a_day, json_seen
from digest.identity import read_identifier

NAME = "biorxiv"


def _doi(text: str) -> str | None:
    return None if read_identifier(text) else f"no DOI in {text[:80]!r}"


def _ok(text: str) -> str | None:
    return None if text == "ok" else f"the service says {text[:80]!r}"


DETAILS = Shape(
    ("doi", "title", "authors", "date", "version", "category", "abstract"),
    known=frozenset(
        ("author_corresponding", "author_corresponding_institution", "type", "license", "jatsxml",
         "published", "server", "funder", "funding", "funders", "jatsxml_url")
    ),
    head=("status", "count", "total"),
    values={"doi": _doi, "date": a_day, "status": _ok},
)  # fmt: skip


def questions(settings: Settings, day: date) -> tuple[Question, ...]:
    """One page."""
    return (details(settings, NAME, day),)


def details(settings: Settings, server: str, day: date) -> Question:
    """The first page of what a server posted on a day."""
    return Question(
        server,
        "details",
        f"{settings.biorxiv}/details/{server}/{day}/{day}/0",
        {},
        "application/json",
        partial(json_seen, server, where="collection", head="messages"),
        DETAILS,
        "DIGEST_BIORXIV",
    )
