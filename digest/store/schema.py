"""The tables. Nothing here is SQLite's or PostgreSQL's alone.

Times are stored in UTC without a zone and come back aware. Lists are JSON text.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    true,
)
from sqlalchemy import Column as Col

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC; SQLite would lose the zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC, zone taken off."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """UTC put back."""
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(naming_convention=NAMING)

papers = Table(
    "papers",
    metadata,
    Col("id", Integer, primary_key=True),
    Col("key", String(300), nullable=False, unique=True),
    Col("title", Text, nullable=False),
    Col("abstract", Text, nullable=False),
    Col("authors", Text, nullable=False),
    Col("categories", Text, nullable=False),
    Col("version", Integer, nullable=False),
    Col("url", Text),
    Col("pdf", Text),
    Col("code", Text),
    Col("project", Text),
    Col("announced", Date),  # the earliest date on which any source announced it as fresh
    # Counts up over the whole store with every new paper and every change of a title or abstract.
    Col("change", Integer, nullable=False, server_default="0"),
    Index("ix_papers_change", "change", unique=True),
    Index("ix_papers_announced", "announced"),
)

paper_keys = Table(
    "paper_keys",
    metadata,
    Col("key", String(300), primary_key=True),
    Col("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), nullable=False, index=True),
)

# What titles have in common that are nearly the same: a way to find them, no identity.
title_marks = Table(
    "title_marks",
    metadata,
    Col("mark", Integer, primary_key=True, autoincrement=False),
    Col("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

announcements = Table(
    "announcements",
    metadata,
    Col("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Col("source", String(60), primary_key=True),
    Col("date", Date, primary_key=True),
    Col("kind", String(20), nullable=False),
    Index("ix_announcements_date", "date", "kind"),
)

signals = Table(
    "signals",
    metadata,
    Col("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Col("source", String(60), primary_key=True),
    Col("name", String(20), primary_key=True),
    Col("observed", UtcTime, primary_key=True),
    Col("value", Integer, nullable=False),
)

# What rose on a date: found once for all readers, and shown again wherever the date is.
topics = Table(
    "topics",
    metadata,
    Col("date", Date, primary_key=True),
    Col("position", Integer, primary_key=True),
    Col("words", String(200), nullable=False),
    Col("seen", Integer, nullable=False),  # papers lately that speak of it
    Col("expected", Float, nullable=False),  # how many the weeks before let one expect
    Col("papers", Text, nullable=False),  # the keys of those that carry it most
)

readers = Table(
    "readers",
    metadata,
    Col("id", Integer, primary_key=True),
    Col("name", String(320), nullable=False, unique=True),
    Col("address", String(320), nullable=False),
    Col("kind", String(20), nullable=False),
    Col("minute", Integer, nullable=False),
    Col("zone", String(64), nullable=False),
    Col("weekdays", Integer, nullable=False),  # bit 0 is Monday
    Col("picks", Integer, nullable=False),  # at most so many papers an edition
    Col("active", Boolean, nullable=False),
    Col("created", UtcTime, nullable=False),
    Col("paused_until", Date),  # the first local date that has an edition again
    Col("rescheduled", UtcTime),  # when hour, zone, days or pause were changed last; None: never
    Col("bounces", Integer, nullable=False, server_default="0"),  # points, see store/bounces.py
    Col("bounced", Date),  # when the last point was given
    Col("suppressed", UtcTime),  # since when nothing is sent, because the mailbox refuses
    Col("handle", String(12)),  # what links name the reader by; never given again
    Col("unsubscribed", UtcTime),  # since when it wants no mail; it may come back
    Col("dial", Integer, nullable=False, server_default="20"),  # percent; see model.Manner
    Col("quiet", String(10), nullable=False, server_default="trending"),
    Col("abstracts", Boolean, nullable=False, server_default=true()),
    Index("ix_readers_due", "active", "zone", "minute"),
    Index("ix_readers_handle", "handle", unique=True),
)

interests = Table(
    "interests",
    metadata,
    Col("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    Col("position", Integer, primary_key=True),
    Col("name", String(200), nullable=False),
    Col("text", Text, nullable=False),  # in the grammar of digest.grammar.interests
)

editions = Table(
    "editions",
    metadata,
    Col("id", Integer, primary_key=True),
    Col("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), nullable=False),
    Col("date", Date, nullable=False),
    Col("kind", String(20), nullable=False),
    Col("mood", String(20), nullable=False),
    Col("subject", Text, nullable=False),
    Col("considered", Integer, nullable=False),
    Col("made", UtcTime, nullable=False),
    Col("zone", String(64)),  # the reader's when it was made; None: before zones were kept
    UniqueConstraint("reader_id", "date", "kind"),
)

picks = Table(
    "picks",
    metadata,
    Col("edition_id", ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Col("paper_id", ForeignKey("papers.id"), primary_key=True, index=True),
    Col("position", Integer, nullable=False),
    Col("score", Float, nullable=False),
    Col("interest", String(200)),
    Col("reasons", Text, nullable=False),
    Col("explores", Boolean),  # outside of the interests; None: before this was kept
    Col("sentence", Text),  # JSON: the one that says most to the reader, and its terms
)

deliveries = Table(
    "deliveries",
    metadata,
    Col("id", Integer, primary_key=True),
    Col("edition_id", ForeignKey("editions.id", ondelete="CASCADE"), unique=True),
    Col("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), index=True),
    Col("kind", String(20), nullable=False),
    Col("date", Date, nullable=False),
    Col("channel", String(20), nullable=False),
    Col("message_id", String(300), nullable=False, unique=True),
    Col("sender", String(320), nullable=False),
    Col("recipient", String(320), nullable=False),
    Col("subject", Text, nullable=False),
    Col("label", String(200), nullable=False),
    Col("body_hash", String(64), nullable=False),
    Col("state", String(20), nullable=False),
    Col("attempts", Integer, nullable=False),
    Col("queued", UtcTime, nullable=False),
    Col("not_before", UtcTime, nullable=False),
    Col("deadline", UtcTime, nullable=False),
    Col("token", String(32)),
    Col("lease_until", UtcTime),
    Col("code", Integer),  # the last reply's
    Col("answer", Text),
    Col("settled", UtcTime),
    Index("ix_deliveries_queue", "channel", "state", "not_before"),
    Index("ix_deliveries_date", "date", "state"),
)

# Apart from the states, which change with each step: a row is written whole.
bodies = Table(
    "bodies",
    metadata,
    Col("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Col("body", LargeBinary, nullable=False),
)

channels = Table(  # the breaker of each channel that has been in trouble
    "channels",
    metadata,
    Col("name", String(20), primary_key=True),
    Col("failures", Integer, nullable=False),  # in a row; 0: in order
    Col("since", UtcTime),
    Col("last", UtcTime),
    Col("retry_at", UtcTime),
    Col("problem", Text),
    Col("lasting", Boolean, nullable=False),  # waiting will not mend it
)

troubles = Table(  # what a person should know of, one row a topic
    "troubles",
    metadata,
    Col("topic", String(200), primary_key=True),
    Col("text", Text, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("last", UtcTime, nullable=False),
    Col("ended", UtcTime),
)

house = Table(  # one row: what tells this installation from all others
    "house",
    metadata,
    Col("id", Integer, primary_key=True),
    Col("identity", String(32), nullable=False),
    Col("seen", UtcTime),  # the latest time that a run has seen
    Col("last_reader", Integer),  # SQLite's highest number of a reader, who may have left
)

# A reader has up to two votes on a paper: an opinion (more, less or mute: the last one counts) and
# a place on the reading list (save), which comes and goes by itself. `saved` tells the two apart.
# One table, because both are read together, ordered by time, and move together when papers merge.
votes = Table(
    "votes",
    metadata,
    Col("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    Col("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True, index=True),
    Col("saved", Boolean, primary_key=True),
    Col("kind", String(20), nullable=False),
    Col("interest", String(200)),
    Col("at", UtcTime, nullable=False),
)

library = Table(
    "library",
    metadata,
    Col("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    Col("origin", String(200), primary_key=True),
    Col("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True, index=True),
    Col("added", Date),
)

library_visits = Table(
    "library_visits",
    metadata,
    Col("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    Col("origin", String(200), primary_key=True),
    Col("version", Integer),  # as the service counts
    Col("asked", UtcTime),
    Col("retry_at", UtcTime),
    Col("waiting", Text),  # keys of entries that count once their papers are known
)

# Keys that links are signed with; only the newest signs.
link_keys = Table(
    "link_keys",
    metadata,
    Col("id", Integer, primary_key=True),
    Col("secret", String(64), nullable=False),
    Col("made", UtcTime, nullable=False),
    Col("retired", UtcTime),  # since when it is good for leaving only
)

# Who asked to subscribe: up to two rows a mailbox, one whose mail was made and one that waits for
# its mail. Both go after a week; see store/signups.py.
signups = Table(
    "signups",
    metadata,
    Col("mailbox", String(64), primary_key=True),  # as in knocks
    Col("waits", Boolean, primary_key=True),
    Col("address", String(320), nullable=False),
    Col("name", String(320), nullable=False),  # what a reader of this address is called
    Col("wishes", Text, nullable=False),  # JSON
    Col("nonce", String(24), nullable=False, unique=True),
    Col("at", UtcTime, nullable=False),  # when it was asked; then when its mail was made
    Col("delivery_id", ForeignKey("deliveries.id", ondelete="SET NULL"), index=True),
    Col("confirmed", UtcTime),
    Index("ix_signups_waits", "waits", "at"),
)

# A new address that a reader asked for; both mailboxes have to say yes.
moves = Table(
    "moves",
    metadata,
    Col("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    Col("address", String(320), nullable=False),
    Col("nonce", String(24), nullable=False, unique=True),
    Col("asked", UtcTime, nullable=False),
    Col("waits", Boolean, nullable=False),  # for its mails
    Col("old_agrees", Boolean, nullable=False),
    Col("new_agrees", Boolean, nullable=False),
)

# How many mails went to a mailbox because somebody typed its address; `since` is the first of the
# month that they are counted in.
knocks = Table(
    "knocks",
    metadata,
    Col("mailbox", String(64), primary_key=True),  # a hash of the address
    Col("mails", Integer, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("last", UtcTime, nullable=False),
    Index("ix_knocks_last", "last"),
)

limits = Table(  # how often something was done lately by one visitor, and until when that counts
    "limits",
    metadata,
    Col("bucket", String(64), primary_key=True),
    Col("until", UtcTime, nullable=False),
    Col("count", Integer, nullable=False),
    Index("ix_limits_until", "until"),
)

profiles = Table(
    "profiles",
    metadata,
    Col("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    Col("position", Integer, primary_key=True),
    Col("digest", String(64), nullable=False),
    Col("fitted", String(32), nullable=False),
    Col("vector", LargeBinary, nullable=False),
)

# What a neural encoder made of a paper's text, as it was at that change; float16.
vectors = Table(
    "vectors",
    metadata,
    Col("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Col("encoder", String(60), primary_key=True),
    Col("change", Integer, nullable=False),
    Col("vector", LargeBinary, nullable=False),
)

# What all papers have in common for an encoder, learnt of so many.
backgrounds = Table(
    "backgrounds",
    metadata,
    Col("encoder", String(60), primary_key=True),
    Col("papers", Integer, nullable=False),
    Col("content", LargeBinary, nullable=False),
)
