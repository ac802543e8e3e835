"""Every parser of what comes from outside, given damaged answers: what may come out is an error in
words, soon, and nothing else.

Damage is drawn from a seed: bytes turned, cut, doubled and moved, answers spliced with others,
signs that are known to hurt put in, and values of JSON exchanged for those of other kinds.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import cast

from digest.errors import DigestError
from digest.identity import read_identifier, title_key
from digest.intake.failing import BusyError, RefusedError
from digest.intake.http import Answer, PoliteSession
from digest.intake.known import conditions, known_of
from digest.intake.normal import clean, clean_date, clean_time, clean_title
from digest.intake.reading import Caps, read_body
from digest.intake.urls import seconds_named
from digest.libraries.bibtex import read_entries
from digest.libraries.pasted import read_pasted
from digest.libraries.zotero import Zotero
from digest.sources.arxiv_api import read_page
from digest.sources.arxiv_feed import FeedReader as ArxivFeedReader
from digest.sources.arxiv_ids import parse_answer
from digest.sources.arxiv_oai import read_list
from digest.sources.feed import FeedReader
from digest.sources.file import lines_of
from digest.sources.jsonl import parse_lines
from digest.sources.openalex_works import parse_works
from digest.sources.preprints import parse_details
from digest.sources.saved_page import parse_page
from digest.sources.services.huggingface import parse_daily
from digest.sources.xml import entries
from tests.replay import formats_arxiv, formats_others
from tests.replay.world import Maker

DATA = Path(__file__).parents[1] / "data"
CASES = DATA / "fuzz"
MONDAY = date(2025, 11, 3)
NOW = datetime(2025, 11, 6, 17, tzinfo=UTC)
DAY = NOW.date()
LARGEST = 12_000  # bytes of a seed: small ones are read often
_FEW = 3
_MOST_DEPTH = 300
_WHOLE = 0.8  # of what is damaged could be read before
_ENTRY = re.compile(rb"<(entry|item|record)[ >].*?</\1>", re.DOTALL)

_HURTING = (
    b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>", b"&b;", b"&nbsp;", b"&#0;",
    b"&#xD800;", b"&#x110000;", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?xml version='1.1'?>",
    b"encoding='utf-16'", b"encoding='big5'", b"encoding='utf-7'", b"\x00", b"\xff\xfe", b"\xc0\x80",
    b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xef\xbf\xbf", b"<a>" * 70, b"</a>" * 70, b"{" * 400,
    b"[" * 3000, b'{"a":' * 500, b"9" * 5000, b"1e999", b"-1", b"NaN", b"Infinity", b'"\\ud800"',
    b"null", b"true", b"[]", b"{}", b'""', b"0001-01-01", b"9999-12-31", b"2025-13-45",
    b"Mon, 99 Nov 99999 25:61:61 +9999", b"javascript:alert(1)", b"http://[::1", b"//\\\\",
    b"xmlns='http://www.w3.org/2005/Atom'", b"xmlns:a='" + b"u" * 3000 + b"'", b"$" * 200,
    b"\\" * 300, b"{\\bf " * 100, b"\\alpha{" * 60, b"$^{_{" * 60, b"\r\n", b"%s%n", b" " * 3000,
    b"(" * 500, b"<p>" * 300, b"<" * 500, b"&" * 500, b"a" * 5000, b"@article{", b"@string{a = a}",
)  # fmt: skip
_VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 10**400, 1e308, float("nan"), "", "\ud800", "a" * 5000, [], {}, [None],
    {"a": {"b": []}}, [[[[]]]], "2025-11-06", "https://doi.org/10.1/x", ["x"] * 300, "\x00\u202e",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A parser and whole answers that it reads."""

    name: str
    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]

    @cached_property
    def whole(self) -> tuple[bytes, ...]:
        """Those of its answers that it reads."""
        return tuple(seed for seed in self.seeds if self.execute(seed)) or self.seeds

    def execute(self, data: bytes) -> bool:
        """Whether it was read; errors of ours are words, and all others come out as they are."""
        try:
            self.parse(data)
        except DigestError:
            return False
        return True


def _drained(found: Iterator[object]) -> int:
    return sum(1 for _ in found)


def _xml(data: bytes) -> None:
    tags = frozenset(("item", "entry", "{http://www.w3.org/2005/Atom}entry"))
    for lenient in (False, True):
        try:
            _drained(entries("fuzz", BytesIO(data), tags, lenient=lenient))
        except DigestError:
            continue


def _texts(data: bytes) -> None:
    text = data.decode("utf-8", "surrogatepass" if data[:1] == b"\xed" else "replace")
    title = clean_title(text)
    title_key(title)
    read_identifier(text[:2000])
    clean(text)
    clean_date(text, DAY)
    clean_time(text)


def _headers(data: bytes) -> None:
    text = data.decode("latin-1")
    seconds_named(text, NOW)
    url = "https://example.org/feed"
    known = known_of(url, {"ETag": text, "Last-Modified": text[::-1]})
    conditions(url, known)
    conditions(url, text)


class _Packed(BytesIO):
    """A stream as the session reads it."""

    length_remaining: int | None = None
    chunked = True

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:  # noqa: FBT001
        return super().read1(amt if amt is not None else -1)


def _unpacked(data: bytes) -> None:
    for packing in ("gzip", "deflate"):
        try:
            with read_body(_Packed(data), packing, Caps(1 << 20, 1 << 20), lambda: None) as body:
                body.read()
        except (BusyError, RefusedError):
            continue


class _Session:
    """Gives one answer, whatever is asked."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def clock(self) -> float:
        return 0.0

    def ask(self, *_: object, **__: object) -> Answer:
        return Answer(200, {"Total-Results": "1", "Last-Modified-Version": "7"}, self.body)


def _zotero(data: bytes) -> object:
    session = cast("PoliteSession", _Session(data))
    return Zotero(session, "https://api.example.org", "users/1", "key").read(None)


def _bytes_of(name: str) -> bytes:
    return (DATA / name).read_bytes()


def _small(bodies: Sequence[bytes]) -> tuple[bytes, ...]:
    """The same with a few entries each, whole where that is short enough."""
    return tuple(_with_few(body)[:LARGEST] for body in bodies)


def _with_few(body: bytes) -> bytes:
    found = list(_ENTRY.finditer(body))
    if len(found) <= _FEW:
        return body
    return body[: found[_FEW - 1].end()] + body[found[-1].end() :]


def targets(recorded: Path | None = None) -> Mapping[str, Target]:
    """Every parser, with answers of the invented world, and recorded ones where there are some."""
    world = Maker(2, MONDAY, 5, 12).make()
    news = [formats_others.news(world, NOW, name).body for name in ("journal", "blog", "letters")]
    asked = {"search_query": "cat:cs.LG", "max_results": "6"}
    api = formats_arxiv.api(world, NOW, asked).body
    lists = [
        formats_arxiv.oai(world, NOW, {"verb": "ListRecords", "metadataPrefix": form}).body
        for form in ("arXiv", "arXivRaw", "oai_dc")
    ]
    feeds = [formats_arxiv.feed(world, NOW, f"/{form}/cs.LG").body for form in ("atom", "rss")]
    day = f"/details/biorxiv/{DAY}/{DAY}/0"
    topics = {"filter": "topics.id:T10028", "per-page": "5"}

    def real(folder: str) -> list[bytes]:
        files = sorted((recorded / folder).glob("*")) if recorded else []
        return [file.read_bytes() for file in files if file.is_file()][:40]

    made = (
        Target("arxiv-feed", lambda data: _drained(ArxivFeedReader("cs.LG", DAY).batches(data)),
               _small([*feeds, *real("arxiv_feed")])),
        Target("arxiv-api", read_page, _small([api, _bytes_of("arxiv_api_error.xml"),
                                               *real("arxiv_api")])),
        Target("arxiv-ids", parse_answer, _small([api, _bytes_of("arxiv_api_ids.xml")])),
        Target("arxiv-oai", read_list, _small([*lists, *real("arxiv_oai"), *real("oai_errors")])),
        Target("feeds", lambda data: _drained(FeedReader("feeds", "https://e.org/f", DAY).read(data)),
               _small([*news, *feeds, *real("illformed_feeds")])),
        Target("xml", _xml, _small([*news, *lists, *real("illformed_feeds")])),
        Target("huggingface", lambda data: parse_daily(data, DAY, NOW),
               _few_of(formats_others.daily_papers(world, NOW, {"date": str(DAY)}).body,
                       *real("hf_daily_papers"))),
        Target("biorxiv", lambda data: parse_details("biorxiv", data, DAY, ("genomics",)),
               _few_of(formats_others.details(world, NOW, day).body, *real("biorxiv"))),
        Target("openalex", lambda data: parse_works(data, DAY),
               _few_of(formats_others.works(world, NOW, topics).body, *real("openalex"))),
        Target("jsonl", lambda data: _drained(parse_lines(lines_of(BytesIO(data)), "f", DAY, NOW)),
               _small([_bytes_of("papers.jsonl"), _bytes_of("broken.jsonl")])),
        Target("saved-page", lambda data: parse_page(data.decode("utf-8", "replace"), "f"),
               _small([_bytes_of("saved_page_a.txt"), _bytes_of("saved_page_b.txt")])),
        Target("zotero", _zotero, _few_of(_ZOTERO, *real("zotero"))),
        Target("bibtex", lambda data: read_entries(data.decode("utf-8", "replace")),
               _small([_bytes_of("libraries/library.bib")[:4000]])),
        Target("pasted", lambda data: read_pasted(data.decode("utf-8", "replace")),
               (b"2401.12345\narXiv:hep-th/9901001v2\ndoi:10.1101/2024.01.02.123456\nA title\n",)),
        Target("texts", _texts, tuple(w.title.encode() + b"\n" + w.abstract.encode()
                                      for w in (paper.work for paper in world.arxiv[:8]))),
        Target("headers", _headers, (b"120", b"Fri, 07 Nov 2025 10:00:00 GMT", b'W/"abc"',
                                     b'{"url": "x", "If-None-Match": "\\"abc\\""}')),
        Target("packed", _unpacked, _packed_seeds(api[:4000])),
    )  # fmt: skip
    return {target.name: target for target in made}


_ZOTERO = (
    b'[{"key": "ABCD2345", "version": 7, "data": {"key": "ABCD2345", "itemType": "journalArticle",'
    b' "title": "A title", "abstractNote": "An abstract.", "DOI": "10.5555/x", "date": "2024-05-01",'
    b' "creators": [{"creatorType": "author", "firstName": "Jane", "lastName": "Roe"}],'
    b' "extra": "arXiv:2401.12345", "url": "https://example.org/x", "tags": [{"tag": "a"}]}}]'
)


def _packed_seeds(body: bytes) -> tuple[bytes, ...]:
    import gzip  # noqa: PLC0415 - these two alone
    import zlib  # noqa: PLC0415

    return gzip.compress(body, mtime=0), zlib.compress(body), zlib.compress(body, wbits=-15)


def _few_of(*bodies: bytes) -> tuple[bytes, ...]:
    """JSON answers with a few entries each: small ones are read often."""
    return tuple(json.dumps(_shortened(json.loads(body))).encode() for body in bodies)


def _shortened(value: object) -> object:
    if isinstance(value, list):
        return [_shortened(one) for one in value[:_FEW]]
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in list(value.items())[:40]}
    return value


def damaged(target: Target, chance: random.Random) -> bytes:
    """One of its answers, damaged in a few ways."""
    data = chance.choice(target.whole if chance.random() < _WHOLE else target.seeds)
    if data[:1] in (b"{", b"[") and chance.random() < 0.5:
        data = _exchanged(data, chance)
        if chance.random() < 0.7:
            return data
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        data = chance.choice(_WAYS)(data, target, chance)
    return data[: 4 * LARGEST]


def _place(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _turned(data: bytes, _: Target, chance: random.Random) -> bytes:
    place = _place(data, chance)
    return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]


def _cut(data: bytes, _: Target, chance: random.Random) -> bytes:
    place = _place(data, chance)
    return data[:place] + data[place + chance.choice((1, 5, 50, 500, 50_000)) :]


def _doubled(data: bytes, _: Target, chance: random.Random) -> bytes:
    place = _place(data, chance)
    piece = data[place : place + chance.choice((1, 20, 300))]
    return data[:place] + piece * chance.choice((2, 3, 40)) + data[place:]


def _moved(data: bytes, _: Target, chance: random.Random) -> bytes:
    first, second = sorted((_place(data, chance), _place(data, chance)))
    piece = data[first : first + 200]
    return data[:first] + data[first + 200 : second] + piece + data[second:]


def _spliced(data: bytes, target: Target, chance: random.Random) -> bytes:
    other = chance.choice(target.seeds)
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def _hurt(data: bytes, _: Target, chance: random.Random) -> bytes:
    place = _place(data, chance)
    return data[:place] + chance.choice(_HURTING) + data[place:]


def _hurt_text(data: bytes, _: Target, chance: random.Random) -> bytes:
    """Something that hurts in place of a text between tags or quotes."""
    texts = list(re.finditer(rb'(?<=[>"])[^<>"]{1,200}(?=[<"])', data))
    if not texts:
        return data
    text = chance.choice(texts)
    return data[: text.start()] + chance.choice(_HURTING) + data[text.end() :]


_WAYS = (_turned, _cut, _doubled, _moved, _spliced, _hurt, _hurt_text, _hurt_text)


def _exchanged(data: bytes, chance: random.Random) -> bytes:
    """A value of JSON, or several, exchanged for others; keys too."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return data
    for _ in range(chance.choice((1, 1, 2, 4))):
        value = _with_other(value, chance, 0)
    return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _with_other(value: object, chance: random.Random, depth: int) -> object:
    if depth > _MOST_DEPTH or not isinstance(value, dict | list) or not value:
        return chance.choice(_VALUES)
    if chance.random() < 0.08:
        return chance.choice(_VALUES)
    if isinstance(value, list):
        number = chance.randrange(len(value))
        return [
            *value[:number],
            _with_other(value[number], chance, depth + 1),
            *value[number + 1 :],
        ]
    key = chance.choice(list(value))
    if chance.random() < 0.1:
        return {name: one for name, one in value.items() if name != key}
    return {**value, key: _with_other(value[key], chance, depth + 1)}
