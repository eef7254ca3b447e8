"""Alembic migrations; run by `nbinterview.service.db.upgrade` at every start."""
