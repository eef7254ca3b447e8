"""What is allowed, accommodations, answers, decisions and error rates"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nbinterview.service.db.numbers import WHOLE

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _interview() -> sa.Column[str]:
    return sa.Column("interview_id", sa.String(length=10), nullable=False)


def _of_interview() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["interview_id"], ["interviews.id"])


def upgrade() -> None:
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        # Nothing was allowed in interviews from before this.
        batch_op.add_column(
            sa.Column("allows", sa.JSON(), nullable=False, server_default="[]")
        )
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.alter_column("allows", server_default=None)
    op.create_table(
        "accommodations",
        _interview(),
        sa.Column("given", sa.JSON(), nullable=False),
        _of_interview(),
        sa.PrimaryKeyConstraint("interview_id"),
    )
    op.create_table(
        "answers",
        sa.Column("id", WHOLE, nullable=False),
        _interview(),
        sa.Column("hub_name", sa.String(length=20), nullable=False),
        sa.Column("episode_id", sa.String(length=64), nullable=True),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _of_interview(),
        sa.ForeignKeyConstraint(["hub_name"], ["people.hub_name"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", WHOLE, nullable=False),
        _interview(),
        sa.Column("episode_id", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("decided_by", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _of_interview(),
        sa.ForeignKeyConstraint(["decided_by"], ["people.hub_name"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for table in ("answers", "decisions"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(
                batch_op.f(f"ix_{table}_interview_id"), ["interview_id"], unique=False
            )
    op.create_table(
        "error_rates",
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("rate", sa.JSON(), nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("rule"),
    )


def downgrade() -> None:
    for table in ("error_rates", "decisions", "answers", "accommodations"):
        op.drop_table(table)
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.drop_column("allows")
