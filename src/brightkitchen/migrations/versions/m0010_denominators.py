"""The log of what 100 % is counted from adds up; what is kept of which day is known without counting rows."""

import sqlalchemy as sa
from alembic import op

revision = "m0010"
down_revision = "m0009"
branch_labels = None
depends_on = None

_TEXTS = ("from_region", "from_category", "region", "category")
_NUMBERS = ("from_counts", "counts")
# As they are when this step is made; the code's own may change later.
_SIGNED = (
    *("SIGNED", "SURVEYED", "ORDERED", "INSTALLING", "INSTALLED", "TRIAL", "ACCEPTED", "IN_SERVICE"),
    *("REWORK", "SUSPENDED", "RELOCATED"),
)


def upgrade() -> None:
    op.create_table(
        "denominator_standings",
        sa.Column("premises_id", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("is_registered", sa.Boolean(), nullable=False),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.Column("exempt_reason", sa.String(200), nullable=False),
        sa.Column("stop", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("premises_id", name="pk_denominator_standings"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_denominator_standings_premises_id"),
    )
    # what was written before adds nothing: the opening rows hold how it all stands now
    for name in _TEXTS:
        length = 24 if name.endswith("category") else 12
        op.add_column("denominator_changes", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    for name in _NUMBERS:
        op.add_column("denominator_changes", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    _open()
    _keep()


def _keep() -> None:
    """Say which days are kept; the row that marked a measured day is not one of the numbers any more."""
    op.create_table(
        "number_kept",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("has_counts", sa.Boolean(), nullable=False),
        sa.Column("has_seconds", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_number_kept"),
    )
    op.execute(
        "INSERT INTO number_kept (day, has_counts, has_seconds)"
        " SELECT day, max(CASE WHEN number <> 'measured' AND number NOT LIKE '%\\_s' ESCAPE '\\' THEN 1 ELSE 0 END) = 1,"
        " max(CASE WHEN number = 'measured' THEN 1 ELSE 0 END) = 1 FROM number_days GROUP BY day"
    )
    op.execute("DELETE FROM number_days WHERE number = 'measured'")


def _open() -> None:
    """Write an opening row for every premises; a stop by days alone is noted by the running system, as on any day."""
    names = ", ".join(f"'{name}'" for name in _SIGNED)
    due = "(p.is_due AND p.exempt_reason IS NULL)"
    counts = (
        f"CASE WHEN p.retired_at IS NOT NULL THEN 0 ELSE CASE WHEN {due} THEN 1 ELSE 0 END"
        f" + CASE WHEN {due} AND p.state <> 'SUSPENDED' THEN 2 ELSE 0 END"
        f" + CASE WHEN p.state IN ({names}) THEN 4 ELSE 0 END END"
    )
    last = "(SELECT coalesce(max(d.at), 0) + 1 FROM denominator_changes d WHERE d.premises_id = p.id)"
    at = f"CASE WHEN p.updated_at > {last} THEN p.updated_at ELSE {last} END"
    op.execute(
        "INSERT INTO denominator_standings"
        " (premises_id, at, region, category, is_registered, is_due, exempt_reason, stop, state)"
        f" SELECT p.id, {at}, p.region, p.category, p.retired_at IS NULL, p.is_due,"
        " CASE WHEN p.exempt_reason IS NULL THEN '' WHEN p.exempt_reason = '' THEN '-' ELSE p.exempt_reason END,"
        " CASE WHEN p.state = 'SUSPENDED' THEN 'SUSPENDED' ELSE '' END, p.state FROM premises p"
    )
    op.execute(
        "INSERT INTO denominator_changes (id, premises_id, at, actor, what, old, new, reason,"
        " from_region, from_category, from_counts, region, category, counts)"
        f" SELECT 'dnc_' || substr(p.id, 5), p.id, {at}, NULL, 'OPENING', '', '', '',"
        f" p.region, p.category, 0, p.region, p.category, {counts} FROM premises p WHERE p.retired_at IS NULL"
    )


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
