"""How Alembic reaches the database; it is called by `db.upgrade` only."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

from nbinterview.service.db import store_of
from nbinterview.service.db.models import Base


def run() -> None:
    """Run the migrations in one transaction on a connection of their own."""
    store = store_of(context.config.attributes["database"])
    engine = create_engine(store.url)
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, render_as_batch=True
        )
        with context.begin_transaction():
            if store.lock is not None:
                connection.exec_driver_sql(store.lock)
            context.run_migrations()
    engine.dispose()


run()
