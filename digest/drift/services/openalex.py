"""OpenAlex: three works of a day."""

from datetime import date
from functools import partial

from digest.config import Settings
from digest.drift import Question, Shape
from digest.drift.reading import a_day, json_seen

NAME = "openalex"

WORKS = Shape(
    (
        "id",
        ("title", "display_name"),
        "publication_date",
        "authorships",
        "abstract_inverted_index",
    ),
    there=("doi", "primary_location", "primary_topic", "locations", "is_retracted", "is_paratext"),
    known=frozenset(
        (
            "created_date",
            "ids",
            "ids/",
            "topics",
            "type",
            "primary_location/",
            "primary_topic/",
            "abstract_inverted_index/",
        )
    ),
    head=("count",),
    least=1,
    values={"publication_date": a_day},
)
_ASKED = (
    "id,doi,title,display_name,publication_date,created_date,authorships,abstract_inverted_index,"
    "primary_location,primary_topic,locations,is_retracted,is_paratext"
)


def questions(settings: Settings, day: date) -> tuple[Question, ...]:
    """Works with an abstract, so that its form can be seen."""
    wanted = f"from_publication_date:{day},to_publication_date:{day},has_abstract:true"
    params = {"filter": wanted, "per-page": "3", "cursor": "*", "select": _ASKED}
    if settings.openalex_key:
        params["api_key"] = settings.openalex_key
    return (
        Question(
            NAME,
            "works",
            f"{settings.openalex}/works",
            params,
            "application/json",
            partial(json_seen, NAME, where="results", head="meta"),
            WORKS,
            "DIGEST_OPENALEX",
        ),
    )
