"""The one XML reader: entries from a stream, bounded, in any encoding, refused in words."""

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources.mending import mended
from digest.sources.xml import MAX_DEPTH, entries, root, root_tag

ITEM = frozenset(("item",))
TITLE = frozenset(("title",))


class Drops(io.RawIOBase):
    """A stream that gives so many bytes at a time."""

    def __init__(self, body: bytes, size: int) -> None:
        super().__init__()
        self._inner = io.BytesIO(body)
        self._size = size

    def read(self, size: int = -1) -> bytes:
        """A few bytes of what is left."""
        return self._inner.read(min(size, self._size))


class Endless(io.RawIOBase):
    """A head, then so many times the same, then a tail."""

    def __init__(self, head: bytes, part: bytes, times: int, tail: bytes) -> None:
        super().__init__()
        self._head, self._part, self._left, self._tail = head, part, times, tail

    def read(self, size: int = -1) -> bytes:
        """Whole parts, at least one sign of them."""
        if self._head:
            head, self._head = self._head, b""
            return head
        if self._left:
            count = min(self._left, max(size // len(self._part), 1))
            self._left -= count
            return self._part * count
        tail, self._tail = self._tail, b""
        return tail


def names(found: Iterator[Element]) -> list[str]:
    """The texts of entries."""
    return ["".join(one.itertext()) for one in found]


def refused(body: bytes, *, lenient: bool = False) -> str:
    """Why an answer is refused."""
    with pytest.raises(SourceError) as caught:
        list(entries("x", body, ITEM, lenient=lenient))
    return caught.value.problem


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("lenient", [False, True])
def test_entries_come_in_order_however_the_bytes_do(size: int, lenient: bool) -> None:  # noqa: FBT001 - what the table says
    """Cut anywhere: within a tag, a sign of several bytes, an entity, a CDATA section."""
    body = "<a><item>é€😀</item>x<item>&amp;&#233;</item><item><![CDATA[a&b<]]></item></a>".encode()
    found = names(entries("x", Drops(body, size), ITEM, lenient=lenient))  # type: ignore[arg-type]
    assert found == ["é€😀", "&é", "a&b<"]


def test_an_entry_within_an_entry_is_a_part_of_it() -> None:
    """The outermost is the entry."""
    assert names(entries("x", b"<a><item>1<item>2</item></item></a>", ITEM)) == ["12"]


def test_what_stands_beside_entries_can_be_had_too() -> None:
    """The title of all, and not that of an entry."""
    body = b"<a><b><title>All</title><item><title>One</title></item></b></a>"
    found = list(entries("x", body, ITEM, beside=TITLE))
    assert [(one.tag, "".join(one.itertext())) for one in found] == [
        ("title", "All"), ("item", "One"),
    ]  # fmt: skip


def test_a_damaged_end_comes_after_all_that_stands_before_it() -> None:
    """Cut in the middle of the third of three."""
    got: list[Element] = []
    with pytest.raises(SourceError, match=r"damaged XML at line 2, column \d+ of the answer"):
        for one in entries("x", b"<a><item/>\n<item/><item><b></it", ITEM):
            got.append(one)  # noqa: PERF402 - what came before the error counts
    assert len(got) == 2


@pytest.mark.parametrize("name", ["utf-8", "gb2312", "windows-1252"])
def test_what_stands_before_a_byte_that_is_none_is_read(name: str) -> None:
    """In the same piece of the stream; the place of the byte is told."""
    head = f'<?xml version="1.0" encoding="{name}"?><a><item/>'.encode()
    got: list[Element] = []
    with pytest.raises(SourceError, match=rf"damaged XML: not .*, at byte {len(head)} of"):
        for one in entries("x", head + b"\x81\xff</a>", ITEM):
            got.append(one)  # noqa: PERF402 - what came before the error counts
    assert len(got) == 1


ENCODINGS = {
    "gb2312": "测试论文", "gbk": "测试論文", "gb18030": "测试㐀", "big5": "測試論文",
    "shift_jis": "論文の要旨", "euc-jp": "論文の要旨", "iso-2022-jp": "論文の要旨", "euc-kr": "논문 초록",
    "koi8-r": "Новая статья", "windows-1251": "Новая статья", "windows-1255": "מאמר חדש",
    "tis-620": "บทความ", "iso-8859-7": "Νέα εργασία", "iso-8859-1": "café", "us-ascii": "plain",
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODINGS)
def test_declared_encodings_are_read(name: str) -> None:
    """Those of all the world; also where only the head of the answer names them."""
    text = f"<a><item>{ENCODINGS[name]}</item></a>"
    declared = f'<?xml version="1.0" encoding="{name}"?>{text}'.encode(name)
    assert names(entries("x", declared, ITEM)) == [ENCODINGS[name]]
    assert names(entries("x", text.encode(name), ITEM, charset=name)) == [ENCODINGS[name]]


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_marks_and_wide_signs_are_known_by_their_bytes(name: str) -> None:
    """With a mark or without one, whatever is declared."""
    for declared in ("", '<?xml version="1.0" encoding="utf-16"?>', "\n "):
        body = f"{declared}<a><item>é</item></a>".encode(name)
        if declared == "\n " and name.endswith("e"):
            continue  # blanks without a mark say nothing
        assert names(entries("x", body, ITEM)) == ["é"]


def test_a_declaration_that_cannot_be_is_not_believed() -> None:
    """UTF-16, said in letters of one byte."""
    body = '<?xml version="1.0" encoding="utf-16"?><a><item>é</item></a>'.encode()
    assert names(entries("x", body, ITEM)) == ["é"]


@pytest.mark.parametrize(
    "name", ["base64", "zlib", "rot13", "unicode_escape", "utf-7", "idna", "undefined", "klingon"]
)
def test_codecs_that_are_no_encodings_of_feeds(name: str) -> None:
    """Python knows codecs that unpack: none of them is for feeds."""
    body = f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()
    assert "an encoding that is not known" in refused(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty answer"),
        (b"\xef\xbb\xbf \n", "empty answer"),
        (b"<!-- nothing -->", "ends before its first element"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x' 'y'><html/>", "a web page"),
        (b"<!-- x --> <HTML><body>", "a web page"),
        (b"[1]", "JSON"),
        (b"Sorry, come back later", "something else instead of XML"),
        (b"\x00" * 100, "zero bytes"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type definition"),
        (b"<?a ?><!-- < --><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "document type"),
        (b"<a><!DOCTYPE a><item/></a>", "damaged XML"),
        (b"<a><item>\xff</item></a>", "not UTF-8"),
        (b"<a><item>\x00</item></a>", r"the control character U\+0000"),
        (b"<a><item>\x0b</item></a>", r"the control character U\+000B"),
        (b"<a><item>&nbsp;</item></a>", "undefined entity"),
        (b"<a><b:item/></a>", "unbound prefix"),
        (b"<!--" + b" " * 70_000 + b"--><a/>", "first 64 KB"),
        (b"<a>" * (MAX_DEPTH + 1), "nested deeper"),
        (b"<a>" + b"<b/>" * 100_001, "more than 100000 elements"),
        (b"<a>" + b"<b>" + b"x</b><b>" * 1_200_000, "larger than 8 MB|elements"),
        (b"<a>" + b"<![CDATA[x>]]>" * 700_000, "larger than 8 MB"),
        (b"<a b='" + b"x" * 3_000_000, "larger than 2 MB"),
    ],
)
def test_what_is_refused_and_why(body: bytes, said: str) -> None:
    """Each with a sentence."""
    with pytest.raises(SourceError, match=said):
        list(entries("x", body, ITEM))


@pytest.mark.parametrize("name", ["utf-8", "utf-16", "utf-16-be", "utf-32-le", "utf-8-sig"])
def test_no_encoding_hides_a_dtd(name: str) -> None:
    """It is looked for in the text, not in the bytes."""
    assert "document type definition" in refused("<!DOCTYPE a><a/>".encode(name))


def test_the_depth_that_is_allowed() -> None:
    """One less than too deep."""
    body = b"<a>" * (MAX_DEPTH - 1) + b"<item/>" + b"</a>" * (MAX_DEPTH - 1)
    assert len(list(entries("x", body, ITEM))) == 1


def test_memory_is_flat() -> None:
    """A hundred times the entries, and what stands between them, cost no more."""
    peaks = []
    for times in (100, 10_000):
        part = b"<other>x</other><item>" + b"word " * 100 + b"</item>\n"
        stream = Endless(b"<a>", part, times, b"</a>")
        tracemalloc.start()
        found = entries("x", stream, ITEM)  # type: ignore[arg-type]
        assert sum(1 for _ in found) == times
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5 + 500_000


def test_the_root_is_looked_at_without_moving_on() -> None:
    """Its name and attributes; a stream stays where it was."""
    stream = io.BytesIO(b"<?xml version='1.0'?><a b='c'><item/></a>")
    assert root_tag("x", stream) == "a"
    assert root("x", stream).attrib == {"b": "c"}
    assert len(list(entries("x", stream, ITEM))) == 1
    with pytest.raises(SourceError, match="damaged XML"):
        root_tag("x", b"<a")
    with pytest.raises(SourceError, match="damaged XML"):
        root_tag("x", b"<a b='" + b"x" * 100_000)
    assert root_tag("x", b"<a>" + "é".encode() * 50_000) == "a"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a&nbsp;b", "a\u00a0b"),
        ("caf&eacute; &mdash; x", "café — x"),
        ("Q & A", "Q & A"),
        ("http://x/?a=1&b=2&copy=3", "http://x/?a=1&b=2&copy=3"),
        ("&lt;b&gt; &amp;amp; &LT;", "<b> &amp; <"),
        ("&unknown; &", "&unknown; &"),
        ("&#233;&#xE9;&#XE9;", "ééé"),
        ("&#0;&#xFFFF;&#55555555;", "\ufffd\ufffd\ufffd"),
        ("<![CDATA[&nbsp; & ]]>&nbsp;", "&nbsp; & \u00a0"),
        ("<!-- & &nbsp; -->&nbsp;", "\u00a0"),
    ],
)
def test_entities_of_html_and_bare_ampersands_are_mended(written: str, read: str) -> None:
    """In feeds, whole or cut at every sign; CDATA and comments stay as they are."""
    body = f"<a><item>{written}</item></a>"
    assert names(entries("x", body.encode(), ITEM, lenient=True)) == [read]
    assert "".join(mended(iter(body))) == "".join(mended(iter([body])))


def test_comments_before_the_declaration_are_passed_over() -> None:
    """They are against the rules, and seen."""
    body = b"<!-- made by hand --><?xml version='1.0'?><a><item/></a>"
    assert len(list(entries("x", body, ITEM, lenient=True))) == 1
    assert "damaged XML" in refused(body)


@pytest.mark.parametrize(
    "hidden",
    [
        '<!ENTITY a "INJECTED"><!ENTITY c "<![CDATA[">',
        '<!ATTLIST item a CDATA "INJECTED">',
    ],
)
def test_a_declaration_within_a_comment_is_a_comment(hidden: str) -> None:
    """What begins to read there would find a DTD behind it."""
    dtd = f'<?xml version="1.0"?><!DOCTYPE a [{hidden}]>'
    assert "damaged" in refused(f"<!-- {dtd}<!-- --><a><item/></a>".encode(), lenient=True)
    body = f"<!----> <!-- {dtd} --><a><item>&a;</item></a>".encode()
    (found,) = entries("x", body, ITEM, lenient=True)
    assert (found.text, found.attrib) == ("&a;", {})


@pytest.mark.parametrize("kind", ["<n{}/>", "<n n{}='x'/>", "<n xmlns:n{}='x'/>"])
def test_a_flood_of_names_is_refused(kind: str) -> None:
    """The parser keeps every name it has met, of elements, attributes and prefixes, to its end."""

    def part(first: int) -> str:
        return "<item/>" + "".join(kind.format(one) for one in range(first, first + 1_000))

    few, many = ("".join(map(part, range(0, most, 1_000))) for most in (19_000, 40_000))
    assert len(list(entries("x", f"<a>{few}</a>".encode(), ITEM))) == 19
    assert "more than 20000 names" in refused(f"<a>{many}</a>".encode())


@given(st.binary(max_size=400))
def test_any_bytes_end_in_entries_or_words(body: bytes) -> None:
    """No other error comes out, of either reader."""
    for wrapped in (body, b"<a><item>" + body + b"</item></a>"):
        for lenient in (False, True):
            try:
                list(entries("x", wrapped, ITEM, lenient=lenient))
                root_tag("x", wrapped)
            except SourceError as error:
                assert error.problem


PIECES = st.lists(
    st.sampled_from(
        ["<item>", "</item>", "<a>", "</a>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "&",
         "&amp;", "&#1;", "<!DOCTYPE", "[", ">", "<", "é", "\x00", " ", "<item/>", "x='", "xmlns:"]
    ),
    max_size=40,
)  # fmt: skip


@given(PIECES)
def test_any_markup_ends_in_entries_or_words(pieces: list[str]) -> None:
    """The same for what looks like XML; and both readers agree on what is well-formed."""
    body = "".join(["<a>", *pieces, "</a>"]).encode()
    found: dict[bool, list[str] | None] = {}
    for lenient in (False, True):
        try:
            found[lenient] = names(entries("x", body, ITEM, lenient=lenient))
        except SourceError:
            found[lenient] = None
    if found[False] is not None:
        assert found[True] == found[False]


# What comes of the recorded feeds that are ill-formed: entries that can be read, or a reason.
ILL_FORMED = {
    "aaa_illformed.xml": "damaged XML at line 6",
    "always_strip_doctype.xml": "a web page instead of XML",
    "georss_point_no_coords.xml": 1,
    "georss_polygon_insufficient_coords.xml": 1,
    "gml_point.xml": 1,
    "http_high_bit_date.xml": 0,
    "rdf_channel_empty_textinput.xml": "damaged XML at line 22",
    "rss_empty_document.xml": "it ends before its first element",
    "rss_incomplete_cdata.xml": "damaged XML at line 9",
    "rss_item_link_corrupted_ampersands.xml": "damaged XML at line 12",
    "undeclared_namespace.xml": "unbound prefix",
    **dict.fromkeys(
        ("big5.xml", "eucjp.xml", "euckr.xml", "gb2312.xml", "koi8r.xml", "shiftjis.xml",
         "tis620.xml", "windows1255.xml"),
        "not UTF-8, which XML is unless it says otherwise",
    ),
}  # fmt: skip


def test_recorded_ill_formed_feeds(shared: Path) -> None:
    """Each is read, or refused with a sentence that says why."""
    folder = shared / "data/recorded/illformed_feeds"
    assert sorted(path.name for path in folder.iterdir()) == sorted(ILL_FORMED)
    atom = frozenset(("item", "{http://www.w3.org/2005/Atom}entry"))
    for name, expected in ILL_FORMED.items():
        with (folder / name).open("rb") as stream:
            try:
                found: object = len(list(entries("x", stream, atom, lenient=True)))
            except SourceError as error:
                found = error.problem
        assert (expected in str(found)) if isinstance(expected, str) else found == expected, name
