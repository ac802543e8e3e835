"""Coverage by part and date, notes of sources, the turns of hosts, marks of titles. Frozen."""

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations
from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("visits", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "coverage",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("part", sa.String(200), primary_key=True),
        sa.Column("date", sa.Date, primary_key=True),
        sa.Column("standing", sa.String(10), nullable=False),
        sa.Column("announced", sa.Integer),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("said", sa.Text),
        sa.Column("asked", sa.DateTime, nullable=False),
        sa.Column("completed", sa.DateTime),
    )
    op.create_index("ix_coverage_date", "coverage", ["date"])
    op.create_table(
        "source_notes",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "hosts",
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("free_at", sa.DateTime),
        sa.Column("holder", sa.String(32)),
        sa.Column("lease", sa.DateTime),
        sa.Column("held_until", sa.DateTime),
    )
    op.create_table(
        "title_marks",
        sa.Column("mark", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(
            "paper_id",
            sa.Integer,
            sa.ForeignKey("papers.id", ondelete="CASCADE", name="fk_title_marks_paper_id"),
            primary_key=True,
        ),
        sqlite_with_rowid=False,
    )
    _mark_papers()
    op.create_index("ix_title_marks_paper_id", "title_marks", ["paper_id"])


def _mark_papers() -> None:
    """Give the papers that are stored the marks that they would get now."""
    connection = op.get_bind()
    papers = sa.table("papers", *map(sa.column, ("id", "title", "authors")))
    marks = sa.table("title_marks", *map(sa.column, ("mark", "paper_id")))
    last = 0
    while True:
        rows = connection.execute(
            sa.select(papers).where(papers.c.id > last).order_by(papers.c.id).limit(_PAPERS)
        ).all()
        found = [
            {"mark": mark, "paper_id": row.id}
            for row in rows
            for mark in _marks_of(row.title, json.loads(row.authors))
        ]
        if found:
            connection.execute(sa.insert(marks), found)
        if len(rows) < _PAPERS:
            return
        last = rows[-1].id


# As marks were made when this was written.
_PAPERS = 5_000
_STOP = frozenset(
    re.findall(
        r"\w+",
        """a an the and of for in on with via to by from using towards toward at as is are""",
    )
)
_WORD = re.compile(r"[^\W_]+")
_HYPHEN = re.compile(r"(?<=\w)[-\u2010\u2011\u2012\u2013](?=\w)")
_LEFT_OVER = re.compile(r"(?:text(?:tt|bf|it|sc|sf|rm)|math(?:cal|bb|rm|bf|sf|it))(?=[^\W\d_])")
_SIGNS = str.maketrans({"∞": " infty ", "°": " circ ", "&": " and ", "'": "", "\u2019": ""})
_SPELLINGS = (
    (r"(?<=\w{3})is(?=(?:e[drs]?|ing|ations?|ers?)$)", "iz"),
    (r"(?<=\w)ys(?=(?:e[drs]?|ing|ers?)$)", "yz"),
    (r"(?<=\w{3})our(?=\w)|(?<=\w{3})our$", "or"),
    (r"(?<=\w{2})ll(?=(?:ing|ed|ers?)$)", "l"),
    (r"(?<=\w{3})tre(?=s?$)", "ter"),
    (r"(?<=\w{3})ogue(?=s?$)", "og"),
    (r"(?<=\w{3})ence(?=s?$)", "ense"),
    (r"[ao]e(?=\w{3})", "e"),
)
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv"))
_GROUP = re.compile(r"\b(?:collaborations?|consorti(?:um|a)|teams?|group|committee|initiative)\b")
_HEAD_ENDS = re.compile(r"[:?!\u2013\u2014]\s|\s-\s")


def _marks_of(title: str, authors: list[str]) -> set[int]:
    persons = (name for name in authors if not _GROUP.search(name.lower()))
    family = next(map(_family_of, persons), "")
    if not family:
        return set()
    title = _fold(title)
    end = _HEAD_ENDS.search(title)
    if end is None:
        longest, words = _longest(title)
        found = [f"{min(pair)} {max(pair)}" for pair in combinations(longest, 2)]
        if words <= len(longest):
            found.append("".join(_words_of(title)))
    else:
        found = [_mark_of_half(half) for half in (title[: end.start()], title[end.end() :])]
    return {crc32(f"{family} {one}".encode()) - 2**31 for one in found if one}


def _mark_of_half(half: str) -> str:
    longest, words = _longest(half)
    return " ".join(sorted(longest[:2])) if words > 2 else "".join(_words_of(half))  # noqa: PLR2004


def _longest(folded: str) -> tuple[list[str], int]:
    words = {word for word in _WORD.findall(folded) if len(word) > 2} - _STOP  # noqa: PLR2004
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return [_spelled(word) for word in ordered[:3]], len(words)


def _words_of(folded: str) -> Iterator[str]:
    return (_spelled(word) for word in _WORD.findall(folded) if word not in _STOP)


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_SIGNS)).casefold()
    plain = "".join(map(_letter, plain))
    return _HYPHEN.sub("", _LEFT_OVER.sub("", plain))


def _letter(char: str) -> str:
    if char.isascii() or unicodedata.combining(char):
        return char if char.isascii() else ""
    name = unicodedata.name(char, "")
    return name.rpartition(" ")[2].lower() if name.startswith("GREEK SMALL LETTER") else char


def _spelled(word: str) -> str:
    for pattern, american in _SPELLINGS:
        word = re.sub(pattern, american, word)
    return word


def _family_of(name: str) -> str:
    before, comma, _ = name.partition(",")
    words = (before if comma else name).replace(".", " ").split()
    family = ""
    while words:
        family = _fold(words.pop())
        if family not in _SUFFIXES:
            break
    return family
