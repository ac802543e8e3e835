"""The normal form at the border."""

from datetime import UTC, date, datetime
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.intake import normal
from digest.intake.normal import (
    clean,
    clean_address,
    clean_count,
    clean_date,
    clean_names,
    clean_time,
)
from tests.effort import effort

TODAY = date(2026, 3, 17)


@pytest.mark.parametrize(
    ("latex", "read"),
    [
        ("G$^{2}$SF-MIAD", "G²SF-MIAD"),
        ("Free^2Guide", "Free²Guide"),
        (r"an $\alpha$-divergence", "an α-divergence"),
        (r"$O(n \log n)$ time", "O(n log n) time"),
        (r"H$_2$O and $10^{-3}$", "H₂O and 10⁻³"),
        (r"Fr\'echet and Poincar\'{e}", "Fréchet and Poincaré"),
        (r"\texttt{DIAMONDs}: {\it AGORA}", "DIAMONDs: AGORA"),
        (r"40\% of 5.02 $\times$", "40% of 5.02 ×"),
        ("$P<NP$", "P<NP"),
        ("$x_{ij}$ and V_max", "x_ij and V_max"),
    ],
)
def test_latex_becomes_what_a_person_would_read(latex: str, read: str) -> None:
    """Powers, indices, accents, Greek, fonts."""
    assert clean(latex) == read


@pytest.mark.parametrize(
    "text",
    [
        "from $5 million to $6 million",
        "80 %, or over 90 %, of $200k",
        "R^2.5 in snake_case",
        "C++ & <b>tags</b>",
    ],
)
def test_what_is_no_latex_stays(text: str) -> None:
    """Prices, percentages and underscores are left alone."""
    assert clean(text) == text


def test_signs_that_cannot_be_seen_are_taken_out() -> None:
    """Controls, direction marks, zero-width signs; white space becomes single spaces."""
    assert clean("a\u202eb\u200bc\x00d\r\n  e\u2028f") == "abcd e f"


def test_unicode_is_composed() -> None:
    """NFC: one letter, one sign."""
    assert clean("e\u0301") == "é"


@given(st.text(max_size=300))
def test_any_text_becomes_clean(text: str) -> None:
    """Whatever comes in, no control character and no double space comes out; twice is once."""
    found = clean(text)
    assert "  " not in found
    assert all(char.isprintable() or char == "\u200d" for char in found if char != " ")


@pytest.mark.parametrize("depth", [60, 5000])
def test_deep_braces_do_no_harm(depth: int) -> None:
    """A reader that gives up leaves the text readable."""
    assert clean("\\frac" + "{" * depth + "x" + "}" * depth)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-03-17", date(2026, 3, 17)),
        ("2026-3-7", date(2026, 3, 7)),
        ("2026-03-16T12:00:00Z", date(2026, 3, 16)),
        ("2026-03-18", date(2026, 3, 18)),
        ("2026-03-19", None),
        ("1970-01-01", None),
        ("2026-02-30", None),
        ("yesterday", None),
        (20260317, None),
    ],
)
def test_dates(written: object, found: date | None) -> None:
    """Unpadded dates are read; the future, the impossible and the epoch are no dates."""
    assert clean_date(written, TODAY) == found


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//example.org", "https://", "http://a b", "x" * 9],
)
def test_links_that_no_letter_may_have(address: str) -> None:
    """Only http and https, and nothing that could break out of an attribute."""
    assert clean_address(address) is None
    assert clean_address('https://example.org/"onclick=') is None


def test_endless_white_space_costs_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns that would try every split of a long run never see one: it took a minute."""
    seen: list[str] = []

    def read(text: str, _most: int) -> str:
        seen.append(text)
        return text

    monkeypatch.setattr(normal, "_readable", read)
    assert clean("{\\it" + " " * 39_000 + "x") == "{\\it x"
    assert clean_names("a" + " {" * 2 + " " * 200_000 + "b") == ("a { {",)
    assert seen == ["{\\it x", "a { {"]


@pytest.mark.parametrize("piece", ["\\{} ", "$\\{}$ "])
def test_a_text_made_of_commands_costs_little_time(piece: str) -> None:
    """Each one takes time to read: of thousands only the first are."""
    names = ("".join(letters) for letters in product("abcdefghij", repeat=4))
    text = "".join(piece.format(f"q{name}") for name in islice(names, 5_000))
    assert effort(lambda: clean(text)) < 600_000
    assert clean(text)


def test_names_made_of_commands_cost_little_time() -> None:
    """Nobody's name has more than a few."""
    letters = ("".join(one) for one in product("abcdefghij", repeat=4))
    names = [" ".join(f"\\w{one}" for one in islice(letters, 60)) for _ in range(166)]
    assert effort(lambda: clean_names(names)) < 2_000_000
    assert len(clean_names(names)) == 166
    assert clean_names([r"Jos\'e Mar\'{\i}a Fr\"{u}h-S\o{}rensen"]) == ("José María Früh-Sørensen",)


def test_times_are_in_utc_and_believable() -> None:
    """An offset that leads out of the calendar is no time."""
    assert clean_time("2026-03-17T10:00:00+02:00") == datetime(2026, 3, 17, 8, tzinfo=UTC)
    for text in (
        "0001-01-01T00:00:00+23:59",
        "2026-03-17T10:00:00",
        "1970-01-01T00:00:00Z",
        "x",
        5,
    ):
        assert clean_time(text) is None


def test_links_and_counts_and_names() -> None:
    """What is right passes."""
    assert clean_address(" https://example.org/a?b=c ") == "https://example.org/a?b=c"
    assert clean_count(7) == 7
    assert clean_count(-1) is None
    assert clean_count(True) is None
    assert clean_count(" 7 ") == 7
    assert clean_count("many") is None
    assert clean_count(float("nan")) is None
    assert clean_names("Jane Roe, John Doe and  Ann Poe") == ("Jane Roe", "John Doe", "Ann Poe")
    assert clean_names(["A", None, "A", {"x": 1}, "B"]) == ("A", "B")
