"""Hugging Face Daily Papers: three of the newest."""

from datetime import date
from functools import partial

from digest.config import Settings
from digest.drift import Question, Shape
from digest.drift.reading import json_seen
from digest.identity import read_identifier

NAME = "huggingface"


def _id(text: str) -> str | None:
    return None if read_identifier(text) else f"no arXiv id in {text[:80]!r}"


DAILY = Shape(
    (
        "paper/id",
        ("paper/title", "title"),
        ("paper/summary", "summary"),
        "paper/authors",
        "paper/upvotes",
        "numComments",
    ),
    known=frozenset(
        ("paper", "publishedAt", "thumbnail", "mediaUrls", "submittedBy", "submittedBy/",
         "organization", "organization/", "isAuthorParticipating", "paper/publishedAt",
         "paper/submittedOnDailyAt", "paper/submittedOnDailyBy", "paper/discussionId",
         "paper/githubRepo", "paper/githubStars", "paper/githubRepoAddedBy", "paper/projectPage",
         "paper/ai_summary", "paper/ai_keywords", "paper/organization", "paper/mediaUrls",
         "paper/withdrawnAt")
    ),
    least=1,
    values={"paper/id": _id},
)  # fmt: skip


def questions(settings: Settings, day: date) -> tuple[Question, ...]:
    """The list of a day, its first three."""
    return (
        Question(
            NAME,
            "Daily Papers",
            settings.huggingface,
            {"date": day.isoformat(), "limit": "3"},
            "application/json",
            partial(json_seen, NAME),
            DAILY,
            "DIGEST_HUGGINGFACE",
        ),
    )
