"""Links in the letter: votes, why, the way out; short, and in both parts."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from digest.letters import LetterOffice, Sender
from digest.letters.compose import CLIPPED_FROM
from digest.letters.render import shipped_press
from digest.letters.steering import LETTERS
from digest.links import MOST_BASE, MOST_URL, Key, Links, Purpose, Token
from digest.model import Edition, Mood, Pick, Reader, ReaderKind, Reason, ReasonKind, VoteKind
from tests.conftest import DAY
from tests.papers import paper, reader, stored

NOON = datetime(2026, 3, 17, 12, tzinfo=UTC)
BASE = "https://digest.example.org"
LONGEST_BASE = f"https://{'d' * (MOST_BASE - len('https://'))}"
SENTENCE = "A sentence of an abstract that says something worth knowing. "


def links(base: str = BASE) -> Links:
    """Links of a house with one key."""
    return Links(base, lambda: [Key("ab" * 32, NOON)])


def office(base: str | None = BASE, owner: str | None = "owner@example.org") -> LetterOffice:
    """An office with pages at an address, or without pages."""
    return LetterOffice(
        shipped_press(), Sender("digest@example.org", owner), links(base) if base else None
    )


def edition(many: int = 2, of: Reader | None = None, **fields: object) -> Edition:
    """An edition of so many picks, with everything that takes room."""
    picks = tuple(
        Pick(
            stored(
                number + 500,
                paper(
                    f"Paper {number} on the patience of rivers and what they carry with them",
                    SENTENCE * 20,
                    f"arxiv:9903.{number:05}",
                    authors=("Delphine Asante-Krog", "Hiroto Vallbrook", "Zanele Imhoff"),
                    categories=("cs.LG", "stat.ML"),
                    url=f"https://arxiv.example.org/abs/9903.{number:05}",
                    pdf=f"https://arxiv.example.org/pdf/9903.{number:05}",
                ),
                upvotes=number,
            ),
            0.41,
            "interest 1",
            (Reason(ReasonKind.TERM, "rivers", 0.3),),
        )
        for number in range(1, many + 1)
    )
    whose = of or replace(reader("ann@example.org", "rivers"), handle="h4nDl3xY")
    made = Edition(whose, DAY, picks, Mood.MATCHED, 500)
    return replace(made, **fields)  # type: ignore[arg-type]


def composed(
    made: Edition, by: LetterOffice | None = None, missed: date | None = None
) -> EmailMessage:
    """The mail, read back by a real parser."""
    raw = (by or office()).compose(made, NOON, missed).raw
    return message_from_bytes(raw, policy=policy.default)


def parts_of(mail: EmailMessage) -> tuple[str, str]:
    """Text and HTML."""
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    return str(text.get_content()), str(page.get_content())


def tokens(purpose: Purpose, part: str) -> list[Token]:
    """What the links for a purpose in a part say, each read by its own purpose."""
    found = re.findall(rf"{re.escape(BASE)}/{purpose.value}/([\w.-]+)", part)
    return [links().read(purpose, written, NOON) for written in found]


def test_each_pick_carries_four_votes_and_why_in_html() -> None:
    """More, less, mute, save and the account of the score, for the pick's own place."""
    _, page = parts_of(composed(edition(2)))
    said = [(token.name, token.day, token.rest) for token in tokens(Purpose.VOTE, page)]
    assert said == [
        ("h4nDl3xY", DAY, (f"{place}{letter}",)) for place in (1, 2) for letter in "mlxs"
    ]
    assert [token.rest for token in tokens(Purpose.WHY, page)] == [("1",), ("2",)]
    for word in ("more", "less", "mute", "save", "why this?"):
        assert page.count(f">{word}</a>") == 2


def test_links_name_the_place_in_the_stored_edition_not_the_number_in_the_letter() -> None:
    """The letter is read by interest, the edition stored by score: links go by what is stored."""
    made = edition(3)
    first, second, third = made.picks
    mixed = replace(made, picks=(first, replace(second, interest="other"), third))
    _, page = parts_of(composed(mixed))
    places = [token.rest[0] for token in tokens(Purpose.WHY, page)]
    assert places == ["1", "3", "2"]
    assert page.index("/abs/9903.00003") < page.index("/abs/9903.00002")


def test_the_text_has_one_line_a_pick_and_the_ways_at_its_end() -> None:
    """A person who reads plain text can vote, change, look back and leave too."""
    text, _ = parts_of(composed(edition(2)))
    lines = [line for line in text.splitlines() if f"{BASE}/v/" in line]
    assert [line.strip().partition("? ")[0] for line in lines] == ["Vote, or why this"] * 2
    assert [token.rest for token in tokens(Purpose.VOTE, text)] == [("1m",), ("2m",)]
    for label, purpose in (
        ("Preferences", Purpose.PREFERENCES),
        ("Past editions", Purpose.ARCHIVE),
        ("Unsubscribe", Purpose.UNSUBSCRIBE),
    ):
        assert f"{label}: <{BASE}/{purpose.value}/" in text
    assert max(len(line) for line in text.splitlines() if "://" not in line) <= 72


def test_the_foot_and_the_head_lead_out() -> None:
    """Preferences, archive and unsubscribe in the foot; RFC 8058 and RFC 2369 in the head."""
    mail = composed(edition())
    _, page = parts_of(mail)
    assert [token.day for token in tokens(Purpose.PREFERENCES, page)] == [NOON.date()]
    assert [token.name for token in tokens(Purpose.ARCHIVE, page)] == ["h4nDl3xY"]
    leaving = tokens(Purpose.UNSUBSCRIBE, str(mail["List-Unsubscribe"]))
    assert leaving == [Token(Purpose.UNSUBSCRIBE, "h4nDl3xY")]
    assert str(mail["List-Unsubscribe"]).startswith(f"<{BASE}/u/")
    assert str(mail["List-Unsubscribe"]).endswith(
        ", <mailto:owner@example.org?subject=unsubscribe>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert tokens(Purpose.ARCHIVE, str(mail["List-Archive"])) == [
        Token(Purpose.ARCHIVE, "h4nDl3xY")
    ]


def test_the_owner_can_leave_by_link_too() -> None:
    """By mail the owner would write to itself, so only a link is of use there."""
    of = replace(edition().reader, address="owner@example.org")
    mail = composed(edition(of=of))
    assert f"{BASE}/u/" in parts_of(mail)[1]
    alone = composed(edition(), office(owner=None))
    assert "mailto" not in str(alone["List-Unsubscribe"])
    assert alone["List-Unsubscribe-Post"]


def test_without_pages_the_letter_is_as_it_was() -> None:
    """No link to pages, no promise of one click; leaving is by mail."""
    mail = composed(edition(), office(None))
    text, page = parts_of(mail)
    assert mail["List-Unsubscribe"] == "<mailto:owner@example.org?subject=unsubscribe>"
    assert mail["List-Unsubscribe-Post"] is None
    assert mail["List-Archive"] is None
    assert "why this" not in page
    assert "Vote" not in text
    assert "by mail to owner@example.org" in page


def test_a_reader_of_one_command_line_gets_no_links() -> None:
    """It has no preferences to change and nothing to leave; nor has one who was never stored."""
    for other in (
        replace(edition().reader, kind=ReaderKind.UNSAVED),
        replace(edition().reader, handle=""),
    ):
        mail = composed(edition(of=other))
        assert BASE not in "".join(parts_of(mail))
        assert mail["List-Unsubscribe-Post"] is None
    assert BASE not in office().preview(edition())


def test_the_message_id_does_not_depend_on_links() -> None:
    """The same mailbox and date have the same Message-ID, with pages and without."""
    assert composed(edition())["Message-ID"] == composed(edition(), office(None))["Message-ID"]


def test_every_link_stands_on_one_line_of_a_mails_head() -> None:
    """With the longest base, at the last place of the longest edition, in the last year."""
    long = links(LONGEST_BASE)
    last = date(2169, 6, 1)
    rests: dict[Purpose, list[tuple[str, ...]]] = {
        Purpose.VOTE: [(f"{place}{letter}",) for place in (1, 100) for letter in LETTERS.values()],
        Purpose.WHY: [("1",), ("100",)],
        Purpose.MOVE: [("o",), ("n",)],
    }
    for purpose in Purpose:
        for rest in rests.get(purpose, [()]):
            url = long.url(Token(purpose, "h4nDl3xY", last, rest))
            assert len(url) <= MOST_URL, (purpose, url)
    raw = office(LONGEST_BASE).compose(edition(), NOON).raw
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    ours = [line for line in head if LONGEST_BASE.encode() in line]
    assert len(ours) == 2
    assert max(map(len, ours)) <= 100  # a line may take 998, and each link stands whole on one
    assert all(re.search(r"<https://[^>\s]+>", line.decode()) for line in ours)
    assert b"=?" not in raw.partition(b"\r\n\r\n")[0]


def test_votes_in_links_are_told_apart() -> None:
    """Every kind of vote has one letter of its own."""
    assert set(LETTERS) == set(VoteKind)
    assert len(set(LETTERS.values())) == len(VoteKind)
    assert all(len(letter) == 1 and letter.isalpha() for letter in LETTERS.values())


def test_a_letter_of_a_hundred_papers_is_still_shown_whole() -> None:
    """Gmail cuts at 102 KB: abstracts give way first, then the five links become one."""
    few, many = composed(edition(10)), composed(edition(100), office(LONGEST_BASE))
    assert parts_of(few)[1].count("why this?</a>") == 10
    page = parts_of(many)[1]
    assert len(page.encode()) <= CLIPPED_FROM
    assert page.count(f"{LONGEST_BASE}/v/") == 100
    assert page.count("Vote, or why this?") == 100


def test_tomorrows_letter_leads_to_an_edition_that_may_be_lost() -> None:
    """One line says so, with the edition's link; a day longer ago is named."""
    for missed, said in (
        (date(2026, 3, 16), "Yesterday’s edition may not have reached you"),
        (date(2026, 3, 13), "The edition of Friday, 13 March may not have reached you"),
    ):
        text, page = parts_of(composed(edition(), missed=missed))
        assert re.search(rf"{said}: <a [^>]*href=", page)
        assert f"{said}:" in text
        for part in (text, page):
            assert tokens(Purpose.EDITION, part) == [Token(Purpose.EDITION, "h4nDl3xY", missed)]
    assert "reached you" not in "".join(parts_of(composed(edition())))
    assert "reached you" not in "".join(
        parts_of(composed(edition(), office(None), date(2026, 3, 16)))
    )
