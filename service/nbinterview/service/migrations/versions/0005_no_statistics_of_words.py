"""PostgreSQL keeps no samples of people's words among its statistics"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# An erasure could not reach them there. Nothing is looked up by these.
_WORDS = {
    "accommodations": ["given"],
    "answers": ["text"],
    "arrivals": ["browser"],
    "checks": ["result"],
    "decisions": ["reason"],
    "interviews": [
        "title",
        "template",
        "template_notes",
        "policy",
        "allows",
        "branch_runs",
    ],
    "people": ["display_name", "initials"],
    "records": ["wire"],
    "sessions": ["hub_token"],
}


def upgrade() -> None:
    _keep(0)


def downgrade() -> None:
    _keep(-1)


def _keep(samples: int) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in _WORDS.items():
        for column in columns:
            change = f"ALTER COLUMN {column} SET STATISTICS {samples}"
            op.execute(f"ALTER TABLE {table} {change}")
