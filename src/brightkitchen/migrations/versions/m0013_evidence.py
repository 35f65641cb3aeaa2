"""Evidence: items, their events, exports, and the keys that were seen."""

import sqlalchemy as sa
from alembic import op

revision = "m0013"
down_revision = "m0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence_items",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("camera_name", sa.String(100), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=True),
        sa.Column("premises_name", sa.String(100), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("profile", sa.String(8), nullable=False),
        sa.Column("source", sa.String(12), nullable=False),
        sa.Column("node", sa.String(40), nullable=False),
        sa.Column("captured_at", sa.BigInteger(), nullable=False),
        sa.Column("frame_at", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.String(40), nullable=False),
        sa.Column("operator_name", sa.String(100), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("drift_us", sa.BigInteger(), nullable=True),
        sa.Column("is_assured", sa.Boolean(), nullable=False),
        sa.Column("hold", sa.String(40), nullable=False),
        sa.Column("hold_state", sa.String(8), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=True),
        sa.Column("case_no", sa.String(60), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("waiting_for", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_items"),
        sa.UniqueConstraint("number", name="uq_evidence_items_number"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_evidence_items_camera_id"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_evidence_items_premises_id"),
        sa.UniqueConstraint("seq", name="uq_evidence_items_seq"),
    )
    op.create_index("ix_evidence_items_state", "evidence_items", ["state"])
    op.create_index("ix_evidence_items_camera_id", "evidence_items", ["camera_id"])
    op.create_index("ix_evidence_items_premises_id", "evidence_items", ["premises_id"])
    op.create_index("ix_evidence_items_captured_at_id", "evidence_items", ["captured_at", "id"])
    op.create_table(
        "evidence_numbers",
        sa.Column("month", sa.String(4), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_evidence_numbers"),
    )
    op.create_table(
        "evidence_events",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("item_id", sa.String(40), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("actor_id", sa.String(40), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_events"),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_items.id"], name="fk_evidence_events_item_id"),
    )
    op.create_index("ix_evidence_events_item_id", "evidence_events", ["item_id"])
    op.create_table(
        "evidence_exports",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("maker_name", sa.String(100), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("case_no", sa.String(60), nullable=False),
        sa.Column("recipient", sa.String(100), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        sa.Column("done_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("failure", sa.String(60), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_exports"),
    )
    op.create_index("ix_evidence_exports_made_by", "evidence_exports", ["made_by"])
    op.create_index("ix_evidence_exports_state", "evidence_exports", ["state"])
    op.create_table(
        "evidence_keys",
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("public_key", sa.String(160), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("holder", "public_key", name="pk_evidence_keys"),
    )


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
