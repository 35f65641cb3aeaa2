"""Saved walls."""

import sqlalchemy as sa
from alembic import op

revision = "m0015"
down_revision = "m0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "walls",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("owner_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("layout", sa.Integer(), nullable=False),
        sa.Column("places", sa.String(400), nullable=False),
        sa.Column("dwell_s", sa.Integer(), nullable=True),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("risk", sa.String(1), nullable=False),
        sa.Column("must_zones_only", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_walls"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_walls_owner_id"),
    )
    op.create_index("ix_walls_owner_id", "walls", ["owner_id"])


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
