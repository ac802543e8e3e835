"""Changes of papers counted, the house's identity, votes, libraries, profiles. Frozen."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _of(table: str) -> sa.Column[int]:
    """A part of the primary key that refers to a row of `table`s and goes with it."""
    parent = sa.ForeignKey(f"{table}s.id", ondelete="CASCADE")
    return sa.Column(f"{table}_id", sa.Integer, parent, primary_key=True)


def upgrade() -> None:
    # Not by Alembic's batches: they would drop `papers` on SQLite, and all that refers to it.
    op.add_column("papers", sa.Column("change", sa.Integer, nullable=False, server_default="0"))
    op.execute("UPDATE papers SET change = id")
    op.create_index("ix_papers_change", "papers", ["change"], unique=True)
    op.create_index("ix_papers_announced", "papers", ["announced"])
    house = op.create_table(
        "house",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("identity", sa.String(32), nullable=False),
    )
    op.bulk_insert(house, [{"id": 1, "identity": uuid4().hex}])
    op.create_table(
        "votes",
        _of("reader"),
        _of("paper"),
        sa.Column("saved", sa.Boolean, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("interest", sa.String(200)),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_votes_paper_id", "votes", ["paper_id"])
    op.create_table(
        "library",
        _of("reader"),
        sa.Column("origin", sa.String(200), primary_key=True),
        _of("paper"),
        sa.Column("added", sa.Date),
    )
    op.create_index("ix_library_paper_id", "library", ["paper_id"])
    op.create_table(
        "library_visits",
        _of("reader"),
        sa.Column("origin", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer),
        sa.Column("asked", sa.DateTime),
        sa.Column("retry_at", sa.DateTime),
        sa.Column("waiting", sa.Text),
    )
    op.create_table(
        "profiles",
        _of("reader"),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("fitted", sa.String(32), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
