"""arXiv: the announcement feed, the API, and OAI-PMH (who it is, and one old record)."""

from datetime import date
from functools import partial

from digest.config import Settings
from digest.drift import Question, Shape
from digest.drift.reading import a_day, xml_seen
from digest.identity import read_identifier
from digest.model import Announcement

NAME = "arxiv"

_ATOM = "{http://www.w3.org/2005/Atom}"
_SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_ANNOUNCED = frozenset(
    kind.value
    for kind in (
        Announcement.NEW,
        Announcement.CROSS,
        Announcement.REPLACE,
        Announcement.REPLACE_CROSS,
    )
)
_OLD_PAPER = "oai:arXiv.org:0704.0001"


def _type(text: str) -> str | None:
    known = text.strip().lower() in _ANNOUNCED
    return None if known else f"the unknown announce type {text[:40]!r}"


def _id(text: str) -> str | None:
    return None if read_identifier(text) else f"no arXiv id in {text[:80]!r}"


FEED = Shape(
    (
        ("id", "guid"),
        "title",
        ("summary", "description"),
        "arxiv:announce_type",
        "dc:creator",
        "category",
        ("published", "pubDate"),
    ),
    known=frozenset(("link", "updated", "dc:rights", "arxiv:DOI", "arxiv:journal_reference")),
    values={
        "arxiv:announce_type": _type,
        "id": _id,
        "guid": _id,
        "published": a_day,
        "pubDate": a_day,
    },
)
API = Shape(
    ("id", "title", "summary", "published", "updated", "author/name", "category"),
    known=frozenset(
        ("link", "author/arxiv:affiliation", "arxiv:comment", "arxiv:primary_category",
         "arxiv:journal_ref", "arxiv:doi", "rights")
    ),
    head=("opensearch:totalResults",),
    least=1,
    values={"id": _id, "published": a_day, "updated": a_day},
)  # fmt: skip
IDENTIFY = Shape(
    ("protocolVersion", "granularity", "deletedRecord", "baseURL"),
    known=frozenset(
        ("repositoryName", "adminEmail", "earliestDatestamp", "compression", "description/")
    ),
    least=1,
    values={
        "protocolVersion": lambda text: None if text == "2.0" else f"version {text[:20]!r}",
        "granularity": lambda text: (
            None if text.startswith("YYYY-MM-DD") else f"dates as {text[:40]!r}"
        ),
    },
)
RECORD = Shape(
    ("id", "created", "authors/author", "title", "categories", "abstract"),
    known=frozenset(
        ("updated", "comments", "journal-ref", "doi", "license", "msc-class", "acm-class",
         "report-no", "proxy")
    ),
    least=1,
    values={"id": _id, "created": a_day, "updated": a_day},
)  # fmt: skip


def questions(settings: Settings, _day: date) -> tuple[Question, ...]:
    """Four questions, over three ways to the same papers."""
    category = settings.arxiv_categories[0] if settings.arxiv_categories else "cs.LG"
    feed = frozenset((f"{_ATOM}entry", "item"))
    entry, total = frozenset((f"{_ATOM}entry",)), frozenset((f"{_SEARCH}totalResults",))
    newest = {
        "search_query": f"cat:{category}",
        "max_results": "3",
        "sortBy": "submittedDate",
        "sortOrder": "descending",
    }
    record = {"verb": "GetRecord", "metadataPrefix": "arXiv", "identifier": _OLD_PAPER}
    xml = "application/atom+xml, application/rss+xml;q=0.9, application/xml;q=0.8"
    oai_root = frozenset((f"{_OAI}OAI-PMH",))
    return (
        Question(
            NAME,
            f"feed of {category}",
            f"{settings.arxiv_feed}/{category}",
            {},
            xml,
            partial(xml_seen, NAME, tags=feed, roots=frozenset((f"{_ATOM}feed", "rss"))),
            FEED,
            "DIGEST_ARXIV_FEED",
        ),
        Question(
            NAME,
            "API",
            settings.arxiv_api,
            newest,
            xml,
            partial(xml_seen, NAME, tags=entry, beside=total, roots=frozenset((f"{_ATOM}feed",))),
            API,
            "DIGEST_ARXIV_API",
        ),
        Question(
            NAME,
            "OAI-PMH, Identify",
            settings.arxiv_oai,
            {"verb": "Identify"},
            "text/xml, application/xml",
            partial(xml_seen, NAME, tags=frozenset((f"{_OAI}Identify",)), roots=oai_root),
            IDENTIFY,
            "DIGEST_ARXIV_OAI",
        ),
        Question(
            NAME,
            "OAI-PMH, a record",
            settings.arxiv_oai,
            record,
            "text/xml, application/xml",
            partial(
                xml_seen,
                NAME,
                tags=frozenset(("{http://arxiv.org/OAI/arXiv/}arXiv",)),
                roots=oai_root,
            ),
            RECORD,
            "DIGEST_ARXIV_OAI",
        ),
    )
