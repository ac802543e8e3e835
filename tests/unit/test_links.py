"""Signed links: what they say comes back, nothing else is believed, keys grow old."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import LinkError
from digest.links import MOST_BASE, MOST_URL, Key, Links, Purpose, Token, _signer
from digest.store import Store
from digest.store.keys import SIGNS_FOR

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
DAY = NOW.date()
OLD = Key("a" * 64, NOW - timedelta(days=200))
NEW = Key("b" * 64, NOW - timedelta(days=10))
DATED = (Purpose.CONFIRM, Purpose.MOVE, Purpose.INVITE, Purpose.PREFERENCES, Purpose.VOTE)


def links(*keys: Key, base: str = "https://digest.example.org") -> Links:
    """Links of a house that has these keys, the newest last."""
    return Links(base, lambda: keys)


def written(url: str) -> str:
    """A link without base and purpose."""
    return url.rpartition("/")[2]


@given(
    purpose=st.sampled_from(Purpose),
    name=st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-_", min_size=1, max_size=24),
    ago=st.integers(0, 7),
    rest=st.lists(st.text("abc123", min_size=1, max_size=4), max_size=3),
)
def test_what_a_link_says_comes_back(
    purpose: Purpose, name: str, ago: int, rest: list[str]
) -> None:
    """Purpose, name, date and the rest are read as they were written."""
    token = Token(purpose, name, DAY - timedelta(days=ago), tuple(rest))
    house = links(NEW)
    assert house.read(purpose, written(house.url(token)), NOW) == token


@given(name=st.text("abcXYZ0189-_", min_size=1, max_size=24), purpose=st.sampled_from(Purpose))
def test_links_are_signed_as_the_library_signs(name: str, purpose: Purpose) -> None:
    """The short way to a signature gives what itsdangerous gives, letter by letter."""
    token = Token(purpose, name, DAY, ("3m",))
    said, _, _ = links(NEW).sign(token).rpartition(".")
    assert links(NEW).sign(token) == _signer(NEW.secret, purpose).sign(said).decode()
    assert links(NEW).stem(purpose, name, DAY).url("3m") == links(NEW).url(token)


def test_a_date_before_others_are_counted_and_far_ahead_comes_back() -> None:
    """Editions made by hand may be of any date that the grammar knows."""
    house = links(NEW)
    for day in (date(1990, 1, 1), date(2169, 6, 5), date(2200, 1, 1)):
        token = Token(Purpose.EDITION, "h4nDl3xY", day)
        assert house.read(Purpose.EDITION, house.sign(token), NOW) == token


@pytest.mark.parametrize("other", list(Purpose))
def test_fault_44_a_link_is_good_for_its_own_purpose_only(other: Purpose) -> None:
    """The purpose is part of what is signed."""
    house = links(NEW)
    token = house.sign(Token(Purpose.ARCHIVE, "h4nDl3xY"))
    if other is Purpose.ARCHIVE:
        assert house.read(other, token, NOW).name == "h4nDl3xY"
        return
    with pytest.raises(LinkError, match="not whole"):
        house.read(other, token, NOW)


def test_fault_44_no_letter_of_a_link_can_be_changed() -> None:
    """Another reader, another date, another pick, another signature: none is believed."""
    house = links(NEW)
    token = house.sign(Token(Purpose.VOTE, "h4nDl3xY", DAY, ("3m",)))
    for place, letter in enumerate(token):
        forged = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        with pytest.raises(LinkError):
            house.read(Purpose.VOTE, forged, NOW)


@pytest.mark.parametrize("garbled", ["", ".", "....", "é", "a" * 5000, "h4nDl3xY", "%00", "a.b.c"])
def test_what_was_never_a_link_is_refused_in_words(garbled: str) -> None:
    """Whatever stands in an address: a LinkError, nothing else."""
    with pytest.raises(LinkError, match="copy all of it"):
        links(NEW).read(Purpose.UNSUBSCRIBE, garbled, NOW)


@pytest.mark.parametrize("purpose", DATED)
def test_fault_44_a_link_with_a_date_runs_out(purpose: Purpose) -> None:
    """It holds for its days, and not for one more."""
    house = links(OLD, NEW)
    life = {"c": 7, "m": 7, "i": 30, "p": 60, "v": 400}[purpose.value]
    last = house.sign(Token(purpose, "h4nDl3xY", DAY - timedelta(days=life)))
    assert house.read(purpose, last, NOW).name == "h4nDl3xY"
    late = house.sign(Token(purpose, "h4nDl3xY", DAY - timedelta(days=life + 1)))
    with pytest.raises(LinkError, match="has run out"):
        house.read(purpose, late, NOW)


def test_the_newest_key_signs_and_older_ones_are_still_read() -> None:
    """Letters of yesterday work after the keys rotated."""
    before = links(OLD).sign(Token(Purpose.VOTE, "h4nDl3xY", DAY, ("1s",)))
    house = links(OLD, NEW)
    assert house.read(Purpose.VOTE, before, NOW).rest == ("1s",)
    after = house.sign(Token(Purpose.VOTE, "h4nDl3xY", DAY, ("1s",)))
    assert after != before
    assert links(NEW).read(Purpose.VOTE, after, NOW).rest == ("1s",)


def test_fault_44_an_old_key_is_good_for_leaving_only() -> None:
    """Years later a mail still lets its reader go, and nothing else."""
    ancient = Key("c" * 64, NOW - timedelta(days=3000))
    house = links(ancient, NEW)
    leave = links(ancient).sign(Token(Purpose.UNSUBSCRIBE, "h4nDl3xY"))
    token = house.read(Purpose.UNSUBSCRIBE, leave, NOW)
    assert (token.name, token.living) == ("h4nDl3xY", False)
    prefer = links(ancient).sign(Token(Purpose.PREFERENCES, "h4nDl3xY", DAY))
    with pytest.raises(LinkError):
        house.read(Purpose.PREFERENCES, prefer, NOW)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_fault_44_a_retired_key_is_good_for_leaving_only(purpose: Purpose) -> None:
    """After a leak all links are dead, except those that let a reader go."""
    retired = Key(OLD.secret, OLD.made, NOW - timedelta(hours=1))
    token = links(OLD).sign(Token(purpose, "h4nDl3xY", DAY))
    house = links(retired, NEW)
    if purpose is Purpose.UNSUBSCRIBE:
        assert house.read(purpose, token, NOW).name == "h4nDl3xY"
        assert not house.read(purpose, token, NOW).living
        assert house.read(purpose, house.sign(Token(purpose, "h4nDl3xY")), NOW).living
    else:
        with pytest.raises(LinkError, match="made anew since this one was"):
            house.read(purpose, token, NOW)
        for garbled in (token[:-1], token[:-1] + "!", "x" + token, "x"):
            with pytest.raises(LinkError, match="not whole"):
                house.read(purpose, garbled, NOW)


def test_a_key_that_another_process_made_is_found() -> None:
    """Links are asked for the keys anew before they refuse one."""
    keys = [OLD]
    house = Links("https://digest.example.org", lambda: tuple(keys))
    house.refresh()
    keys.append(NEW)
    token = links(OLD, NEW).sign(Token(Purpose.ARCHIVE, "h4nDl3xY"))
    assert house.read(Purpose.ARCHIVE, token, NOW).name == "h4nDl3xY"


def test_links_of_a_mails_head_stand_on_one_line() -> None:
    """The longest base that may be set leaves room for the longest link of a letter."""
    base = "https://" + "d" * (MOST_BASE - len("https://"))
    house = links(NEW, base=base)
    for purpose, rest in ((Purpose.VOTE, ("100m",)), (Purpose.UNSUBSCRIBE, ())):
        day = date(2169, 1, 1) if rest else None
        assert len(house.url(Token(purpose, "h4nDl3xY", day, rest))) <= MOST_URL


def test_no_key_shows_in_what_is_printed() -> None:
    """Neither a key nor a house's links tell the secret in a log."""
    house = links(NEW)
    house.refresh()
    assert NEW.secret not in repr(NEW)
    assert NEW.secret not in repr(house)


def test_a_database_has_a_key_from_the_start_and_renews_it(store: Store) -> None:
    """The first key is made with the database, the next after ninety days, once."""
    first = store.keys.all()
    assert len(first) == 1
    store.keys.renew(first[0].made + SIGNS_FOR - timedelta(minutes=1))
    assert store.keys.all() == first
    later = first[0].made + SIGNS_FOR
    store.keys.renew(later)
    store.keys.renew(later)
    every = store.keys.all()
    assert len(every) == 2
    assert every[0] == first[0]
    assert every[1].made == later


def test_replacing_keys_retires_all_of_before(store: Store) -> None:
    """The new one signs; the others are good for leaving only."""
    store.keys.replace(NOW)
    *before, newest = store.keys.all()
    assert all(key.retired == NOW for key in before)
    assert newest.retired is None
    assert newest.secret not in {key.secret for key in before}
