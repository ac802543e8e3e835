"""The owner is told what needs a person: once a day, by mail or in a file, and never in a loop."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from digest.alerts import Alarm, Facts, broken, file_for, notices_of, tell_of_store, write_notice
from digest.errors import StoreError
from digest.letters import LetterOffice, Sender
from digest.letters.alert import alert_mail
from digest.letters.render import Press, shipped_press
from digest.model import Count, Edition, Message, Mood, Standing, Told
from digest.store import Store, open_store
from digest.store.bounces import ENOUGH
from digest.store.channels import ChannelState
from digest.store.editions import MadeEdition
from digest.store.ledger import Entry, Wanted
from digest.store.overview import Silence
from digest.store.states import Claim, Kind, State, Step
from digest.store.visits import Visit
from tests.conftest import DAY, NOW
from tests.papers import reader

OWNER = "owner@example.org"
HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
OFFICE = LetterOffice(shipped_press(), Sender("digest@example.org", OWNER))


def alarm(store: Store, folder: Path | None, owner: str | None = OWNER) -> Alarm:
    """An alarm of a house that mails and asks two sources."""
    return Alarm(store, OFFICE, owner, "UTC", "smtp", ("arxiv", "huggingface"), folder)


def lose(store: Store, name: str, state: State = State.FAILED, now: datetime = NOW) -> None:
    """An edition's mail that comes to a bad end."""
    whose = store.readers.save(reader(f"{name}@example.org", "graph"), now)
    message = Message(f"<{name}@x>", "d@x", whose.address, "S", name, b"bytes")
    edition = Edition(whose, now.date(), (), Mood.MATCHED, 3)
    store.editions.save([MadeEdition(edition, message, now + A_DAY)], "smtp", now)
    held = take(store, message.message_id, now)
    store.deliveries.record([], now, doubt=held)
    store.deliveries.record([Step(held, state, "550 no such mailbox", 550)], now)


def take(store: Store, message_id: str, now: datetime) -> Claim:
    """The claim on one mail; others go back."""
    found = {claim.message.message_id: claim for claim in store.deliveries.claim("smtp", now, 99)}
    held = found.pop(message_id)
    back = [Step(one, State.QUEUED, "", not_before=now, spends=False) for one in found.values()]
    store.deliveries.record(back, now)
    return held


def alerts(store: Store) -> list[Entry]:
    """The mails to the owner."""
    return store.ledger.listing(Wanted(address=OWNER), 99)


def text_of(store: Store, now: datetime = NOW + A_DAY / 2) -> str:
    """The text of the last alert, taken from the queue."""
    held = take(store, alerts(store)[0].message_id, now)
    part = message_from_bytes(held.message.raw, policy=policy.default).get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def test_a_day_in_order_is_not_worth_a_word(store: Store, tmp_path: Path) -> None:
    """No mail, no file; a mail that was sent and one that waits are in order."""
    lose(store, "ann", State.SENT)
    told = alarm(store, tmp_path / "notes").tell(NOW)
    assert (told.queued, told.file, told.mail_broken) == (False, None, False)
    assert alerts(store) == []


def test_a_failed_day_is_told_once(store: Store, tmp_path: Path) -> None:
    """All of it in one mail that names numbers, reasons and commands; no second one that day."""
    for name, state in (("a", State.FAILED), ("b", State.UNCERTAIN), ("c", State.EXPIRED)):
        lose(store, name, state)
    served = alarm(store, tmp_path)
    assert served.tell(NOW).queued
    lose(store, "d")
    for hours in range(14):
        assert not served.tell(NOW + hours * HOUR).queued
    (entry,) = alerts(store)
    assert (entry.kind, entry.date, entry.state) == ("alert", DAY, State.QUEUED)
    assert entry.subject == "Digest: 1 mail may or may not have arrived (and 2 more)"
    text = text_of(store)
    assert "a@example.org, 2026-03-17: 550 no such mailbox" in text
    for command in ("deliveries --state uncertain", "deliveries NUMBER --resend", "--sent"):
        assert command in text
    assert list(tmp_path.glob("ALERT-*")) == []


def test_what_came_too_late_for_one_alert_is_in_the_next(store: Store, tmp_path: Path) -> None:
    """And what was told is not told again."""
    lose(store, "ann")
    served = alarm(store, tmp_path)
    served.tell(NOW)
    lose(store, "bob", now=NOW + HOUR)
    assert served.tell(NOW + A_DAY).queued
    (second, first) = alerts(store)
    assert first.message_id != second.message_id
    assert second.subject == "Digest: 1 mail refused for good"
    assert not served.tell(NOW + 2 * A_DAY).queued


def test_two_daemons_make_one_alert(store: Store, tmp_path: Path) -> None:
    """One Message-ID for the owner and the date, whatever each of them saw."""
    lose(store, "ann")
    last = NOW + HOUR
    for now, count in ((NOW, 1), (last, 2)):
        notices = notices_of(Facts(counts={State.FAILED: count}), now)
        mail, _ = alert_mail(OFFICE, OWNER, DAY, notices, now)
        new = store.deliveries.enqueue(mail, Kind.ALERT, DAY, "smtp", now, now + A_DAY)
        assert new == (count == 1)
    assert not alarm(store, tmp_path).tell(last).queued
    assert len(alerts(store)) == 1


@pytest.mark.parametrize(
    ("state", "again"), [(State.FAILED, True), (State.UNCERTAIN, False), (State.EXPIRED, True)]
)
def test_what_becomes_of_an_alert_is_no_reason_for_another(
    store: Store,
    tmp_path: Path,
    state: State,
    again: bool,  # noqa: FBT001
) -> None:
    """Nobody is told that telling failed; what was never read is told again, at once in a file."""
    lose(store, "ann")
    served = alarm(store, tmp_path)
    served.tell(NOW)
    (held,) = store.deliveries.claim("smtp", NOW)
    store.deliveries.record([], NOW, doubt=held)
    store.deliveries.record([Step(held, state, "550 not you", 550)], NOW)
    assert (served.tell(NOW + HOUR).file is not None) is again
    assert served.tell(NOW + A_DAY).queued is again
    (waits,) = store.deliveries.claim("smtp", NOW + A_DAY) if again else (None,)
    if waits:
        store.deliveries.record([Step(waits, State.SENT, "250", 250)], NOW + A_DAY)
    assert not served.tell(NOW + 2 * A_DAY).queued
    assert len(alerts(store)) == 1 + again


def test_fault_24_a_login_that_is_refused_goes_into_a_file(store: Store, tmp_path: Path) -> None:
    """Mail is what broke: at once, one file a day, and one mail that waits for better days."""
    store.channels.trip("smtp", "535 wrong password", NOW, lasting=True)
    served = alarm(store, tmp_path)
    told = served.tell(NOW)
    assert told.mail_broken
    assert told.queued
    assert told.file == tmp_path / "ALERT-2026-03-17.txt"
    text = " ".join(told.file.read_text().split())
    assert "535 wrong password" in text
    assert "'digest doctor'" in text
    told.file.write_text("read by its owner")
    again = served.tell(NOW + HOUR)
    assert (again.queued, again.file, again.mail_broken) == (False, None, True)
    assert file_for(tmp_path, DAY).read_text() == "read by its owner"
    assert served.tell(NOW + A_DAY).file == tmp_path / "ALERT-2026-03-18.txt"
    store.channels.restore("smtp")
    assert not served.tell(NOW + 2 * A_DAY).mail_broken


def test_mail_that_breaks_after_the_days_alert_is_told_in_the_file(
    store: Store, tmp_path: Path
) -> None:
    """The mail of the day is used up; the file is not."""
    lose(store, "ann")
    served = alarm(store, tmp_path)
    assert served.tell(NOW).file is None
    store.channels.trip("smtp", "certificate expired", NOW + HOUR, lasting=True)
    told = served.tell(NOW + HOUR)
    assert (told.queued, told.file) == (False, tmp_path / "ALERT-2026-03-17.txt")


def test_an_outage_is_told_when_it_lasts_for_an_hour(store: Store, tmp_path: Path) -> None:
    """A short one mends itself, and needs nobody."""
    store.channels.trip("smtp", "421 busy", NOW)
    served = alarm(store, tmp_path)
    assert not served.tell(NOW + HOUR).mail_broken
    assert served.tell(NOW + HOUR + timedelta(minutes=1)).mail_broken
    assert not broken(ChannelState("smtp"), NOW)


def test_without_an_owner_there_is_only_the_file(store: Store, tmp_path: Path) -> None:
    """Once a day, and each trouble once; nothing is queued."""
    lose(store, "ann")
    served = alarm(store, tmp_path, owner=None)
    told = served.tell(NOW)
    assert (told.queued, told.file) == (False, tmp_path / "ALERT-2026-03-17.txt")
    assert served.tell(NOW + HOUR).file is None
    assert served.tell(NOW + A_DAY - HOUR).file is None
    lose(store, "bob", now=NOW + A_DAY)
    later = served.tell(NOW + A_DAY + HOUR).file
    assert later is not None
    assert "ann@example.org" not in later.read_text()
    assert store.deliveries.counts() == {"failed": 2}
    assert store.troubles.open() == []


def visit(store: Store, source: str, on: date, *, complete: bool) -> None:
    """A visit at half past nine of a date."""
    at = NOW + (on - DAY)
    problem = None if complete else "answered 503"
    store.visits.save(Visit(source, on, at, complete, 0, problem=problem))


def test_a_source_that_is_down_for_two_days_is_told(store: Store, tmp_path: Path) -> None:
    """After two days without a complete visit, again each day; not when it is back."""
    visit(store, "arxiv", DAY, complete=True)
    visit(store, "huggingface", DAY, complete=True)
    served = alarm(store, tmp_path)
    for ahead in (1, 2, 3):
        visit(store, "arxiv", DAY + ahead * A_DAY, complete=False)
        visit(store, "huggingface", DAY + ahead * A_DAY, complete=True)
        assert served.tell(NOW + ahead * A_DAY).queued == (ahead >= 2)
    text = text_of(store, NOW + 3 * A_DAY)
    assert "arXiv could not be read since Tuesday, 17 March 2026" in text
    assert "answered 503" in text
    assert "Hugging Face" not in text
    visit(store, "arxiv", DAY + 4 * A_DAY, complete=True)
    assert not served.tell(NOW + 4 * A_DAY).queued


def test_a_digest_that_was_off_knows_nothing_of_a_source(store: Store, tmp_path: Path) -> None:
    """The first failed visit after a week's rest is no two days' outage."""
    visit(store, "arxiv", DAY - 7 * A_DAY, complete=True)
    visit(store, "arxiv", DAY, complete=False)
    assert not alarm(store, tmp_path).tell(NOW).queued
    silence = Silence("arxiv", NOW - 7 * A_DAY, 2, "x")
    assert notices_of(Facts(silences=[silence]), NOW)
    assert not notices_of(Facts(silences=[replace(silence, since=NOW - A_DAY)]), NOW)


def test_mailboxes_that_refuse_are_told_when_they_are_given_up(
    store: Store, tmp_path: Path
) -> None:
    """With the command that takes it back."""
    whose = store.readers.save(reader("ann@example.org", "graph"), NOW)
    for ahead in range(ENOUGH):
        now = NOW + ahead * A_DAY
        message = Message(f"<{ahead}@x>", "d@x", whose.address, "S", "l", b"bytes")
        edition = Edition(whose, now.date(), (), Mood.MATCHED, 3)
        store.editions.save([MadeEdition(edition, message, now + A_DAY)], "smtp", now)
        (held,) = store.deliveries.claim("smtp", now)
        step = Step(held, State.FAILED, "550 5.1.1 gone", 550, bounced=now.date())
        store.deliveries.record([step], now)
    facts = alarm(store, tmp_path).facts([], now - HOUR, now)
    assert [one.address for one in facts.suppressed] == ["ann@example.org"]
    said = notices_of(facts, now)[-1]
    assert said.what.startswith("Mailboxes refused on too many days")
    assert "digest readers resume ADDRESS" in said.mends[0]
    assert alarm(store, tmp_path).facts([], now + HOUR, now).suppressed == []


@pytest.mark.parametrize(
    ("topic", "said", "mend"),
    [
        ("edit", "Editions could not be made", "log"),
        ("template", "A template is broken", "digest templates check"),
        ("clock", "The clock of this machine is behind", "--clock-is-right"),
        ("run", "an error in this program", "log"),
        ("something", "Trouble: something", "digest doctor"),
    ],
)
def test_troubles_are_told_in_words(
    store: Store, tmp_path: Path, topic: str, said: str, mend: str
) -> None:
    """Each with what mends it; while it goes on, and once when it is over."""
    store.troubles.note(topic, "line 7", NOW)
    served = alarm(store, tmp_path)
    assert served.tell(NOW + HOUR).queued
    text = text_of(store)
    assert said in text
    assert mend in text
    assert "line 7" in text
    assert served.tell(NOW + A_DAY).queued  # it goes on
    store.troubles.end(topic, NOW + A_DAY)
    assert not served.tell(NOW + 2 * A_DAY).queued


def test_where_mails_are_halted_the_file_is_written_too(store: Store, tmp_path: Path) -> None:
    """A clock that is behind stops all mail, also this one."""
    store.troubles.note("clock", "it shows 1970", NOW - 3 * A_DAY)
    told = alarm(store, tmp_path).tell(NOW, halted=True)
    assert told.queued
    assert told.file is not None
    assert not told.mail_broken


def test_a_broken_template_does_not_silence_the_alarm(store: Store, tmp_path: Path) -> None:
    """The text is written without one, into the file."""
    lose(store, "ann")
    (tmp_path / "alert.txt.j2").write_text("{{ nothing }}")
    nowhere = LetterOffice(Press(tmp_path), OFFICE.sender)
    served = replace(alarm(store, tmp_path), office=nowhere)
    told = served.tell(NOW)
    assert not told.queued
    assert told.file is not None
    assert "1 mail refused for good" in told.file.read_text()
    assert served.tell(NOW + HOUR).file is None


def test_a_database_that_cannot_be_used_is_written_down(tmp_path: Path) -> None:
    """Whole or not at all, once a day; where nothing can be written nothing breaks."""
    error = StoreError("the database t.db cannot be used: full; make room")
    file = tell_of_store(tmp_path / "new", DAY, error)
    assert file is not None
    assert "make room" in file.read_text()
    assert tell_of_store(tmp_path / "new", DAY, error) is None
    (tmp_path / "plain").write_text("a file")
    assert write_notice(tmp_path / "plain", DAY, "x") is None
    assert write_notice(None, DAY, "x") is None
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ALERT-2026-03-17.txt"]


def test_hostile_answers_stay_text(store: Store, tmp_path: Path) -> None:
    """What a server said is shown on one line, escaped in HTML, and is no header."""
    whose = store.readers.save(reader("ann@example.org", "graph"), NOW)
    message = Message("<h@x>", "d@x", whose.address, "S", "l", b"bytes")
    edition = Edition(whose, DAY, (), Mood.MATCHED, 3)
    store.editions.save([MadeEdition(edition, message, NOW + A_DAY)], "smtp", NOW)
    (held,) = store.deliveries.claim("smtp", NOW)
    said = "550 <script>alert(1)</script>\r\nBcc: all@example.org \x1b[31m"
    store.deliveries.record([Step(held, State.FAILED, said)], NOW)
    assert alarm(store, tmp_path).tell(NOW).queued
    (held,) = store.deliveries.claim("smtp", NOW)
    mail = message_from_bytes(held.message.raw, policy=policy.default)
    html = mail.get_body(("html",))
    assert mail["Bcc"] is None
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "\x1b" not in held.message.raw.decode()


events = st.lists(
    st.tuples(
        st.integers(1, 400),
        st.sampled_from(["lose", "tell", "tell", "tell", "trip", "restore"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15)
@given(events)
def test_never_two_mails_or_files_a_day_and_nothing_is_left_untold(
    tmp_path_factory: pytest.TempPathFactory, happenings: Sequence[tuple[int, str]]
) -> None:
    """Whatever happens when: at most one of each a date, and every loss is in one of them."""
    folder = tmp_path_factory.mktemp("alerts")
    store = open_store("sqlite://")
    served, now, lost = alarm(store, folder), NOW, 0
    for minutes, what in happenings:
        now += timedelta(minutes=minutes)
        if what == "lose":
            lost += 1
            store.channels.restore("smtp")
            lose(store, f"r{lost}x", now=now)
        elif what == "trip":
            store.channels.trip("smtp", "refused", now, lasting=True)
        elif what == "restore":
            store.channels.restore("smtp")
        else:
            served.tell(now)
            # The alert leaves at once, so that the next mail to be claimed is a reader's.
            store.channels.restore("smtp")
            for held in store.deliveries.claim("smtp", now, 9):
                store.deliveries.record([Step(held, State.SENT, "250")], now)
    served.tell(now + A_DAY)
    entries = alerts(store)
    assert len({entry.date for entry in entries}) == len(entries)
    assert all(entry.kind == Kind.ALERT.value for entry in entries)
    told = "".join(file.read_text() for file in folder.glob("ALERT-*"))
    told += "".join(said_in(store, entry.id) for entry in entries)
    for number in range(1, lost + 1):
        assert f"r{number}x@example.org" in told or "… and" in told
    store.close()


def said_in(store: Store, number: int) -> str:
    """The text of a mail, looked up as no part of the program does."""
    with store.engine.connect() as connection:
        query = sql("SELECT body FROM bodies WHERE delivery_id = :number")
        raw: bytes = connection.execute(query, {"number": number}).scalar_one()
    part = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def keep(store: Store, day: date, *counts: Count) -> None:
    """Counts of arXiv, kept as a visit does."""
    dated = tuple(replace(count, date=day) for count in counts)
    visit(store, "arxiv", day, complete=True)
    store.papers.add((), "arxiv", day, Told(datetime.combine(day, time(6), UTC), dated))


STALE = Count("cs.AI", DAY, Standing.STALE, said="the feed still shows Monday's list")
WHOLE = Count("cs.CL", DAY, Standing.COMPLETE, 5, 5)


def test_a_date_of_which_papers_are_missing_is_told_when_it_is_over(
    store: Store, tmp_path: Path
) -> None:
    """With the date in words and the category, once a day; no more when it was caught up with."""
    keep(store, DAY, STALE, WHOLE)
    served = alarm(store, tmp_path)
    assert not served.tell(NOW).queued
    assert not served.tell(NOW + A_DAY).queued  # half past nine: somewhere it is still the 17th
    after = NOW + A_DAY + 3 * HOUR
    assert served.tell(after).queued
    assert not served.tell(after + HOUR).queued
    text = text_of(store, after)
    assert (
        "arXiv was not read to its end for 1 date, the first of them Tuesday, 17 March 2026" in text
    )
    assert "cs.AI: the feed still shows Monday's list" in text
    assert "'digest papers --coverage'" in text
    assert "cs.CL" not in text
    keep(store, DAY, replace(STALE, standing=Standing.COMPLETE, announced=3, read=3, said=None))
    assert not served.tell(after + A_DAY).queued


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (replace(STALE, standing=Standing.BROKEN, said="answered 503"), True),
        (replace(STALE, standing=Standing.PARTIAL, announced=9, read=5), True),
        (replace(STALE, standing=Standing.PARTIAL, announced=None), False),
        (replace(STALE, standing=Standing.QUIET), False),
    ],
)
def test_only_what_is_missing_is_told(
    store: Store,
    tmp_path: Path,
    count: Count,
    told: bool,  # noqa: FBT001
) -> None:
    """An empty list that is not believed yet is no alarm, a quiet day none either."""
    keep(store, DAY, count)
    assert alarm(store, tmp_path).tell(NOW + 2 * A_DAY).queued is told


def test_what_was_asked_for_lately_for_the_first_time_is_not_told_yet(
    store: Store, tmp_path: Path
) -> None:
    """On the first day, and after a week off: nobody knows how long the source has been so."""
    later = NOW + 5 * A_DAY
    visit(store, "arxiv", DAY - A_DAY, complete=True)
    keep(store, DAY, STALE)
    store.visits.save(Visit("arxiv", DAY, later - HOUR, complete=False, read=0, problem="x"))
    served = alarm(store, tmp_path)
    assert not served.facts([], NOW, later).gaps
    assert served.facts([], NOW, later + 12 * HOUR).gaps


def test_a_lost_date_is_not_told_for_ever(store: Store, tmp_path: Path) -> None:
    """After a week the owner knows; other people's sources are nobody's business here."""
    keep(store, DAY, STALE)
    served = alarm(store, tmp_path)
    assert served.facts([], NOW, NOW + 8 * A_DAY).gaps
    assert not served.facts([], NOW, NOW + 10 * A_DAY).gaps
    assert not replace(served, sources=("huggingface",)).facts([], NOW, NOW + 3 * A_DAY).gaps


def test_a_source_that_is_silent_and_lacks_dates_is_told_once(store: Store, tmp_path: Path) -> None:
    """One notice, with what the service said last and the dates."""
    visit(store, "arxiv", DAY, complete=True)
    for ahead in range(1, 9):
        day = DAY + ahead * A_DAY
        keep(store, day, replace(STALE, standing=Standing.BROKEN, said="answered 503"))
        visit(store, "arxiv", day, complete=False)
    now = NOW + 9 * A_DAY
    (notice,) = notices_of(alarm(store, tmp_path).facts([], now - A_DAY, now), now)
    assert notice.what == "arXiv could not be read since Tuesday, 17 March 2026"
    assert notice.details[0] == "last: answered 503"
    assert notice.details[-1] == "… and 2 dates before"
    assert len(notice.details) == 7
