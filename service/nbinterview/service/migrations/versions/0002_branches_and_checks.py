"""Branches and checks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nbinterview.service.db.numbers import WHOLE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.add_column(sa.Column("branch_of", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("branch_at_ms", WHOLE, nullable=True))
        batch_op.add_column(sa.Column("branch_seq", WHOLE, nullable=True))
        batch_op.add_column(sa.Column("branch_runs", sa.JSON(), nullable=True))
        batch_op.create_foreign_key(
            "fk_interviews_branch_of", "interviews", ["branch_of"], ["id"]
        )
        batch_op.create_index(
            batch_op.f("ix_interviews_branch_of"), ["branch_of"], unique=False
        )

    op.create_table(
        "checks",
        sa.Column("id", sa.String(length=10), nullable=False),
        sa.Column("interview_id", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interview_id"],
            ["interviews.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("checks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_checks_interview_id"), ["interview_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("checks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checks_interview_id"))

    op.drop_table("checks")
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_interviews_branch_of"))
        batch_op.drop_constraint("fk_interviews_branch_of", type_="foreignkey")
        batch_op.drop_column("branch_runs")
        batch_op.drop_column("branch_seq")
        batch_op.drop_column("branch_at_ms")
        batch_op.drop_column("branch_of")
