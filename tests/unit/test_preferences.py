"""What readers change for themselves, and what is asked of forms before that."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from digest import readers as service
from digest.config import Settings
from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.libraries.pasted import read_pasted
from digest.model import (
    WEEK,
    Manner,
    Quiet,
    Reader,
    ReaderKind,
    Schedule,
    Vote,
    VoteKind,
)
from digest.readers.preferences import (
    LIKED,
    MOST_ITEMS,
    change_interests,
    paste_liked,
    take_back,
    votes_said,
)
from digest.readers.profiles import wants_of
from digest.store import Store
from digest.store.readers import Readers
from digest.web.forms import (
    Wishes,
    dials,
    interests_of,
    manner_fields,
    manner_of,
    rhythms,
    rows_of,
    schedule_fields,
    schedule_of,
    wishes_of,
    with_room,
    wrong,
)
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen

BIBTEX = """@article{owls,
  title = {Owls that hunt by ear alone},
  eprint = {2401.00001}, archiveprefix = {arXiv}
}
@article{broken,
  title = {Bats, unclosed
@article{bats,
  title = {Bats that find their way home},
  doi = {10.5555/bats}
}
"""


def _saved(store: Store, *interests: str) -> Reader:
    return store.readers.save(reader("ann@example.org", *interests), NOW)


def test_wishes_are_read_from_a_form() -> None:
    """Interests, hour, zone, rhythm, number, manner: each field asks for what it says."""
    form = {
        "interests": "owls, bats^2\n-survey",
        "hour": "07:30",
        "zone": "Asia/Tokyo",
        "rhythm": "weekly",
        "weekday": "4",
        "limit": "25",
        "trend": "80",
        "quiet": "note",
        "abstracts": "no",
    }
    wishes, errors = wishes_of(form, Wishes())
    assert errors == {}
    assert wishes.interests == (parse_interest("keywords", "owls, bats^2, -survey"),)
    assert wishes.schedule == Schedule(450, "Asia/Tokyo", frozenset((4,)))
    assert wishes.limit == 25
    assert wishes.manner == Manner(80, Quiet.NOTE, abstracts=False)


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("interests", '"never closed'),
        ("interests", "author: "),
        ("hour", "25:00"),
        ("zone", "Europe/Berlim"),
        ("rhythm", "hourly"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "٣"),
        ("limit", ""),
        ("trend", "101"),
        ("trend", ""),
        ("quiet", "loud"),
        ("abstracts", "2"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(field: str, written: str) -> None:
    """An error names its field alone, and what held before holds on."""
    manner = Manner(35, Quiet.NOTHING, abstracts=False)
    before = Wishes((parse_interest("keywords", "owls"),), Schedule(60, "UTC"), 7, manner)
    wishes, errors = wishes_of({field: written}, before)
    assert list(errors) == [field]
    assert wishes == before


def test_a_weekly_rhythm_needs_its_day() -> None:
    """Weekly without a day of the week asks for nothing."""
    schedule, errors = schedule_of({"rhythm": "weekly"}, Schedule())
    assert set(errors) == {"weekday"}
    assert schedule.weekdays == WEEK


def test_days_that_fit_no_rhythm_are_kept() -> None:
    """Who has Monday and Thursday keeps them, unless another rhythm is chosen."""
    custom = Schedule(weekdays=frozenset((0, 3)))
    fields = schedule_fields(custom)
    assert fields["rhythm"] == "same"
    assert ("same", "As it is: mon, thu") in rhythms(custom)
    assert schedule_of(fields, custom) == (custom, {})
    assert schedule_of({**fields, "rhythm": "daily"}, custom)[0].weekdays == WEEK


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(),
        Schedule(0, "UTC", frozenset(range(5))),
        Schedule(23 * 60 + 59, "America/St_Johns", frozenset((6,))),
    ],
)
def test_a_schedule_survives_its_fields(schedule: Schedule) -> None:
    """What a form shows and is sent back unchanged asks for the same."""
    assert schedule_of(schedule_fields(schedule), schedule) == (schedule, {})


@pytest.mark.parametrize("quiet", Quiet)
@pytest.mark.parametrize("dial", [0, 7, 20, 50, 100])
def test_a_manner_survives_its_fields(dial: int, quiet: Quiet) -> None:
    """What a form shows and is sent back unchanged asks for the same, also a share of one's own."""
    manner = Manner(dial, quiet, abstracts=dial > 20)
    fields = manner_fields(manner)
    assert manner_of(fields, Manner()) == (manner, {})
    choices = dials(manner)
    assert fields["trend"] in dict(choices)
    assert len(choices) == len(dict(choices)) == (6 if dial == 7 else 5)
    assert [int(value) for value, _ in choices] == sorted(int(value) for value, _ in choices)


def test_interests_of_rows_keep_what_was_typed() -> None:
    """A row in error stands as it was typed; an emptied row ends its interest."""
    form = {
        "name-0": "Night  Sky",
        "text-0": "galaxies",
        "name-1": "gone",
        "text-1": "  ",
        "name-2": "broken",
        "text-2": '"never closed',
        "name-3": "",
        "text-3": "owls",
    }
    interests, rows = interests_of(form)
    assert [interest.name for interest in interests] == ["night sky", "keywords"]
    assert [(row.place, row.name, row.text) for row in rows] == [
        (0, "Night  Sky", "galaxies"),
        (2, "broken", '"never closed'),
        (3, "", "owls"),
    ]
    assert wrong(rows)
    assert rows[1].text_error
    assert [row.text_error for row in (rows[0], rows[2])] == ["", ""]


def test_two_interests_of_one_name_are_told_apart() -> None:
    """The second of a name is in error, at its name."""
    _, rows = interests_of({"name-0": "a", "text-0": "owls", "name-1": "A", "text-1": "bats"})
    assert rows[1].name_error
    assert not rows[0].name_error


def test_interests_are_as_many_as_allowed() -> None:
    """Fifty rows are read, a fifty-first is in error, what comes after is not looked at."""
    form = {f"{part}-{n}": f"word{n}" for n in range(60) for part in ("name", "text")}
    interests, rows = interests_of(form)
    assert len(interests) == service.MAX_INTERESTS
    assert len(rows) == service.MAX_INTERESTS + 1
    assert rows[-1].name_error
    assert len(rows_of(interests)) == service.MAX_INTERESTS  # no room for another


def test_hidden_signs_do_not_reach_the_store() -> None:
    """A NUL or an escape in a text is a space: no database would take the one."""
    interests, rows = interests_of({"name-0": "n\0ight", "text-0": "ow\0ls\x1b, bats"})
    assert not wrong(rows)
    assert interests == (parse_interest("n ight", "ow ls, bats"),)


def test_pasted_lines_are_ids_addresses_and_titles() -> None:
    """A line may hold several ids; a title stands alone; the rest is named by its line."""
    shelf = read_pasted(
        "2401.00001, arXiv:2401.00002v3\r\n"
        "https://arxiv.org/abs/2401.00003 10.5555/bats\n"
        "\n"
        "Owls that hunt by ear alone\n"
        "just two\n"
        "https://nowhere.example/owls that hunt well\n"
    )
    keys = {liked.paper.key for liked in shelf.liked}
    assert {"arxiv:2401.00001", "arxiv:2401.00002", "arxiv:2401.00003", "doi:10.5555/bats"} < keys
    assert len(keys) == 5
    assert [trouble.split(":")[0] for trouble in shelf.troubles] == ["line 5", "line 6"]


def test_pasted_bibtex_names_broken_entries_and_keeps_the_rest() -> None:
    """An entry that is not closed is named by its line; ids may stand between the entries."""
    shelf = read_pasted("2401.00009\n" + BIBTEX + "2401.00010\n")
    keys = {liked.paper.key for liked in shelf.liked}
    assert {"arxiv:2401.00001", "doi:10.5555/bats", "arxiv:2401.00009", "arxiv:2401.00010"} == keys
    assert len(shelf.troubles) == 1
    assert shelf.troubles[0].startswith("line 6: broken")


def test_nothing_pasted_is_said() -> None:
    """An empty text is answered in words."""
    assert read_pasted(" \n ").troubles


def test_pasted_papers_add_to_what_was_liked(store: Store) -> None:
    """A second paste adds to the first; the same again adds nothing."""
    ann = _saved(store, "owls")
    first = paste_liked(store, ann, BIBTEX, NOW)
    assert (first.added, first.awaited, len(first.troubles)) == (2, 0, 1)
    second = paste_liked(store, ann, "Newts that sing in the rain", NOW)
    assert (second.added, second.troubles) == (1, ())
    assert store.libraries.origins(ann.row) == [(LIKED, 3)]
    assert paste_liked(store, ann, BIBTEX, NOW).added == 0
    assert store.libraries.origins(ann.row) == [(LIKED, 3)]


def test_pasted_ids_that_are_not_stored_are_awaited(store: Store) -> None:
    """They stand in an interest, which arXiv is asked for, and speak with the pasted papers."""
    store.papers.add([seen(paper("Known one", key="arxiv:2401.00001"))], "file", DAY)
    ann = _saved(store, "owls")
    pasted = paste_liked(store, ann, "2401.00001\n2401.00002\n2401.00002v2", NOW)
    assert (pasted.added, pasted.awaited) == (1, 1)
    ann = service.get(store, ann.address)
    assert [interest.name for interest in ann.interests] == ["interest 1", LIKED]
    assert ann.interests[1].liked == ("arxiv:2401.00002",)
    assert store.readers.liked_keys() == {"arxiv:2401.00002"}
    profiles = wants_of(store, [ann])[0].profiles
    assert [profile.interest.name for profile in profiles] == ["interest 1", LIKED]
    assert len(profiles[1].examples) == 1
    assert paste_liked(store, ann, "2401.00002", NOW).awaited == 0


def test_pasting_is_bounded(store: Store) -> None:
    """What an interest cannot hold, and what is too long, is refused in words."""
    ann = _saved(store)
    with pytest.raises(UsageError, match="more than 2500 items"):
        paste_liked(store, ann, "\n".join(f"2401.{n:05}" for n in range(1, 2600)), NOW)
    with pytest.raises(UsageError, match="letters"):
        paste_liked(store, ann, "x" * 1_000_001, NOW)
    with pytest.raises(UsageError, match="takes 5,000"):
        paste_liked(store, ann, "\n".join(f"Owls and bats {n}" for n in range(5001)), NOW)
    with pytest.raises(UsageError, match="tomorrow"):
        for _ in range(20):
            paste_liked(store, ann, "nothing", NOW)
    assert service.get(store, ann.address).interests == ()


def test_pasted_signs_that_hide_are_no_trouble(store: Store) -> None:
    """NULs, escapes and marks that turn the direction of text are left out, on both databases."""
    ann = _saved(store)
    text = (
        "Owls\0 that\x1b hunt \u202eby ear\n@misc{a\0b, title={Bats\0 at night}, doi={10.5555/\0}}"
    )
    paste_liked(store, ann, text, NOW)
    entries = store.libraries.of([ann.row])[ann.row]
    titles = {one.paper.title for one in store.papers.by_numbers(e.paper for e in entries).values()}
    assert all(title.isprintable() for title in titles)
    assert titles


def test_a_row_is_free_for_another_interest() -> None:
    """Also where rows in between were emptied: its place is one that is read."""
    form = {f"text-{place}": f"word{place}" for place in (0, 2, 50)}
    _, rows = interests_of(form)
    assert [row.place for row in with_room(rows)] == [0, 2, 50, 1]


def test_the_configured_person_pastes_nothing(store: Store) -> None:
    """Its libraries are named in the configuration, as the error says."""
    me = replace(reader("me@example.org"), name="config", kind=ReaderKind.CONFIG)
    me = store.readers.save(me, NOW)
    with pytest.raises(UsageError, match="DIGEST_BIBTEX"):
        paste_liked(store, me, BIBTEX, NOW)


def test_votes_are_shown_newest_first_and_taken_back(store: Store) -> None:
    """The last ones with their titles; one taken back is gone, and only the reader's own."""
    store.papers.add(
        [seen(paper(f"Paper {n}", key=f"arxiv:2401.0000{n}")) for n in (1, 2)], "f", DAY
    )
    one, two = store.papers.numbers()
    ann = _saved(store)
    bea = store.readers.save(reader("bea@example.org"), NOW)
    for who, number, kind, minutes in (
        (ann, one, VoteKind.MORE, 0),
        (ann, one, VoteKind.SAVE, 2),
        (ann, two, VoteKind.LESS, 1),
        (bea, one, VoteKind.MUTE, 3),
    ):
        store.votes.cast(Vote(who.row, number, kind, None, NOW + timedelta(minutes=minutes)))
    said = [(one.title, one.vote.kind.value) for one in votes_said(store, ann)]
    assert said == [("Paper 1", "save"), ("Paper 2", "less"), ("Paper 1", "more")]
    assert len(votes_said(store, ann, 1)) == 1
    assert take_back(store, ann, one, VoteKind.SAVE)
    assert not take_back(store, ann, one, VoteKind.SAVE)
    assert not take_back(store, ann, one, VoteKind.MUTE)
    assert len(votes_said(store, bea)) == 1


def test_a_change_never_brings_back_who_left(store: Store) -> None:
    """Saving preferences while the reader unsubscribes, or is deleted, changes nothing."""
    ann = _saved(store, "owls")
    store.readers.unsubscribe(ann.handle, NOW)
    with pytest.raises(UsageError, match="left meanwhile"):
        service.change(store, replace(ann, limit=3), NOW)
    assert store.readers.by_handle(ann.handle) is None
    service.erase(store, ann)
    with pytest.raises(UsageError, match="left meanwhile"):
        service.change(store, replace(ann, limit=3), NOW)
    assert store.readers.count() == 0
    assert store.readers.find(ann.name) is None


def test_ending_a_pause_never_brings_back_who_left(store: Store) -> None:
    """Nor does pausing, where the reader unsubscribes or is deleted at the same time."""
    ann = _saved(store, "owls")
    ann = service.pause_reader(store, ann, date(2026, 4, 1), NOW)
    store.readers.unsubscribe(ann.handle, NOW)
    for _ in range(2):
        with pytest.raises(UsageError, match="left meanwhile"):
            service.end_pause(store, ann, NOW)
        with pytest.raises(UsageError, match="left meanwhile"):
            service.pause_reader(store, ann, date(2026, 5, 1), NOW)
        assert store.readers.by_handle(ann.handle) is None
        service.erase(store, ann)
    assert store.readers.find(ann.name) is None


def test_an_edited_configuration_does_not_call_back_who_leaves_just_now(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person uses its link after the run looked whether it had, and before it is saved."""
    settings = Settings(address="me@example.org", limit=5)
    me = service.keep_configured(store, settings, NOW)
    assert me is not None
    find = Readers.find

    def left_after(readers: Readers, name: str) -> Reader | None:
        found = find(readers, name)
        if found is not None:
            store.readers.unsubscribe(found.handle, NOW)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Readers, "find", left_after)
        assert service.keep_configured(store, replace(settings, limit=6), NOW) is None
    assert store.readers.find("config") is None
    assert store.readers.left("config") is not None


def test_interests_have_a_bound_together(store: Store) -> None:
    """One reader's text is read with each of its pages, and others wait meanwhile."""
    ann = _saved(store, "owls")
    words = [f"word{number}" for number in range(MOST_ITEMS)]
    most = [
        parse_interest("a", ", ".join(words[:1000])),
        parse_interest("b", ", ".join(words[1000:])),
    ]
    change_interests(store, ann, most, NOW)
    assert len(service.get(store, ann.address).interests) == 2
    with pytest.raises(UsageError, match=f"{MOST_ITEMS + 1:,} items together"):
        change_interests(store, ann, [*most, parse_interest("c", "owls")], NOW)
    long = [parse_interest(str(number), "owl " * 2500) for number in range(6)]
    with pytest.raises(UsageError, match="letters together"):
        change_interests(store, ann, long, NOW)
    assert len(service.get(store, ann.address).interests) == 2


def test_a_change_says_when_the_schedule_began_to_hold(store: Store) -> None:
    """A later hour counts from now on: no edition is made for what the old hour missed."""
    ann = _saved(store)
    assert ann in [due.reader for due in store.readers.due(NOW, None)]
    changed = replace(ann, schedule=replace(ann.schedule, minute=8 * 60), limit=3)
    service.change(store, changed, NOW)
    kept = service.get(store, ann.address)
    assert (kept.schedule.minute, kept.limit, kept.handle) == (480, 3, ann.handle)
    service.pause(store, ann.address, date(2026, 4, 1), NOW)
    assert service.get(store, ann.address).schedule.paused_until == date(2026, 4, 1)


def test_titles_of_a_library_are_the_last_ones(store: Store) -> None:
    """So many of each list, by the day of adding; others' lists are theirs."""
    ann, bob = (store.readers.save(reader(name), NOW).row for name in ("ann", "bob"))
    days = (DAY, None, DAY + timedelta(days=1))
    held = [(paper(f"Owl number {n}"), day) for n, day in enumerate(days)]
    store.libraries.replace(ann, "a.bib", held, "a.bib", DAY)
    store.libraries.replace(ann, "b.bib", held[1:2], "b.bib", DAY)
    store.libraries.replace(bob, "a.bib", [(paper("Bats"), DAY)], "a.bib", DAY)
    assert store.libraries.titles(ann, 2) == {
        "a.bib": ["Owl number 2", "Owl number 0"],
        "b.bib": ["Owl number 1"],
    }
