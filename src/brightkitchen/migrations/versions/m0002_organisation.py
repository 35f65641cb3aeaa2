"""Regions, organisations, roles with their reach, premises, zones; cameras become channels of premises."""

import sqlalchemy as sa
from alembic import op

revision = "m0002"
down_revision = "m0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_organisation()
    _create_kinds()
    _create_premises()
    _move_roles()
    _extend_cameras()


def _create_organisation() -> None:
    op.create_table(
        "regions",
        sa.Column("code", sa.String(12), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("parent", sa.String(12), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("longitude_deg", sa.Float(), nullable=True),
        sa.Column("latitude_deg", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_regions"),
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        *_versioned(),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
    )
    op.create_index("ix_organisations_region", "organisations", ["region"])


def _create_kinds() -> None:
    op.create_table(
        "categories",
        sa.Column("code", sa.String(24), nullable=False),
        sa.Column("name_zh", sa.String(40), nullable=False),
        sa.Column("name_en", sa.String(60), nullable=False),
        sa.Column("zone_profile", sa.String(16), nullable=False),
        sa.Column("is_school", sa.Boolean(), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_categories"),
    )
    op.create_table(
        "zones",
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("name_zh", sa.String(40), nullable=False),
        sa.Column("name_en", sa.String(60), nullable=False),
        sa.Column("area", sa.String(12), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_zones"),
    )
    op.create_table(
        "category_zones",
        sa.Column("zone_profile", sa.String(16), nullable=False),
        sa.Column("zone", sa.String(16), nullable=False),
        sa.Column("need", sa.String(20), nullable=False),
        sa.Column("may_be_shared", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("zone_profile", "zone", name="pk_category_zones"),
        sa.ForeignKeyConstraint(["zone"], ["zones.code"], name="fk_category_zones_zone"),
    )


def _create_premises() -> None:
    op.create_table(
        "premises",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("external_no", sa.String(40), nullable=True),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("initials", sa.String(100), nullable=False),
        sa.Column("credit_code", sa.String(18), nullable=True),
        sa.Column("licence_no", sa.String(20), nullable=True),
        sa.Column("licence_expires_on", sa.String(10), nullable=True),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("longitude_deg", sa.Float(), nullable=True),
        sa.Column("latitude_deg", sa.Float(), nullable=True),
        sa.Column("area_m2", sa.Float(), nullable=True),
        sa.Column("diners", sa.Integer(), nullable=True),
        sa.Column("risk_grade", sa.String(1), nullable=True),
        sa.Column("hours", sa.String(200), nullable=False),
        sa.Column("present_zones", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.Column("exempt_reason", sa.String(200), nullable=True),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        *_versioned(),
        sa.PrimaryKeyConstraint("id", name="pk_premises"),
        sa.UniqueConstraint("external_no", name="uq_premises_external_no"),
        sa.ForeignKeyConstraint(["category"], ["categories.code"], name="fk_premises_category"),
    )
    for column in ("region", "category", "initials", "credit_code", "licence_no", "state"):
        op.create_index(f"ix_premises_{column}", "premises", [column])
    op.create_table(
        "premises_people",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hmac", sa.String(64), nullable=True),
        sa.Column("id_no_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("id_no_hmac", sa.String(64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_premises_people"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_premises_people_premises_id"),
    )
    for column in ("premises_id", "phone_hmac", "id_no_hmac"):
        op.create_index(f"ix_premises_people_{column}", "premises_people", [column])
    op.create_table(
        "suspensions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("from_on", sa.String(10), nullable=False),
        sa.Column("to_on", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("requested_by", sa.String(40), nullable=True),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(40), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suspensions"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_suspensions_premises_id"),
    )
    op.create_index("ix_suspensions_premises_id", "suspensions", ["premises_id"])


def _move_roles() -> None:
    """A role becomes a grant with a reach. Whoever could do everything is the city's administrator from now on."""
    op.create_table(
        "grants",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("categories", sa.String(400), nullable=False),
        sa.Column("premises_id", sa.String(40), nullable=True),
        sa.Column("granted_by", sa.String(40), nullable=True),
        sa.Column("approved_by", sa.String(40), nullable=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_grants_user_id"),
    )
    op.create_index("ix_grants_user_id", "grants", ["user_id"])
    op.create_index("ix_grants_premises_id", "grants", ["premises_id"])
    op.execute(
        "INSERT INTO grants (id, user_id, role, region, categories, granted_at) "
        "SELECT 'grt_' || substr(id, 5), id, 'CITY_ADMIN', '', '', created_at FROM users"
    )
    op.drop_column("users", "role")
    # Written out: SQLite takes a reference with the new column only, and rebuilding the table would break those to it.
    op.execute(
        "ALTER TABLE users ADD COLUMN organisation_id VARCHAR(40) "
        "CONSTRAINT fk_users_organisation_id REFERENCES organisations (id)"
    )


def _extend_cameras() -> None:
    op.execute(
        "ALTER TABLE cameras ADD COLUMN premises_id VARCHAR(40) "
        "CONSTRAINT fk_cameras_premises_id REFERENCES premises (id)"
    )
    op.add_column("cameras", sa.Column("activity", sa.String(12), nullable=False, server_default="NEW"))
    op.add_column("cameras", sa.Column("activity_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("cameras", sa.Column("approved_by", sa.String(40), nullable=True))
    op.add_column("cameras", sa.Column("approved_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_cameras_premises_id", "cameras", ["premises_id"])
    op.create_table(
        "camera_zones",
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("zone", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "zone", name="pk_camera_zones"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_camera_zones_camera_id"),
        sa.ForeignKeyConstraint(["zone"], ["zones.code"], name="fk_camera_zones_zone"),
    )
    op.create_table(
        "camera_spells",
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=True),
        sa.Column("activity", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "from_at", name="pk_camera_spells"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_camera_spells_camera_id"),
    )
    op.create_index("ix_camera_spells_to_at", "camera_spells", ["to_at"])


def _versioned() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
    )


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
