"""The road to service, first-frame verdicts, the change log of the denominator, devices and fault tickets."""

import sqlalchemy as sa
from alembic import op

revision = "m0007"
down_revision = "m0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_road()
    _create_verdicts()
    _create_devices()
    _create_faults()


def _create_road() -> None:
    op.create_table(
        "premises_events",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(40), nullable=True),
        sa.Column("role", sa.String(24), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_premises_events"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_premises_events_premises_id"),
    )
    for column in ("premises_id", "event", "at"):
        op.create_index(f"ix_premises_events_{column}", "premises_events", [column])
    op.create_table(
        "contracts",
        sa.Column("premises_id", sa.String(40), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("party", sa.String(100), nullable=False),
        sa.Column("credit_code", sa.String(18), nullable=False),
        sa.Column("operator", sa.String(100), nullable=False),
        sa.Column("from_on", sa.String(10), nullable=False),
        sa.Column("to_on", sa.String(10), nullable=False),
        sa.Column("payer", sa.String(12), nullable=False),
        sa.Column("signed_on", sa.String(10), nullable=False),
        sa.Column("manager", sa.String(50), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("premises_id", name="pk_contracts"),
        sa.UniqueConstraint("number", name="uq_contracts_number"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_contracts_premises_id"),
    )
    for column in ("to_on", "signed_on"):
        op.create_index(f"ix_contracts_{column}", "contracts", [column])
    op.create_table(
        "denominator_changes",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(40), nullable=True),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("old", sa.String(200), nullable=False),
        sa.Column("new", sa.String(200), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_denominator_changes"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_denominator_changes_premises_id"),
    )
    for column in ("premises_id", "at"):
        op.create_index(f"ix_denominator_changes_{column}", "denominator_changes", [column])


def _create_verdicts() -> None:
    op.add_column("cameras", sa.Column("added_by", sa.String(40), nullable=True))
    op.create_table(
        "frame_verdicts",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("frame_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_frame_verdicts"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_frame_verdicts_camera_id"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_frame_verdicts_premises_id"),
    )
    op.create_index("ix_frame_verdicts_camera_id", "frame_verdicts", ["camera_id"])


def _create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("sn", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("vendor", sa.String(60), nullable=False),
        sa.Column("model", sa.String(60), nullable=False),
        sa.Column("mac", sa.String(17), nullable=True),
        sa.Column("gb_id", sa.String(20), nullable=True),
        sa.Column("pinned_onvif_serial", sa.String(64), nullable=True),
        sa.Column("pinned_banner", sa.String(200), nullable=True),
        sa.Column("pinned_parameters_sha256", sa.String(64), nullable=True),
        sa.Column("network", sa.String(100), nullable=False),
        sa.Column("line_account", sa.String(60), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=True),
        sa.Column("camera_id", sa.String(40), nullable=True),
        sa.Column("zone", sa.String(16), nullable=True),
        sa.Column("firmware", sa.String(60), nullable=False),
        sa.Column("installed_on", sa.String(10), nullable=True),
        sa.Column("warranty_until_on", sa.String(10), nullable=True),
        sa.Column("asset_owner", sa.String(12), nullable=False),
        sa.Column("storage_days", sa.Integer(), nullable=True),
        sa.Column("can_talk", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("sn", name="uq_devices_sn"),
        sa.UniqueConstraint("gb_id", name="uq_devices_gb_id"),
        sa.UniqueConstraint("camera_id", name="uq_devices_camera_id"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_devices_premises_id"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_devices_camera_id"),
    )
    for column in ("premises_id", "state", "mac"):
        op.create_index(f"ix_devices_{column}", "devices", [column])
    op.create_table(
        "device_events",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("device_id", sa.String(40), nullable=False),
        sa.Column("event", sa.String(12), nullable=False),
        sa.Column("from_state", sa.String(12), nullable=False),
        sa.Column("to_state", sa.String(12), nullable=False),
        sa.Column("actor", sa.String(40), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device_events"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_device_events_device_id"),
    )
    op.create_index("ix_device_events_device_id", "device_events", ["device_id"])


def _create_faults() -> None:
    op.create_table(
        "fault_tickets",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("parent_id", sa.String(40), nullable=True),
        sa.Column("camera_id", sa.String(40), nullable=True),
        sa.Column("premises_id", sa.String(40), nullable=True),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("operator", sa.String(100), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(16), nullable=True),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("opened_by", sa.String(40), nullable=True),
        sa.Column("dark_from_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("sla_s", sa.Integer(), nullable=False),
        sa.Column("paused_from_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_us", sa.BigInteger(), nullable=False),
        sa.Column("fixed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fault_tickets"),
        sa.UniqueConstraint("number", name="uq_fault_tickets_number"),
        sa.ForeignKeyConstraint(["parent_id"], ["fault_tickets.id"], name="fk_fault_tickets_parent_id"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_fault_tickets_camera_id"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_fault_tickets_premises_id"),
    )
    for column in ("parent_id", "camera_id", "premises_id", "region", "state", "opened_at"):
        op.create_index(f"ix_fault_tickets_{column}", "fault_tickets", [column])
    op.create_table(
        "fault_events",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(40), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fault_events"),
        sa.ForeignKeyConstraint(["ticket_id"], ["fault_tickets.id"], name="fk_fault_events_ticket_id"),
    )
    op.create_index("ix_fault_events_ticket_id", "fault_events", ["ticket_id"])


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
