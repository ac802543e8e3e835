"""Hugging Face, bioRxiv and medRxiv, feeds of journals and blogs, OpenAlex, at a moment."""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from tests.replay.answers import NOT_FOUND, Answer, as_json, xml
from tests.replay.world import Entry, Feature, Indexed, Preprint, World

SHOWN = 60  # entries of a feed
PREPRINTS_A_PAGE = 30
_DETAILS = re.compile(r"/details/(\w+)/(\d{4}-\d{1,2}-\d{1,2})/(\d{4}-\d{1,2}-\d{1,2})(?:/(\d+))?")


def daily_papers(world: World, now: datetime, query: Mapping[str, str]) -> Answer:
    """The list of `date`, as far as it is there; most upvotes first."""
    day = date.fromisoformat(query.get("date", f"{now:%Y-%m-%d}"))
    if day > now.date() + timedelta(days=1):
        return as_json({"error": "Invalid date"}, 400)
    found = [f for f in world.features if f.date == day and f.since <= now]
    found.sort(key=lambda f: (-f.upvotes(now), f.paper.id))
    most, page = min(int(query.get("limit", "50")), 100), int(query.get("p", "0"))
    shown = found[page * most : (page + 1) * most]
    return as_json([_featured(f, now) for f in shown])


def _featured(feature: Feature, now: datetime) -> dict[str, object]:
    work = feature.paper.work
    inner = {
        "id": feature.paper.id,
        "authors": [{"_id": f"{n:024x}", "name": name} for n, name in enumerate(work.authors)],
        "publishedAt": f"{feature.paper.versions[0].submitted:%Y-%m-%dT%H:%M:%S.000Z}",
        "submittedOnDailyAt": f"{feature.since:%Y-%m-%dT%H:%M:%S.000Z}",
        "title": work.title,
        "summary": work.abstract,
        "upvotes": feature.upvotes(now),
    }
    return {"paper": inner, "title": work.title, "summary": work.abstract, "numComments": 1}


def details(world: World, now: datetime, path: str, *, partial: bool = False) -> Answer:
    """`/details/biorxiv/FROM/TO/CURSOR`: a row a version; the total counts what never comes."""
    asked = _DETAILS.match(path)
    if asked is None or asked[1] not in ("biorxiv", "medrxiv"):
        return as_json({"messages": [{"status": "Error : (2) bad path"}], "collection": []})
    first, last = (_unpadded(text) for text in asked.group(2, 3))
    rows = [
        (moment, number, preprint)
        for preprint in world.preprints
        if preprint.server == asked[1]
        for number, moment in enumerate(preprint.versions, 1)
        if moment <= now and first <= moment.date() <= last
    ]
    rows.sort(key=lambda row: (row[0].date(), row[2].doi, row[1]))
    cursor = int(asked[4] or 0)
    page = rows[cursor : cursor + PREPRINTS_A_PAGE]
    if not page:
        return as_json({"messages": [{"status": "no posts found"}], "collection": []})
    message = {
        "status": "ok",
        "interval": f"{first}:{last}",
        "cursor": str(cursor),
        "count": len(page),
        "count_new_papers": str(sum(number == 1 for _, number, _ in rows)),
        "total": str(len(rows) + len(rows) // 40),
    }
    shown = page[: len(page) // 2] if partial else page
    return as_json({"messages": [message], "collection": [_row(*row, now) for row in shown]})


def _unpadded(text: str) -> date:
    return date(*(int(part) for part in text.split("-")))


def _row(moment: datetime, number: int, preprint: Preprint, now: datetime) -> dict[str, str]:
    out = preprint.published is not None and preprint.published <= now
    return {
        "doi": preprint.doi,
        "title": preprint.work.title,
        "authors": "; ".join(
            f"{last}, {given[0]}." for given, _, last in (n.partition(" ") for n in preprint.work.authors)
        ),
        "date": f"{moment.year}-{moment.month}-{moment.day}",
        "version": str(number),
        "type": "new results",
        "license": "cc_by",
        "category": preprint.category,
        "jatsxml": "",
        "abstract": preprint.work.abstract,
        "published": (preprint.journal or "NA") if out else "NA",
        "server": preprint.server,
    }  # fmt: skip


def news(world: World, now: datetime, name: str) -> Answer:
    """The newest entries of a feed: RSS 2.0, Atom without ids, RSS 1.0."""
    found = [e for e in world.entries if e.feed == name and e.since <= now][-SHOWN:][::-1]
    make = _NEWS.get(name)
    return xml(make(found)) if make else NOT_FOUND


def journal_feed(entries: list[Entry]) -> str:
    """RSS 2.0 with DOIs and HTML."""
    items = "".join(
        f"<item><title>{escape(e.work.title)}</title><link>{escape(e.link)}</link>"
        f"<guid>{escape(e.link)}</guid><prism:doi>{e.doi}</prism:doi>"
        f"<description>{escape('<p>' + escape(e.work.abstract) + '</p>')}</description>"
        f"{''.join(f'<dc:creator>{escape(n)}</dc:creator>' for n in e.work.authors)}"
        f"<pubDate>{format_datetime(e.since)}</pubDate></item>"
        for e in entries
    )
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"><channel>'
        f"<title>Journal of Invented Results</title>{items}</channel></rss>"
    )


def blog_feed(entries: list[Entry]) -> str:
    """Atom without ids of papers."""
    items = "".join(
        f'<entry><title>{escape(e.work.title)}</title><link rel="alternate" href="{escape(e.link)}"/>'
        f"<id>{escape(e.link)}</id><published>{e.since.isoformat()}</published>"
        f"<updated>{e.since.isoformat()}</updated>"
        f'<content type="html">{escape("<p>" + escape(e.work.abstract) + "</p>")}</content>'
        f"{''.join(f'<author><name>{escape(n)}</name></author>' for n in e.work.authors)}</entry>"
        for e in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>A blog of papers</title><id>https://blog.example.org/</id>{items}</feed>"
    )


def letters_feed(entries: list[Entry]) -> str:
    """RSS 1.0."""
    items = "".join(
        f'<item rdf:about="{escape(e.link)}"><title>{escape(e.work.title)}</title>'
        f"<link>{escape(e.link)}</link><dc:identifier>doi:{e.doi}</dc:identifier>"
        f"<description>{escape(e.work.abstract)}</description>"
        f"<dc:creator>{escape(', '.join(e.work.authors))}</dc:creator>"
        f"<dc:date>{e.since:%Y-%m-%d}</dc:date></item>"
        for e in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<channel rdf:about="https://letters.example.org/"><title>Invented Letters</title>'
        f"</channel>{items}</rdf:RDF>"
    )


_NEWS: Mapping[str, Callable[[list[Entry]], str]] = {
    "journal": journal_feed,
    "blog": blog_feed,
    "letters": letters_feed,
}


def works(
    world: World, now: datetime, query: Mapping[str, str], *, partial: bool = False
) -> Answer:
    """Works by topics, journals, authors and dates of publication, with cursors."""
    found = [one for one in world.indexed if one.since <= now]
    for clause in query.get("filter", "").split(","):
        name, _, value = clause.partition(":")
        test = _test(name, value)
        if test is None:
            return as_json({"error": "Invalid query parameters", "message": name}, 403)
        found = [one for one in found if test(one)]
    most = int(query.get("per-page") or query.get("per_page") or "25")
    if not 1 <= most <= 200:
        return as_json({"error": "Pagination error", "message": "per-page is 1 to 200"}, 403)
    found.sort(key=lambda one: (one.date, one.id))
    cursor = query.get("cursor", "*")
    start = 0 if cursor == "*" else int(base64.urlsafe_b64decode(cursor))
    page = found[start : start + most]
    following = base64.urlsafe_b64encode(str(start + most).encode()).decode() if page else None
    shown = page[: len(page) // 2] if partial else page
    meta: dict[str, object] = {
        "count": len(found),
        "db_response_time_ms": 9,
        "page": None,
        "per_page": most,
    }
    return as_json(
        {
            "meta": meta | {"next_cursor": following},
            "results": [_as_work(one) for one in shown],
            "group_by": [],
        }
    )


def _test(name: str, value: str) -> Callable[[Indexed], bool] | None:
    """What a clause of a filter asks, or None where it is unknown."""
    wanted = {one.rpartition("/")[2].upper() for one in value.split("|")}
    letter = {
        "primary_topic.id": "T",
        "topics.id": "T",
        "primary_location.source.id": "S",
        "locations.source.id": "S",
        "author.id": "A",
        "authorships.author.id": "A",
    }.get(name)
    if letter:
        return lambda one: one.about in wanted and one.about.startswith(letter)
    if name == "is_paratext":
        return lambda one: one.paratext == (value == "true")
    if name in ("is_retracted", "has_abstract"):
        return lambda one: (value == "true") == (name == "has_abstract")
    if name in ("from_publication_date", "to_publication_date", "publication_date"):
        day = date.fromisoformat(value)
        return {
            "from_publication_date": lambda one: one.date >= day,
            "to_publication_date": lambda one: one.date <= day,
            "publication_date": lambda one: one.date == day,
        }[name]
    if name == "type":
        return lambda _: True
    return None


def _as_work(one: Indexed) -> dict[str, object]:
    positions: dict[str, list[int]] = {}
    for place, word in enumerate(one.work.abstract.split()):
        positions.setdefault(word, []).append(place)
    venue = one.about if one.about.startswith("S") else "S4306400000"
    topic = one.about if one.about.startswith("T") else "T10001"
    author = one.about if one.about.startswith("A") else "A5000000000"
    title = one.work.title.upper() if one.work.number % 7 == 0 else f"{one.work.title}."
    landing = f"https://doi.org/{one.doi}"
    locations: list[dict[str, object]] = [{"landing_page_url": landing}]
    if one.arxiv:
        locations.append({"landing_page_url": f"http://arxiv.org/abs/{one.arxiv}"})
    return {
        "id": f"https://openalex.org/{one.id}",
        "doi": landing,
        "title": title,
        "display_name": title,
        "publication_date": one.date.isoformat(),
        "type": "article",
        "ids": {"openalex": f"https://openalex.org/{one.id}", "doi": landing},
        "primary_location": {
            "landing_page_url": landing,
            "source": {"id": f"https://openalex.org/{venue}", "display_name": "Invented Journal"},
        },
        "locations": locations,
        "authorships": [
            {"author": {"id": f"https://openalex.org/{author}", "display_name": name}}
            for name in one.work.authors
        ],
        "primary_topic": {"id": f"https://openalex.org/{topic}", "display_name": "Invented Topic"},
        "topics": [{"id": f"https://openalex.org/{topic}", "display_name": "Invented Topic"}],
        "is_retracted": False,
        "is_paratext": one.paratext,
        "abstract_inverted_index": positions,
    }
