"""The audit: rows that can only be added, names beside them that can only be erased, the end of the chain, its keys."""

import sqlalchemy as sa
from alembic import op

revision = "m0004"
down_revision = "m0003"
branch_labels = None
depends_on = None

_GENESIS = "0" * 64


def upgrade() -> None:
    _create_rows()
    op.create_table(
        "audit_texts",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("erased_by_seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_texts"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("anchor_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": _GENESIS, "anchor_no": 0}])
    op.create_table(
        "audit_keys",
        sa.Column("kid", sa.String(40), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("before_kid", sa.String(40), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_audit_keys"),
    )
    op.create_table(
        "audit_cases",
        sa.Column("case_id", sa.String(128), nullable=False),
        sa.Column("premises_id", sa.String(128), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("case_open_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_audit_cases"),
    )
    op.create_index("ix_audit_cases_premises_id", "audit_cases", ["premises_id"])
    if op.get_bind().dialect.name == "postgresql":
        _forbid_on_postgresql()
    else:
        _forbid_on_sqlite()


def _create_rows() -> None:
    short = [
        "actor_id",
        "actor_role",
        "session",
        "address",
        "object_kind",
        "object_id",
        "premises_id",
        "camera_id",
        "region",
    ]
    op.create_table(
        "audit_rows",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("mono_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        *(sa.Column(name, sa.String(128), nullable=False) for name in short),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(128), nullable=False),
        sa.Column("purpose", sa.String(128), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("texts", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_rows"),
    )
    op.create_index("ix_audit_rows_at", "audit_rows", ["at"])
    for name in ("premises_id", "actor_id", "kind", "session", "object_id"):
        op.create_index(f"ix_audit_rows_{name}_seq", "audit_rows", [name, "seq"])


def _forbid_on_sqlite() -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END"
    for what in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER audit_rows_no_{what.lower()} BEFORE {what} ON audit_rows {refuse}")
    for table in ("audit_rows", "audit_texts"):  # INSERT OR REPLACE deletes without asking the trigger above
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE seq = NEW.seq) {refuse}"
        )
    op.execute(f"CREATE TRIGGER audit_texts_no_delete BEFORE DELETE ON audit_texts {refuse}")
    op.execute(
        "CREATE TRIGGER audit_texts_tombstone_only BEFORE UPDATE ON audit_texts WHEN NEW.salt IS NOT NULL "
        "OR NEW.text IS NOT NULL OR NEW.erased_by_seq IS NULL OR OLD.erased_by_seq IS NOT NULL "
        f"OR NEW.seq <> OLD.seq {refuse}"
    )
    op.execute(f"CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head {refuse}")
    op.execute(f"CREATE TRIGGER audit_head_forward_only BEFORE UPDATE ON audit_head WHEN NEW.seq < OLD.seq {refuse}")


def _forbid_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is append only'; END $$"
    )
    refuse = "EXECUTE FUNCTION audit_refuse()"
    op.execute(f"CREATE TRIGGER audit_rows_no_update BEFORE UPDATE OR DELETE ON audit_rows FOR EACH ROW {refuse}")
    op.execute(f"CREATE TRIGGER audit_texts_no_delete BEFORE DELETE ON audit_texts FOR EACH ROW {refuse}")
    op.execute(
        "CREATE TRIGGER audit_texts_tombstone_only BEFORE UPDATE ON audit_texts FOR EACH ROW WHEN "
        "(NEW.salt IS NOT NULL OR NEW.text IS NOT NULL OR NEW.erased_by_seq IS NULL "
        f"OR OLD.erased_by_seq IS NOT NULL OR NEW.seq <> OLD.seq) {refuse}"
    )
    op.execute(f"CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head FOR EACH ROW {refuse}")
    op.execute(
        "CREATE TRIGGER audit_head_forward_only BEFORE UPDATE ON audit_head FOR EACH ROW "
        f"WHEN (NEW.seq < OLD.seq) {refuse}"
    )
    for table in ("audit_rows", "audit_texts", "audit_head"):
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")


def downgrade() -> None:
    raise NotImplementedError("a schema goes forward; restore a backup to go back")
