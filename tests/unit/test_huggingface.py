"""Hugging Face and JSON answers: days that were missed, empty lists, and whatever JSON can hold."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given

from digest.errors import SourceError
from digest.sources.answers import a_list, a_text, an_object, read_json
from digest.sources.services.huggingface import HuggingFace, parse_daily
from tests.conftest import DAY, NOW, Replay
from tests.unit.test_biorxiv import JSON
from tests.visits import A_DAY, Visits, quick_session


def listed(day: date, papers: int = 1, more: int = 0) -> bytes:
    """The list of a day; `more` of its entries are damaged."""
    entries: list[object] = [
        {"paper": {"id": f"{day:%y%m}.{day.day:02}{n:03}", "title": f"Owls of {day}, {n}"}}
        for n in range(papers)
    ]
    return json.dumps(entries + ["{'paper': 1}"] * more).encode()


def path(day: date, page: int = 0) -> str:
    """How a page is asked for."""
    return f"/daily?date={day}&limit=100&p={page}"


@pytest.fixture
def hub(replay: Replay) -> Visits:
    """The Daily Papers on loopback; days that no test names are empty."""
    replay.answer("/daily", b"[]")
    return Visits(HuggingFace(quick_session(), f"{replay.address}/daily"))


def asked(replay: Replay) -> list[str]:
    """The days that were asked for since the last look."""
    days = [one.partition("date=")[2][:10] for one in replay.asked]
    replay.asked.clear()
    return days


def test_days_that_were_missed_are_asked_for_later(replay: Replay, hub: Visits) -> None:
    """Each once; the day of a visit again, since its list was not at its end."""
    for days in range(-3, 8):
        replay.answer(path(DAY + days * A_DAY), listed(DAY + days * A_DAY))
    hub.visit()
    assert asked(replay) == [str(DAY), str(DAY - A_DAY)]
    found = hub.visit(5)
    assert asked(replay) == [str(DAY + days * A_DAY) for days in (5, 4, 3, 2, 1, 0)]
    assert {one.announced for one in found} == {DAY + days * A_DAY for days in range(6)}
    hub.visit(5.2)
    assert asked(replay) == [str(DAY + days * A_DAY) for days in (5, 4)]
    assert all(hub.standing(days) == ("complete", 1, 1) for days in range(-1, 5))
    assert hub.standing(5) == ("so far", 1, 1)


def test_no_more_than_thirty_days_are_made_up_for(replay: Replay, hub: Visits) -> None:
    """Who was away for a year begins with the last month."""
    replay.answer("/daily", listed(DAY))
    hub.visit()
    asked(replay)
    hub.visit(300)
    assert len(asked(replay)) == 31


def test_a_day_that_is_over_is_left_alone_for_hours(replay: Replay, hub: Visits) -> None:
    """Its list does not grow any more, its upvotes do; what was read of it is said again."""
    replay.answer(path(DAY), listed(DAY, 3))
    hub.visit(1)
    asked(replay)
    tomorrow = str(DAY + A_DAY)
    for hours, days in ((1, [tomorrow]), (2, [tomorrow]), (3.5, [tomorrow, str(DAY)])):
        hub.visit(1 + hours / 24)
        assert asked(replay) == days
        assert sum(batch.read for batch in hub.batches) == 3


def test_days_for_which_there_was_no_time_are_not_broken(replay: Replay, hub: Visits) -> None:
    """They were not asked for: the next visit does it."""
    replay.answer("/daily", listed(DAY))
    left = iter((60.0, 60.0))
    hub.left = lambda: next(left, 0.0)
    hub.visit()
    assert hub.problem == "the time is over; the next visit goes on"
    assert hub.standing() == ("so far", 1, 1)
    assert hub.standing(-1) is None


def test_a_run_in_advance_catches_up_with_nothing(replay: Replay, hub: Visits) -> None:
    """For a date far ahead the counts of the last month are not at hand: nothing is asked twice."""
    hub.visit()
    asked(replay)
    hub.visit(0.1, day=DAY + 90 * A_DAY)
    assert asked(replay) == [str(DAY), str(DAY - A_DAY)]


def test_a_past_day_that_is_asked_for_by_hand_begins_nothing(replay: Replay, hub: Visits) -> None:
    """A new house that looked at a day of more than a month ago has nothing to catch up with."""
    hub.visit(40, day=DAY)
    asked(replay)
    hub.visit(41)
    assert asked(replay) == [str(DAY + 41 * A_DAY), str(DAY + 40 * A_DAY)]


def test_all_pages_of_a_day_are_counted_together(replay: Replay, hub: Visits) -> None:
    """The count stands on the last page; a day with exactly a page has an empty one after it."""
    replay.answer(path(DAY), listed(DAY, 100))
    replay.answer(path(DAY, 1), b"[]")
    hub.visit()
    assert hub.standing() == ("so far", 100, 100)
    replay.answer(path(DAY, 1), b"", 500)
    hub.visit(0.1)
    assert hub.standing() == ("partial", None, 100)


def test_entries_that_cannot_be_read_leave_a_day_open(replay: Replay, hub: Visits) -> None:
    """Their number is told."""
    replay.answer(path(DAY), listed(DAY, 3, more=2))
    hub.visit()
    assert hub.standing() == ("partial", 5, 3)


def test_an_empty_list_is_not_taken_for_a_quiet_day(replay: Replay, hub: Visits) -> None:
    """While a day lasts it says nothing; of a working day it is believed after three days."""
    hub.visit()
    assert hub.standing() == ("partial", None, 0)
    hub.visit(1)
    assert hub.standing() == ("partial", None, 0)
    replay.answer(path(DAY), listed(DAY))
    hub.visit(2)
    assert hub.standing() == ("complete", 1, 1)
    for days in (3, 4, 5, 6):
        hub.visit(days)
    assert hub.standing(1) == ("quiet", 0, 0)


def test_a_day_that_fails_does_not_stop_the_others(replay: Replay, hub: Visits) -> None:
    """It is told in words, and asked for again at the next visit."""
    replay.answer(path(DAY), b"<html>busy</html>")
    replay.answer(path(DAY - A_DAY), listed(DAY - A_DAY))
    assert len(hub.visit()) == 1
    assert "a web page instead of JSON" in str(hub.problem)
    assert (hub.standing(), hub.standing(-1)) == (("broken", None, 0), ("complete", 1, 1))


def test_a_service_that_is_away_is_left_alone(replay: Replay, hub: Visits) -> None:
    """After two days that failed no further one is tried; all are made up for later."""
    replay.answer("/daily", listed(DAY))
    hub.visit()
    replay.answer("/daily", b"<html>away</html>")
    asked(replay)
    hub.visit(9)
    assert len(asked(replay)) == 2
    replay.answer("/daily", listed(DAY))
    hub.visit(9.1)
    assert len(asked(replay)) == 10
    assert all(hub.standing(days) == ("complete", 1, 1) for days in range(-1, 9))
    assert hub.standing(9) == ("so far", 1, 1)


def test_no_day_is_asked_for_before_it_is_there(replay: Replay, hub: Visits) -> None:
    """Where it is tomorrow already, the service still has today."""
    hub.visit(day=DAY + A_DAY)
    assert asked(replay) == [str(DAY), str(DAY - A_DAY)]


def test_recorded_days(shared: Path) -> None:
    """Read to the last entry; one day was saved as strings, of which each is named."""
    for file in sorted((shared / "data/recorded/hf_daily_papers").iterdir()):
        batch = parse_daily(file.read_bytes(), DAY, NOW)
        assert batch.announced
        assert batch.read == (0 if file.stem == "2024-12-11" else batch.announced)
        assert len(batch.troubles) + batch.more_troubles == batch.announced - batch.read


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b" \n", "empty answer instead of JSON for it"),
        (b"\n <html>", "a web page instead of JSON"),
        (b"{", "something else instead of JSON"),
        (b"\xff\xff", "not UTF-8"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b"[" + b"1," * 5_000_000 + b"1]", "more values than any answer has"),
        (b"[" + b"{}, " * 1_200_000 + b"1]", "more values than any answer has"),
    ],
)
def test_what_is_no_json_is_named(body: bytes, said: str) -> None:
    """In words, within bounds."""
    with pytest.raises(SourceError, match=said):
        read_json("x", body, "it")


def test_numbers_that_are_none() -> None:
    """Endless, infinite, not a number: nothing, and no error."""
    body = b'{"a": ' + b"9" * 100_000 + b', "b": NaN, "c": -Infinity, "d": 7, "e": 1e999}'
    assert read_json("x", body) == {"a": None, "b": None, "c": None, "d": 7, "e": float("inf")}


def test_values_of_the_wrong_type_are_empty() -> None:
    """And text is cut, with nothing hidden in it."""
    assert (an_object([1]), a_list({}), a_text(7)) == ({}, [], "")
    assert a_text("a\ud800\x00b", 3) == "a??"


@given(JSON)
def test_any_json_becomes_papers_or_words(value: object) -> None:
    """As a list, as an entry, as a paper."""
    for wrapped in (
        value,
        [value],
        [{"paper": value}],
        [{"paper": {"title": "x", "authors": value}}],
    ):
        try:
            batch = parse_daily(json.dumps(wrapped).encode(), DAY, NOW)
        except SourceError as error:
            assert error.problem
        else:
            assert batch.read <= (batch.announced or 0)
