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
)
from sqlalchemy import Column as C

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
    C("id", Integer, primary_key=True),
    C("key", String(300), nullable=False, unique=True),
    C("title", Text, nullable=False),
    C("abstract", Text, nullable=False),
    C("authors", Text, nullable=False),
    C("categories", Text, nullable=False),
    C("version", Integer, nullable=False),
    C("url", Text),
    C("pdf", Text),
    C("code", Text),
    C("project", Text),
    C("announced", Date),  # the earliest date on which any source announced it as fresh
)

paper_keys = Table(
    "paper_keys",
    metadata,
    C("key", String(300), primary_key=True),
    C("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), nullable=False, index=True),
)

announcements = Table(
    "announcements",
    metadata,
    C("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    C("source", String(60), primary_key=True),
    C("date", Date, primary_key=True),
    C("kind", String(20), nullable=False),
    Index("ix_announcements_date", "date", "kind"),
)

signals = Table(
    "signals",
    metadata,
    C("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    C("source", String(60), primary_key=True),
    C("name", String(20), primary_key=True),
    C("observed", UtcTime, primary_key=True),
    C("value", Integer, nullable=False),
)

visits = Table(
    "visits",
    metadata,
    C("source", String(60), primary_key=True),
    C("date", Date, primary_key=True),
    C("asked", UtcTime, nullable=False),
    C("complete", Boolean, nullable=False),
    C("announced", Integer),
    C("read", Integer, nullable=False),
    C("problem", Text),
    C("retry_at", UtcTime),
)

readers = Table(
    "readers",
    metadata,
    C("id", Integer, primary_key=True),
    C("name", String(320), nullable=False, unique=True),
    C("address", String(320), nullable=False),
    C("kind", String(20), nullable=False),
    C("minute", Integer, nullable=False),
    C("zone", String(64), nullable=False),
    C("weekdays", Integer, nullable=False),  # bit 0 is Monday
    C("picks", Integer, nullable=False),  # at most so many papers an edition
    C("active", Boolean, nullable=False),
    C("created", UtcTime, nullable=False),
    Index("ix_readers_due", "active", "zone", "minute"),
)

interests = Table(
    "interests",
    metadata,
    C("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    C("position", Integer, primary_key=True),
    C("name", String(200), nullable=False),
    C("text", Text, nullable=False),  # in the grammar of digest.grammar.interests
)

editions = Table(
    "editions",
    metadata,
    C("id", Integer, primary_key=True),
    C("reader_id", ForeignKey("readers.id", ondelete="CASCADE"), nullable=False),
    C("date", Date, nullable=False),
    C("kind", String(20), nullable=False),
    C("mood", String(20), nullable=False),
    C("subject", Text, nullable=False),
    C("considered", Integer, nullable=False),
    C("made", UtcTime, nullable=False),
    UniqueConstraint("reader_id", "date", "kind"),
)

picks = Table(
    "picks",
    metadata,
    C("edition_id", ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    C("paper_id", ForeignKey("papers.id"), primary_key=True, index=True),
    C("position", Integer, nullable=False),
    C("score", Float, nullable=False),
    C("interest", String(200)),
    C("reasons", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    C("id", Integer, primary_key=True),
    C("edition_id", ForeignKey("editions.id", ondelete="CASCADE"), nullable=False, unique=True),
    C("channel", String(20), nullable=False),
    C("message_id", String(300), nullable=False, unique=True),
    C("sender", String(320), nullable=False),
    C("recipient", String(320), nullable=False),
    C("subject", Text, nullable=False),
    C("label", String(200), nullable=False),
    C("body", LargeBinary, nullable=False),
    C("body_hash", String(64), nullable=False),
    C("state", String(20), nullable=False),
    C("attempts", Integer, nullable=False),
    C("not_before", UtcTime, nullable=False),
    C("token", String(32)),
    C("lease_until", UtcTime),
    C("answer", Text),
    C("settled", UtcTime),
    Index("ix_deliveries_queue", "channel", "state", "not_before"),
)
