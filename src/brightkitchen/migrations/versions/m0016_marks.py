"""Marked moments, and what people keep at hand."""

import sqlalchemy as sa
from alembic import op

revision = "m0016"
down_revision = "m0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "marks",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("side", sa.String(8), nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_marks"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_marks_camera_id"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_marks_made_by"),
    )
    op.create_index("ix_marks_at", "marks", ["at"])
    op.create_index("ix_marks_camera_id_at", "marks", ["camera_id", "at"])
    op.create_index("ix_marks_made_by_made_at", "marks", ["made_by", "made_at"])
    op.create_table(
        "favourites",
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("object_id", sa.String(40), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "object_id", name="pk_favourites"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_favourites_user_id"),
    )


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
