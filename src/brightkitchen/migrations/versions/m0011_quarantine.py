"""Channels that were found to show what no camera may show."""

import sqlalchemy as sa
from alembic import op

revision = "m0011"
down_revision = "m0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cameras", sa.Column("quarantined_at", sa.BigInteger(), nullable=True))
    op.add_column("cameras", sa.Column("quarantined_by", sa.String(40), nullable=True))
    op.add_column("cameras", sa.Column("quarantine_zone", sa.String(40), nullable=True))
    op.add_column("cameras", sa.Column("quarantine_reason", sa.String(200), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
