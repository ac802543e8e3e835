"""How readers want their letters, the sentence of each pick, the topics of a date. Frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("readers", sa.Column("dial", sa.Integer, nullable=False, server_default="20"))
    op.add_column(
        "readers", sa.Column("quiet", sa.String(10), nullable=False, server_default="trending")
    )
    op.add_column(
        "readers", sa.Column("abstracts", sa.Boolean, nullable=False, server_default=sa.true())
    )
    op.add_column("picks", sa.Column("sentence", sa.Text))
    op.create_table(
        "topics",
        sa.Column("date", sa.Date, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("words", sa.String(200), nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("expected", sa.Float, nullable=False),
        sa.Column("papers", sa.Text, nullable=False),
    )
