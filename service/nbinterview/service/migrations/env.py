"""How Alembic reaches the database; it is called by `db.upgrade` only."""

from __future__ import annotations

from pathlib import Path

from alembic import context
from sqlalchemy import create_engine

from nbinterview.service.db.models import Base


def run() -> None:
    """Run the migrations in one transaction on a connection of their own."""
    path = context.config.attributes["database"]
    assert isinstance(path, Path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, render_as_batch=True
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
