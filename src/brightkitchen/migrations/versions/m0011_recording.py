"""How cameras are recorded, what is held, what was deleted, and which recordings are missing."""

import sqlalchemy as sa
from alembic import op

revision = "m0011"
down_revision = "m0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recording_rules",
        sa.Column("level", sa.String(12), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("mode", sa.String(20), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.String(40), nullable=True),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("level", "subject", name="pk_recording_rules"),
    )
    op.create_table(
        "recording_rule_changes",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.String(12), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.String(40), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("old_keep_days", sa.Integer(), nullable=True),
        sa.Column("new_keep_days", sa.Integer(), nullable=True),
        sa.Column("old_mode", sa.String(20), nullable=True),
        sa.Column("new_mode", sa.String(20), nullable=True),
        sa.PrimaryKeyConstraint("version", name="pk_recording_rule_changes"),
    )
    op.create_index("ix_recording_rule_changes_subject", "recording_rule_changes", ["subject"])
    _create_holds()
    op.create_table(
        "recording_alarms",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("profile", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recording_alarms"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_recording_alarms_camera_id"),
    )
    op.create_index("ix_recording_alarms_closed_at_opened_at", "recording_alarms", ["closed_at", "opened_at"])
    op.create_index("ix_recording_alarms_camera_id_opened_at", "recording_alarms", ["camera_id", "opened_at"])
    op.create_table(
        "recording_deletions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("node", sa.String(40), nullable=False),
        sa.Column("profile", sa.String(8), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("why", sa.String(12), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("spared", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recording_deletions"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_recording_deletions_camera_id"),
    )
    op.create_index("ix_recording_deletions_camera_id_from_at", "recording_deletions", ["camera_id", "from_at"])


def _create_holds() -> None:
    op.create_table(
        "recording_holds",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(12), nullable=False),
        sa.Column("belongs_to", sa.String(40), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("placed_by", sa.String(40), nullable=True),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("released_by", sa.String(40), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("release_reason", sa.String(200), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recording_holds"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_recording_holds_camera_id"),
    )
    for column in ("camera_id", "belongs_to", "placed_at", "change"):
        op.create_index(f"ix_recording_holds_{column}", "recording_holds", [column])
    op.create_table(
        "recording_nodes",
        sa.Column("node", sa.String(40), nullable=False),
        sa.Column("holds_change", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", name="pk_recording_nodes"),
    )


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
