"""The one grammar of interests, schedules, manners and addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import UsageError
from digest.grammar.address import lookup_key, parse_address
from digest.grammar.dial import POSITIONS, dial_in_full, dial_in_words, format_dial, parse_dial
from digest.grammar.interests import format_interest, parse_interest
from digest.grammar.manner import manner_in_words, parse_quiet, parse_yes
from digest.grammar.schedule import (
    format_hour,
    format_weekdays,
    parse_hour,
    parse_weekdays,
    parse_zone,
)
from digest.model import Interest, Keyword, KeywordKind, Manner, Quiet


def test_the_example_of_the_documentation_is_read() -> None:
    """Weights, phrases, authors, categories, liked papers and exclusions, in one line."""
    found = parse_interest(
        "mine",
        '"graph neural network"^2, molecules, author:"Jane Roe", cat:cs.LG, '
        "like:https://arxiv.org/abs/2401.12345v3, -survey",
    )
    assert found == Interest(
        "mine",
        (
            Keyword("graph neural network", KeywordKind.PHRASE, 2.0),
            Keyword("molecules"),
            Keyword("Jane Roe", KeywordKind.AUTHOR),
            Keyword("cs.LG", KeywordKind.CATEGORY),
        ),
        (Keyword("survey"),),
        ("arxiv:2401.12345",),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"never closed', "never closed"),
        ("word^0", "weight"),
        ("word^much", "weight"),
        ("auther:Jane", "did you mean author:?"),
        ("like:teapot", "arXiv id"),
        ("-like:2401.12345", "neither"),
        ("ab, -, cd", "no word"),
        ("R", "would find nothing"),
        ('"C++"', "would find nothing"),
        ("author:", "no word"),
        ('"two" "phrases"', "cannot read"),
    ],
)
def test_an_item_that_cannot_be_read_is_named(text: str, said: str) -> None:
    """The message names the item and what it should look like."""
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        parse_interest("mine", text)


def test_a_colon_in_plain_words_is_no_prefix() -> None:
    """Only prefixes that exist, or nearly exist, are taken for prefixes."""
    assert parse_interest("x", "source: separation").keywords == (Keyword("source: separation"),)


def test_empty_items_are_passed_over() -> None:
    """Commas and empty lines part items, and may stand in a row."""
    assert parse_interest("x", " , ab,\n\n cd ,").keywords == (Keyword("ab"), Keyword("cd"))


_WORDS = (
    st.text("abcdefgäß日本 0123456789+-.", min_size=1, max_size=20).map(str.split).map(" ".join)
)
_QUOTED = st.text("abcäß日本 0123,^:+-.", min_size=2, max_size=20).map(str.split).map(" ".join)
_KEYWORDS = st.builds(
    Keyword,
    _WORDS.filter(lambda words: bool(re.search(r"\w\w", words)) and not words.startswith("-")),
    st.just(KeywordKind.WORDS),
    st.floats(0.01, 100),
) | st.builds(
    Keyword,
    _QUOTED.filter(lambda words: bool(re.search(r"\w\w", words))),
    st.sampled_from([KeywordKind.PHRASE, KeywordKind.AUTHOR, KeywordKind.CATEGORY]),
    st.floats(0.01, 100),
)


@given(
    keywords=st.lists(_KEYWORDS, max_size=6, unique=True),
    excluded=st.lists(_KEYWORDS, max_size=4, unique=True),
)
def test_what_is_written_reads_back_the_same(
    keywords: list[Keyword], excluded: list[Keyword]
) -> None:
    """Formatting and parsing are inverse, for every interest."""
    interest = Interest(
        "x", tuple(keywords), tuple(excluded), ("arxiv:2401.12345", "doi:10.1002/a,b^c")
    )
    assert parse_interest("x", format_interest(interest)) == interest


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    """No input ends in another error than the one that says what to do."""
    try:
        parse_interest("x", text)
    except UsageError as error:
        assert str(error)


@pytest.mark.parametrize(("text", "minute"), [("7", 420), ("07:30", 450), ("23:59", 1439)])
def test_hours(text: str, minute: int) -> None:
    """An hour, with minutes or without."""
    assert parse_hour(text) == minute
    assert parse_hour(format_hour(minute)) == minute


@pytest.mark.parametrize("text", ["24", "7:60", "seven", "", "-1", "7.30"])
def test_what_is_no_hour(text: str) -> None:
    """Refused with the form it should have."""
    with pytest.raises(UsageError, match="7:30"):
        parse_hour(text)


def test_zones() -> None:
    """A zone of the tz database; a near miss gets a suggestion."""
    assert parse_zone("Europe/Berlin") == "Europe/Berlin"
    with pytest.raises(UsageError, match="did you mean Europe/Berlin"):
        parse_zone("Europe/Berlim")
    with pytest.raises(UsageError, match="did you mean Europe/Berlin"):
        parse_zone("berlin")
    with pytest.raises(UsageError, match="no time zone"):
        parse_zone("../../etc/passwd")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", {0, 1, 2, 3, 4, 5, 6}),
        ("weekdays", {0, 1, 2, 3, 4}),
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("fri-mon", {4, 5, 6, 0}),
        ("Mon, wednesday thu", {0, 2, 3}),
    ],
)
def test_weekdays(text: str, days: set[int]) -> None:
    """Names, ranges (also over the week's end) and lists."""
    assert parse_weekdays(text) == days
    assert parse_weekdays(format_weekdays(frozenset(days))) == days


@pytest.mark.parametrize("text", ["", "noday", "1-5", "m"])
def test_what_is_no_weekday(text: str) -> None:
    """Numbers are refused: they mean different days to different people."""
    with pytest.raises(UsageError, match="weekdays"):
        parse_weekdays(text)


@pytest.mark.parametrize(
    ("text", "dial"),
    [
        ("mine", 0), ("Mostly mine", 20), ("half", 50), ("mostly_everyone", 80), ("everyone", 100),
        ("0", 0), (" 35 ", 35), ("35%", 35), ("35 %", 35), ("100", 100),
    ],
)  # fmt: skip
def test_dials(text: str, dial: int) -> None:
    """A share in percent, or one of five words; written again, it is read the same."""
    assert parse_dial(text) == dial
    assert parse_dial(format_dial(dial)) == dial


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write one, or mine, mostly-mine, half"), ("101", "from 0 to 100"), ("-1", "write one"),
        ("0.5", "write one"), ("٣", "write one"), ("9999", "write one"), ("20%%", "write one"),
        ("everybody", "did you mean everyone"), ("mostly mien", "did you mean mostly-mine"),
    ],
)  # fmt: skip
def test_what_is_no_dial(text: str, said: str) -> None:
    """Refused, with what would be right."""
    with pytest.raises(UsageError, match=said):
        parse_dial(text)


def test_every_dial_has_words() -> None:
    """From the reader's interests alone to what everyone reads, in five steps, never back."""
    words = list(dict.fromkeys(dial_in_words(dial) for dial in range(101)))
    assert words == [
        "only your interests",
        "mostly your interests",
        "half your interests, half what everyone reads",
        "mostly what everyone reads",
        "what everyone reads",
    ]
    assert words == [dial_in_words(dial) for dial in POSITIONS.values()]


def test_quiet_days_and_abstracts() -> None:
    """Each by its word, whatever its case; all else is refused with the words that there are."""
    assert [parse_quiet(f" {quiet.value.upper()} ") for quiet in Quiet] == list(Quiet)
    with pytest.raises(UsageError, match="did you mean nothing"):
        parse_quiet("nothin")
    with pytest.raises(UsageError, match="write trending, note, nothing"):
        parse_quiet("")
    assert [parse_yes(text) for text in ("yes", "On", "1", "no", "FALSE", "0")] == [
        *(True, True, True), *(False, False, False),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="neither yes nor no"):
        parse_yes("perhaps")


def test_a_manner_is_told_in_three_phrases() -> None:
    """The lesser share in percent stands where words alone do not say it."""
    assert manner_in_words(Manner()) == (
        "mostly your interests, 20 % what everyone reads",
        "what everyone reads",
        "the abstract",
    )
    told = [manner_in_words(Manner(dial, Quiet.NOTHING, abstracts=False)) for dial in (0, 50, 100)]
    assert [words[0] for words in told] == [dial_in_words(dial) for dial in (0, 50, 100)]
    assert dial_in_full(65) == "mostly what everyone reads, 35 % your interests"
    assert told[0][1:] == ("no letter", "its one sentence")


def test_addresses() -> None:
    """One plain mailbox; the domain in ASCII and lower case."""
    assert parse_address(" Ann@Example.ORG ") == "Ann@example.org"
    assert parse_address("ann@bücher.example") == "ann@xn--bcher-kva.example"
    assert parse_address("ann@mailhost") == "ann@mailhost"
    assert parse_address("ann-o'x+y@example.org") == "ann-o'x+y@example.org"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Jörg@Bücher.example", "Jörg@xn--bcher-kva.example"),
        ("jo\u0308rg@example.org", "jörg@example.org"),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
        ("мир@example.org", "мир@example.org"),
        ("אבא@example.org", "אבא@example.org"),
        ("やまだTaro@example.org", "やまだTaro@example.org"),
        ("ü" * 32 + "@example.org", "ü" * 32 + "@example.org"),
    ],
)
def test_addresses_of_the_whole_world(text: str, normal: str) -> None:
    """Letters beyond ASCII stay before the @, in their composed form; the domain is ASCII."""
    assert parse_address(text) == normal
    assert parse_address(normal) == normal


def test_one_mailbox_has_one_key() -> None:
    """Whatever its case; but ß and ss are two letters of two people."""
    assert lookup_key("Jörg@Example.ORG") == lookup_key("JÖRG@example.org")
    assert lookup_key("groß@example.org") != lookup_key("gross@example.org")


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "ann@",
        "a@example.org, b@example.org",
        "Ann <ann@example.org>",
        "ann@example.org\r\nBcc: eve@example.org",
        '"quoted"@example.org',
        "ann@[127.0.0.1]",
        "a\u200bnn@example.org",
        "x" * 65 + "@example.org",
        "ü" * 33 + "@example.org",
        "=?utf-8?q?a?=@example.org",
        "-oX@example.org",
        "аnn@example.org",  # the first letter is Cyrillic
        "αnn@example.org",
        "אnn@example.org",
        "a\u202enn@example.org",
        "ａｎｎ@example.org",
        "jörg@example.org\r\nBcc: eve@example.org",
        "Jörg <jörg@example.org>",
        '"jörg"@example.org',
    ],
)
def test_what_is_no_address(text: str) -> None:
    """Refused: several, named, quoted, injected, invisible, too long, alike, like an option."""
    with pytest.raises(UsageError):
        parse_address(text)
