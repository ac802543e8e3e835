"""Deliveries by the protocol; breakers, troubles, pauses, bounces, zones, time seen. Frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Never by Alembic's batches where others refer to a table: they would drop it on SQLite.
    op.add_column("readers", sa.Column("paused_until", sa.Date))
    op.add_column("readers", sa.Column("rescheduled", sa.DateTime))
    op.add_column("readers", sa.Column("bounces", sa.Integer, nullable=False, server_default="0"))
    op.add_column("readers", sa.Column("bounced", sa.Date))
    op.add_column("readers", sa.Column("suppressed", sa.DateTime))
    op.add_column("editions", sa.Column("zone", sa.String(64)))
    op.add_column("house", sa.Column("seen", sa.DateTime))
    op.create_table(
        "channels",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime),
        sa.Column("last", sa.DateTime),
        sa.Column("retry_at", sa.DateTime),
        sa.Column("problem", sa.Text),
        sa.Column("lasting", sa.Boolean, nullable=False),
    )
    op.create_table(
        "troubles",
        sa.Column("topic", sa.String(200), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("last", sa.DateTime, nullable=False),
        sa.Column("ended", sa.DateTime),
    )
    _deliveries()


def _deliveries() -> None:
    """Nothing refers to this table yet, so that a batch may make it anew."""
    kept = op.create_table(
        "bodies_kept",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.execute("INSERT INTO bodies_kept SELECT id, body FROM deliveries")
    with op.batch_alter_table("deliveries") as batch:
        batch.add_column(sa.Column("reader_id", sa.Integer))
        batch.add_column(sa.Column("kind", sa.String(20)))
        batch.add_column(sa.Column("date", sa.Date))
        batch.add_column(sa.Column("queued", sa.DateTime))
        batch.add_column(sa.Column("deadline", sa.DateTime))
        batch.add_column(sa.Column("code", sa.Integer))
    for column, source in (("reader_id", "reader_id"), ("date", "date"), ("queued", "made")):
        found = "(SELECT %s FROM editions WHERE editions.id = deliveries.edition_id)"
        op.execute("UPDATE deliveries SET " + column + " = " + found % source)
    op.execute("UPDATE deliveries SET kind = 'daily'")
    _deadlines()
    # What was cut off in mid-sending may have arrived; a folder takes the same file again.
    sending = "UPDATE deliveries SET state = '%s' WHERE state = 'sending'"
    op.execute(sending % "claimed" + " AND channel = 'outbox'")
    op.execute(sending % "in_doubt")
    with op.batch_alter_table("deliveries") as batch:
        batch.drop_column("body")
        batch.alter_column("edition_id", existing_type=sa.Integer, nullable=True)
        batch.alter_column("kind", existing_type=sa.String(20), nullable=False)
        batch.alter_column("date", existing_type=sa.Date, nullable=False)
        batch.alter_column("queued", existing_type=sa.DateTime, nullable=False)
        batch.alter_column("deadline", existing_type=sa.DateTime, nullable=False)
        batch.create_foreign_key(
            "fk_deliveries_reader_id", "readers", ["reader_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_deliveries_reader_id", "deliveries", ["reader_id"])
    op.create_index("ix_deliveries_date", "deliveries", ["date", "state"])
    whose = sa.ForeignKey("deliveries.id", ondelete="CASCADE")
    op.create_table(
        "bodies",
        sa.Column("delivery_id", sa.Integer, whose, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.execute("INSERT INTO bodies SELECT id, body FROM bodies_kept")
    op.drop_table(kept.name)


def _deadlines() -> None:
    """Twenty hours for what is under way."""
    if op.get_bind().dialect.name == "postgresql":
        later = "queued + INTERVAL '20 hours'"
    else:
        later = "strftime('%Y-%m-%d %H:%M:%f', queued, '+20 hours') || '000'"
    op.execute("UPDATE deliveries SET deadline = " + later)
