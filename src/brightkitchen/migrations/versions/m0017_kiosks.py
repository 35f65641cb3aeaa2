"""API tokens of wall displays."""

import sqlalchemy as sa
from alembic import op

revision = "m0017"
down_revision = "m0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_tokens", sa.Column("kind", sa.String(8), nullable=False, server_default="machine"))


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
