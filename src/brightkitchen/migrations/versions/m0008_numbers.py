"""Import files with their rows, and the numbers of each day."""

import sqlalchemy as sa
from alembic import op

revision = "m0008"
down_revision = "m0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_imports()
    op.create_table(
        "number_days",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "region", "category", "number", name="pk_number_days"),
    )
    op.create_table(
        "number_members",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "premises_id", name="pk_number_members"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_number_members_premises_id"),
    )
    op.create_table(
        "number_targets",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("premises", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.String(40), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("year", "region", "category", name="pk_number_targets"),
    )
    op.create_index("ix_cameras_host_port", "cameras", ["host", "port"])
    op.drop_index("ix_cameras_premises_id", "cameras")  # the next one begins with it and holds what counting asks
    op.create_index(
        "ix_cameras_premises_id_zone_activity_retired_at_id",
        "cameras",
        ["premises_id", "zone", "activity", "retired_at", "id"],
    )


def _create_imports() -> None:
    op.create_table(
        "import_jobs",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("failure", sa.String(60), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("cameras_total", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_jobs"),
    )
    op.create_index("ix_import_jobs_made_by", "import_jobs", ["made_by"])
    op.create_table(
        "import_rows",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_import_rows"),
        sa.ForeignKeyConstraint(["job_id"], ["import_jobs.id"], name="fk_import_rows_job_id"),
    )
    op.create_table(
        "import_logins",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("logins_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_import_logins"),
        sa.ForeignKeyConstraint(["job_id"], ["import_jobs.id"], name="fk_import_logins_job_id"),
    )


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
