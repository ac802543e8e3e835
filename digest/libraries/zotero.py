"""Liked papers from a Zotero library, by its web API (version 3).

See https://www.zotero.org/support/dev/web_api/v3/basics. The newest items come first, a hundred a
page; the library's version spares reading it again before something changes in it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from digest.errors import LibraryError, SourceError
from digest.intake.http import Answer, PoliteSession
from digest.intake.normal import MAX_AUTHORS, clean, clean_names, clean_title
from digest.libraries import Liked, Reading, Shelf
from digest.libraries.papers import Fields, day_of, paper_of

MAX_ITEMS = 2_000
PAGE = 100
READ_SECONDS = 300.0  # for all pages: the run has more to do
_SERVICE = "zotero"
_NO_PAPERS = frozenset(("attachment", "note", "annotation"))
_NAMED = ("DOI", "archiveID", "archiveLocation", "url")
_PROSE = ("publicationTitle", "reportNumber", "extra")
_EXPECTED = frozenset((200, 304, 400, 401, 403, 404))
_UNCHANGED = 304
_REFUSED = frozenset((401, 403))
_LIBRARY = re.compile(r"(?:users|groups)/\d{1,12}")
_KEY = re.compile(r"[A-Za-z0-9]{0,64}")
_QUERY = {
    "format": "json",
    "itemType": "-attachment || note",
    "sort": "dateAdded",
    "direction": "desc",
    "limit": str(PAGE),
}


@dataclass(frozen=True, slots=True)
class Zotero:
    """A library of Zotero.

    Args:
        session: asks politely.
        base: the API's address, https://api.zotero.org.
        library: `users/12345` or `groups/67890`.
        key: the API key, '' for a public library; it is never shown.

    Raises:
        LibraryError: for a library or key that cannot be one.
    """

    session: PoliteSession
    base: str
    library: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything is sent."""
        if not _LIBRARY.fullmatch(self.library):
            raise LibraryError(
                self.name,
                "is no library: write users/ or groups/ and its number, as in users/12345 "
                "(https://www.zotero.org/settings/keys names yours)",
            )
        if not _KEY.fullmatch(self.key):
            raise LibraryError(
                self.name, "the API key is none: it is made of letters and digits; copy it again"
            )

    @property
    def name(self) -> str:
        """What the library is called in reports."""
        return f"zotero {self.library}"

    @property
    def pace(self) -> timedelta:
        """An hour: asking whether anything changed costs the service little."""
        return timedelta(hours=1)

    def read(self, since: int | None) -> Shelf:
        """The papers of the library, or that nothing changed in it since that version.

        Of more than `MAX_ITEMS` items the newest count. The version is that of the first page: what
        changes while the others are read is found the next time.

        Raises:
            LibraryError: when it cannot be read to its end; with `retry_at` where the service named
                a time.
        """
        reading = Reading()
        end = self.session.clock() + READ_SECONDS
        answer = self._ask(0, since, end)
        if answer.status == _UNCHANGED:
            return Shelf(version=since, unchanged=True)
        version = _number(answer, "Last-Modified-Version")
        total = _number(answer, "Total-Results")
        for start in range(PAGE, MAX_ITEMS + PAGE, PAGE):
            page = self._items(answer)
            _read_page(page, reading)
            if len(page) < PAGE if total is None else start >= total:
                break
            if start < MAX_ITEMS:
                answer = self._ask(start, None, end)
        if total is not None and total > MAX_ITEMS:
            reading.trouble(f"{total:,} items, of which the {MAX_ITEMS:,} added last are read")
        return reading.shelf(version)

    def _ask(self, start: int, since: int | None, end: float) -> Answer:
        headers = {"Accept": "application/json", "Zotero-API-Version": "3"}
        if self.key:
            headers["Zotero-API-Key"] = self.key
        if since is not None:
            headers["If-Modified-Since-Version"] = str(since)
        address = f"{self.base}/{self.library}/items/top"
        query = {**_QUERY, "start": str(start)}
        try:
            answer = self.session.ask(
                _SERVICE, address, query, headers, _EXPECTED, left=end - self.session.clock()
            )
        except SourceError as error:
            raise self._failure(error) from None  # its text may hold what ours leaves out
        if answer.status in _REFUSED:
            what = "the API key is refused" if self.key else "the library is not public"
            raise LibraryError(
                self.name,
                f"{what}: make a key with read access to it at "
                "https://www.zotero.org/settings/keys and set DIGEST_ZOTERO_KEY",
            )
        if answer.status in (400, 404) or (answer.status == _UNCHANGED and since is None):
            raise LibraryError(
                self.name,
                f"answered {answer.status}: no such library: check the number in DIGEST_ZOTERO "
                "(a user's number, not the name) and DIGEST_ZOTERO_API",
            )
        return answer

    def _failure(self, error: SourceError) -> LibraryError:
        """Our error; what a service says may repeat the key that it was sent."""
        shown = error.problem.replace(self.key, "…") if self.key else error.problem
        return LibraryError(self.name, shown, error.retry_at)

    def _items(self, answer: Answer) -> list[object]:
        try:
            page = json.loads(answer.body)
        except (ValueError, RecursionError):
            page = None
        if not isinstance(page, list):
            raise LibraryError(
                self.name, "the answer is no list of items; it is asked again at the next run"
            )
        return page


def _number(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header) or ""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _read_page(page: list[object], reading: Reading) -> None:
    for item in page[:PAGE]:
        data = item.get("data") if isinstance(item, dict) else None
        if not isinstance(data, dict):
            reading.trouble("an item without data: left out")
        elif str(data.get("itemType")) not in _NO_PAPERS:
            liked = _liked(data)
            if liked is None:
                reading.trouble(
                    f"item {clean(data.get('key'), 20) or 'without a key'}: neither title nor "
                    "identifier: give it one in Zotero"
                )
            else:
                reading.liked.append(liked)


def _liked(data: Mapping[str, object]) -> Liked | None:
    def get(name: str) -> str:
        value = data.get(name)
        return value if isinstance(value, str) else ""

    paper = paper_of(
        Fields(
            title=clean_title(get("title") or get("caseName") or get("nameOfAct")),
            abstract=clean(get("abstractNote")),
            authors=clean_names(list(_authors(data.get("creators")))),
            categories=(),
            url=get("url"),
            named=tuple(get(name) for name in _NAMED),
            prose=tuple(get(name) for name in _PROSE),
        )
    )
    if paper is None:
        return None
    return Liked(paper, day_of(get("dateAdded")))


def _authors(creators: object) -> Iterator[str]:
    """The authors' names; without authors, everybody's."""
    known = [one for one in creators if isinstance(one, dict)] if isinstance(creators, list) else []
    authors = [one for one in known if one.get("creatorType") == "author"]
    for one in (authors or known)[:MAX_AUTHORS]:
        parts = (one.get("name"), one.get("firstName"), one.get("lastName"))
        yield " ".join(part for part in parts if isinstance(part, str) and part)
