"""The first schema. Frozen: later changes are later files."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _paper(**options: object) -> sa.Column[int]:
    return sa.Column("paper_id", sa.Integer, _to("papers.id"), **options)  # type: ignore[arg-type]


def _to(target: str, *, cascade: bool = True) -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete="CASCADE" if cascade else None)


def upgrade() -> None:
    op.create_table(
        "papers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(300), nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("abstract", sa.Text, nullable=False),
        sa.Column("authors", sa.Text, nullable=False),
        sa.Column("categories", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("pdf", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("project", sa.Text),
        sa.Column("announced", sa.Date),
    )
    op.create_table(
        "paper_keys",
        sa.Column("key", sa.String(300), primary_key=True),
        _paper(nullable=False, index=True),
    )
    op.create_table(
        "announcements",
        _paper(primary_key=True),
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("date", sa.Date, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
    )
    op.create_index("ix_announcements_date", "announcements", ["date", "kind"])
    op.create_table(
        "signals",
        _paper(primary_key=True),
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("observed", sa.DateTime, primary_key=True),
        sa.Column("value", sa.Integer, nullable=False),
    )
    op.create_table(
        "visits",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("date", sa.Date, primary_key=True),
        sa.Column("asked", sa.DateTime, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("announced", sa.Integer),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("retry_at", sa.DateTime),
    )
    op.create_table(
        "readers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(320), nullable=False, unique=True),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("minute", sa.Integer, nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("weekdays", sa.Integer, nullable=False),
        sa.Column("picks", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
    )
    op.create_index("ix_readers_due", "readers", ["active", "zone", "minute"])
    op.create_table(
        "interests",
        sa.Column("reader_id", sa.Integer, _to("readers.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "editions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("reader_id", sa.Integer, _to("readers.id"), nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("mood", sa.String(20), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("considered", sa.Integer, nullable=False),
        sa.Column("made", sa.DateTime, nullable=False),
        sa.UniqueConstraint("reader_id", "date", "kind"),
    )
    op.create_table(
        "picks",
        sa.Column("edition_id", sa.Integer, _to("editions.id"), primary_key=True),
        sa.Column(
            "paper_id", sa.Integer, _to("papers.id", cascade=False), primary_key=True, index=True
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("interest", sa.String(200)),
        sa.Column("reasons", sa.Text, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("edition_id", sa.Integer, _to("editions.id"), nullable=False, unique=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("message_id", sa.String(300), nullable=False, unique=True),
        sa.Column("sender", sa.String(320), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.DateTime, nullable=False),
        sa.Column("token", sa.String(32)),
        sa.Column("lease_until", sa.DateTime),
        sa.Column("answer", sa.Text),
        sa.Column("settled", sa.DateTime),
    )
    op.create_index("ix_deliveries_queue", "deliveries", ["channel", "state", "not_before"])
