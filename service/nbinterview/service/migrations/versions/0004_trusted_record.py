"""Checkpoints, their keys, what was erased, and the audit log"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nbinterview.service.db.numbers import WHOLE

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _interview() -> sa.Column[str]:
    return sa.Column("interview_id", sa.String(length=10), nullable=False)


def _of_interview() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["interview_id"], ["interviews.id"])


def upgrade() -> None:
    # Rows from before this are plain JSON, which `from_store` reads as it is; their
    # tree is built from their hashes when a room sends its next records.
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.add_column(sa.Column("erased_by", sa.String(length=10), nullable=True))
    op.create_table(
        "frontiers",
        _interview(),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("nodes", sa.LargeBinary(), nullable=False),
        _of_interview(),
        sa.PrimaryKeyConstraint("interview_id"),
    )
    op.create_table(
        "certificates",
        _interview(),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("wire", sa.JSON(), nullable=False),
        _of_interview(),
        sa.PrimaryKeyConstraint("interview_id", "key_id"),
    )
    op.create_table(
        "checkpoints",
        _interview(),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("wire", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        _of_interview(),
        sa.PrimaryKeyConstraint("interview_id", "size", "key_id"),
    )
    op.create_table(
        "countersignatures",
        _interview(),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("platform_key_id", sa.String(length=16), nullable=False),
        sa.Column("wire", sa.JSON(), nullable=False),
        _of_interview(),
        sa.PrimaryKeyConstraint("interview_id", "size", "platform_key_id"),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(length=10), nullable=False),
        _interview(),
        sa.Column("from_seq", WHOLE, nullable=False),
        sa.Column("to_seq", WHOLE, nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("room_done_at", sa.DateTime(), nullable=True),
        _of_interview(),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("erasures", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_erasures_interview_id"), ["interview_id"], unique=False
        )
    op.create_table(
        "audit",
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("time", sa.String(length=27), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("author", sa.String(length=40), nullable=False),
        # No foreign key: the log outlives what it is about.
        sa.Column("about", sa.String(length=20), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        for name in ("kind", "author", "about"):
            batch_op.create_index(batch_op.f(f"ix_audit_{name}"), [name], unique=False)
    op.create_table(
        "audit_checkpoints",
        sa.Column("size", WHOLE, autoincrement=False, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("wire", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )


def downgrade() -> None:
    for table in (
        "audit_checkpoints",
        "audit",
        "erasures",
        "countersignatures",
        "checkpoints",
        "certificates",
        "frontiers",
    ):
        op.drop_table(table)
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.drop_column("erased_by")
