"""Handles of readers, keys of links, sign-ups, moves, knocks, limits. Frozen."""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("readers", sa.Column("handle", sa.String(12)))
    op.add_column("readers", sa.Column("unsubscribed", sa.DateTime))
    op.add_column("picks", sa.Column("explores", sa.Boolean))
    op.add_column("house", sa.Column("last_reader", sa.Integer))
    connection = op.get_bind()
    numbers = connection.execute(sa.text("SELECT id FROM readers")).scalars().all()
    if numbers:
        highest = sa.text("UPDATE house SET last_reader = :highest")
        connection.execute(highest, {"highest": max(numbers)})
        connection.execute(
            sa.text("UPDATE readers SET handle = :handle WHERE id = :number"),
            [{"handle": secrets.token_urlsafe(6), "number": number} for number in numbers],
        )
    op.create_index("ix_readers_handle", "readers", ["handle"], unique=True)
    op.create_table(
        "link_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("made", sa.DateTime, nullable=False),
        sa.Column("retired", sa.DateTime),
    )
    made = datetime.now(UTC).replace(tzinfo=None)
    first = sa.text("INSERT INTO link_keys (secret, made) VALUES (:secret, :made)")
    secret = secrets.token_hex(32)
    connection.execute(
        first.bindparams(sa.bindparam("made", type_=sa.DateTime)), {"secret": secret, "made": made}
    )
    op.create_table(
        "signups",
        sa.Column("mailbox", sa.String(64), primary_key=True),
        sa.Column("waits", sa.Boolean, primary_key=True),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("name", sa.String(320), nullable=False),
        sa.Column("wishes", sa.Text, nullable=False),
        sa.Column("nonce", sa.String(24), nullable=False, unique=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("delivery_id", sa.Integer, sa.ForeignKey("deliveries.id", ondelete="SET NULL")),
        sa.Column("confirmed", sa.DateTime),
    )
    op.create_index("ix_signups_delivery_id", "signups", ["delivery_id"])
    op.create_index("ix_signups_waits", "signups", ["waits", "at"])
    op.create_table(
        "moves",
        sa.Column(
            "reader_id",
            sa.Integer,
            sa.ForeignKey("readers.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("nonce", sa.String(24), nullable=False, unique=True),
        sa.Column("asked", sa.DateTime, nullable=False),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.Column("old_agrees", sa.Boolean, nullable=False),
        sa.Column("new_agrees", sa.Boolean, nullable=False),
    )
    op.create_table(
        "knocks",
        sa.Column("mailbox", sa.String(64), primary_key=True),
        sa.Column("mails", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("last", sa.DateTime, nullable=False),
    )
    op.create_index("ix_knocks_last", "knocks", ["last"])
    op.create_table(
        "limits",
        sa.Column("bucket", sa.String(64), primary_key=True),
        sa.Column("until", sa.DateTime, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_index("ix_limits_until", "limits", ["until"])
