"""arXiv's OAI-PMH interface: all records of a set that were changed on a date, list by list.

A record's datestamp is the day (UTC) of its last change; for what is announced that is the date of
the listing. What else was changed that day (a journal reference added to an old paper) comes too,
and is told apart by when it was submitted.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import BinaryIO
from xml.etree.ElementTree import Element

from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.intake.normal import clean, clean_any_date, clean_count, clean_date
from digest.model import Announcement, Paper, Sighting
from digest.sources import Parsed
from digest.sources.arxiv_paper import NAME, arxiv_paper, belongs, kind_of
from digest.sources.xml import entries, root_tag

FORMAT = "arXiv"
MOST_LISTS = 60  # of one set and date, at about a thousand records each
HELD_AT_MOST = timedelta(days=31)  # what was submitted longer ago is no news, whatever was changed

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_RECORD, _TOKEN, _ERROR = f"{_OAI}record", f"{_OAI}resumptionToken", f"{_OAI}error"
_NONE, _EXPIRED = "noRecordsMatch", "badResumptionToken"
_AFFILIATION = re.compile(r"(?<!\s)\s*\([^()]*\)")  # from the first blank on, so in one pass


class TokenError(SourceError):
    """A resumption token holds no more: the list has to be begun again."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record: when it was changed, and its paper; `submitted` is the date of its first version.

    `versions` is how many there are; 2 may stand for more where the format does not count them.
    """

    changed: date | None
    paper: Paper
    submitted: date | None = None
    versions: int = 1

    def is_new_since(self, day: date) -> bool:
        """Whether its first version came after a date, and it has no other."""
        return self.versions == 1 and self.submitted is not None and self.submitted > day

    def sighting(self, listing: date, categories: tuple[str, ...]) -> Sighting:
        """The paper as it was announced under a date: new, or a new version, or changed only."""
        lately = self.submitted is not None and listing - self.submitted <= HELD_AT_MOST
        kind = kind_of(self.paper, categories)
        if self.versions > 1 or not lately:
            new = kind is Announcement.NEW
            kind = Announcement.REPLACE if new else Announcement.REPLACE_CROSS
        return Sighting(self.paper, kind, listing)


@dataclass(slots=True)
class RecordList:
    """One part of a list: `size` of the whole where it is said, `token` where there is more."""

    records: list[Record] = field(default_factory=list)
    deleted: int = 0
    size: int | None = None
    token: str = ""
    parsed: Parsed = field(default_factory=Parsed)


@dataclass(frozen=True, slots=True)
class ArxivOai:
    """Asks for lists of records."""

    session: PoliteSession
    address: str

    def lists(
        self, name: str, day: date, token: str, left: Callable[[], float]
    ) -> Iterator[tuple[RecordList, bool]]:
        """Yield the parts of the list of a set and a date, from a token on where there is one.

        Beside each part stands whether the list was begun again with it: a token that holds no
        more is answered so once.

        Raises:
            SourceError: when there is no answer, or an error instead of one.
        """
        begun_again = False
        for _ in range(MOST_LISTS):
            again = False
            try:
                part = self._ask(name, day, token, left())
            except TokenError:
                if begun_again or not token:
                    raise
                begun_again = again = True
                token = ""
                part = self._ask(name, day, "", left())
            yield part, again
            if not part.token or part.token == token:
                return
            token = part.token
        raise SourceError(NAME, f"the list of {name} on {day} has no end")

    def _ask(self, name: str, day: date, token: str, left: float) -> RecordList:
        asked = {"verb": "ListRecords"}
        if token:
            asked["resumptionToken"] = token
        else:
            span = {"from": day.isoformat(), "until": day.isoformat()}
            asked |= {"metadataPrefix": FORMAT, "set": name, **span}
        with self.session.open(NAME, self.address, asked, "text/xml", left=left) as answer:
            return read_list(answer.body)


def read_list(body: bytes | BinaryIO) -> RecordList:
    """Read an answer to ListRecords; an answer that says "no records" is an empty list.

    Raises:
        TokenError: where the resumption token holds no more.
        SourceError: for anything but OAI-PMH, for damage, and for the protocol's other errors.
    """
    tag = root_tag(NAME, body)
    if tag != f"{_OAI}OAI-PMH":
        raise SourceError(NAME, f"an unknown kind of XML (<{tag}>) instead of OAI-PMH")
    found = RecordList()
    for number, element in enumerate(entries(NAME, body, frozenset((_RECORD, _TOKEN, _ERROR))), 1):
        if element.tag == _ERROR:
            _refuse(element)
        elif element.tag == _TOKEN:
            found.token = (element.text or "").strip()
            found.size = clean_count(element.get("completeListSize", ""))
        else:
            _take(found, element, number)
    return found


def _refuse(element: Element) -> None:
    code = element.get("code", "")
    if code == _NONE:
        return
    kind = TokenError if code == _EXPIRED else SourceError
    said = clean(element.text or "", 200)
    raise kind(
        NAME, f"OAI-PMH reports {clean(code, 40) or 'an error'}{f': {said}' if said else ''}"
    )


def _take(found: RecordList, element: Element, number: int) -> None:
    found.parsed.announced += 1
    header = element.find(f"{_OAI}header")
    if header is None:
        found.parsed.trouble(f"record {number} has no header")
        return
    if header.get("status") == "deleted":
        found.deleted += 1
        return
    metadata = element.find(f"{_OAI}metadata")
    body = next(iter(metadata), None) if metadata is not None else None
    if body is None:
        found.parsed.trouble(f"record {number} says nothing of its paper")
        return
    stamp = clean_date(header.findtext(f"{_OAI}datestamp", ""), date.max - timedelta(days=1))
    read = {"arXiv": _plain, "arXivRaw": _raw}.get(body.tag.rpartition("}")[2], _dublin_core)
    record = read(body, header.findtext(f"{_OAI}identifier", ""), stamp)
    if isinstance(record, str):
        found.parsed.trouble(f"record {number}: {record}")
    else:
        found.records.append(record)


def _plain(body: Element, written: str, changed: date | None) -> Record | str:
    """The format `arXiv`: names in parts, the dates of the first and of the newest version."""
    space = _space(body)
    names = [
        " ".join(
            name.findtext(f"{space}{part}", "").strip()
            for part in ("forenames", "keyname", "suffix")
        )
        for name in body.iter(f"{space}author")
    ]
    versions = 2 if body.findtext(f"{space}updated", "").strip() else 1
    paper = arxiv_paper(
        body.findtext(f"{space}id") or written,
        body.findtext(f"{space}title", ""),
        body.findtext(f"{space}abstract", ""),
        names,
        body.findtext(f"{space}categories", ""),
        body.findtext(f"{space}doi", ""),
        version=versions,
    )
    submitted = _day(body.findtext(f"{space}created", ""))
    return paper if isinstance(paper, str) else Record(changed, paper, submitted, versions)


def _raw(body: Element, written: str, changed: date | None) -> Record | str:
    """The format `arXivRaw`: every version with its time, names in one text."""
    space = _space(body)
    versions = list(body.iter(f"{space}version"))
    paper = arxiv_paper(
        body.findtext(f"{space}id") or written,
        body.findtext(f"{space}title", ""),
        body.findtext(f"{space}abstract", ""),
        _without_places(body.findtext(f"{space}authors", "")),
        body.findtext(f"{space}categories", ""),
        body.findtext(f"{space}doi", ""),
        version=max(len(versions), 1),
    )
    if isinstance(paper, str):
        return paper
    first = versions[0].findtext(f"{space}date", "") if versions else ""
    return Record(changed, paper, _day(first), max(len(versions), 1))


def _without_places(names: str) -> str:
    """Names without the brackets behind them, which may be nested."""
    for _ in range(3):
        names = _AFFILIATION.sub("", names)
    return names


def _space(body: Element) -> str:
    """The namespace of a format's fields: its own, or that of OAI-PMH in old recordings."""
    return body.tag[: body.tag.rindex("}") + 1] if "}" in body.tag else ""


def _dublin_core(body: Element, written: str, changed: date | None) -> Record | str:
    """The format `oai_dc`, which every server has: categories only as words, dates one a version.

    The papers of other servers than arXiv's are no papers here.
    """
    told = [text.strip() for text in _texts(body, "description")]
    dates = [text for text in _texts(body, "date") if _day(text)]
    dois = [text for text in _texts(body, "identifier") if text.lower().startswith("doi:")]
    paper = arxiv_paper(
        written,
        next(iter(_texts(body, "title")), ""),
        next((text for text in told if not text.startswith("Comment:")), ""),
        [" ".join(reversed(name.split(", ", 1))) for name in _texts(body, "creator")],
        (),
        next(iter(dois), ""),
        version=max(len(dates), 1),
    )
    if isinstance(paper, str):
        return paper
    return Record(changed, paper, _day(min(dates, default="")), max(len(dates), 1))


def _texts(body: Element, name: str) -> list[str]:
    return [element.text or "" for element in body.iter(f"{_DC}{name}")]


def _day(written: str) -> date | None:
    return clean_any_date(written, date.max - timedelta(days=1))


def within(records: list[Record], categories: tuple[str, ...]) -> list[Record]:
    """Those records whose papers are in one of the categories."""
    return [
        record
        for record in records
        if any(belongs(record.paper.categories, category) for category in categories)
    ]
