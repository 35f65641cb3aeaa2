"""Paths of cameras that carry a log-in are sealed; control moves those that are there at its next start (`seal_open_paths`)."""

import sqlalchemy as sa
from alembic import op

revision = "m0014"
down_revision = "m0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("camera_credentials", sa.Column("paths_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
