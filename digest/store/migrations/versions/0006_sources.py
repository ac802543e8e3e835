"""Coverage by part and date, notes of sources, the turns of hosts, marks of titles. Frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("visits", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "coverage",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("part", sa.String(200), primary_key=True),
        sa.Column("date", sa.Date, primary_key=True),
        sa.Column("standing", sa.String(10), nullable=False),
        sa.Column("announced", sa.Integer),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("said", sa.Text),
        sa.Column("asked", sa.DateTime, nullable=False),
        sa.Column("completed", sa.DateTime),
    )
    op.create_index("ix_coverage_date", "coverage", ["date"])
    op.create_table(
        "source_notes",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "hosts",
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("free_at", sa.DateTime),
        sa.Column("holder", sa.String(32)),
        sa.Column("lease", sa.DateTime),
        sa.Column("held_until", sa.DateTime),
    )
    op.create_table(
        "title_marks",
        sa.Column("mark", sa.String(40), primary_key=True),
        sa.Column(
            "paper_id",
            sa.Integer,
            sa.ForeignKey("papers.id", ondelete="CASCADE", name="fk_title_marks_paper_id"),
            primary_key=True,
        ),
    )
    op.create_index("ix_title_marks_paper_id", "title_marks", ["paper_id"])
