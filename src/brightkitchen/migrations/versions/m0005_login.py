"""Second factors, known devices, failures that outlast a restart, passwords with an age."""

import sqlalchemy as sa
from alembic import op

revision = "m0005"
down_revision = "m0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _extend_people()
    _create_factors()
    op.create_table(
        "login_failures",
        sa.Column("name_hmac", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locks", sa.Integer(), nullable=False),
        sa.Column("locked_until_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name_hmac", name="pk_login_failures"),
    )
    op.create_index("ix_login_failures_seen_at", "login_failures", ["seen_at"])


def _extend_people() -> None:
    """Passwords that are there keep their age and stay. Sessions that are there were opened without a factor."""
    op.add_column("users", sa.Column("password_set_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("users", sa.Column("password_is_temporary", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE users SET password_set_at = updated_at")
    op.add_column("sessions", sa.Column("factor", sa.String(12), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("stepped_up_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("device", sa.String(40), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("network", sa.String(50), nullable=False, server_default=""))


def _create_factors() -> None:
    op.create_table(
        "factors",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("credential_sha256", sa.String(64), nullable=True),
        sa.Column("credential_id", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=True),
        sa.Column("rp_id", sa.String(255), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_factors"),
        sa.UniqueConstraint("credential_sha256", name="uq_factors_credential_sha256"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_factors_user_id"),
    )
    op.create_index("ix_factors_user_id", "factors", ["user_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_recovery_codes_user_id"),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    op.create_table(
        "known_devices",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", "user_id", name="pk_known_devices"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_known_devices_user_id"),
    )
    op.create_index("ix_known_devices_expires_at", "known_devices", ["expires_at"])
    op.create_table(
        "password_history",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_password_history"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_password_history_user_id"),
    )
    op.create_index("ix_password_history_user_id", "password_history", ["user_id"])


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
