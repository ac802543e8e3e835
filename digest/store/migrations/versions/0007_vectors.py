"""What an encoder makes of papers. Frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "vectors",
        sa.Column(
            "paper_id",
            sa.Integer,
            sa.ForeignKey("papers.id", ondelete="CASCADE", name="fk_vectors_paper_id"),
            primary_key=True,
        ),
        sa.Column("encoder", sa.String(60), primary_key=True),
        sa.Column("change", sa.Integer, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "backgrounds",
        sa.Column("encoder", sa.String(60), primary_key=True),
        sa.Column("papers", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
