"""A stage for a module's trials."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Rooms for trials, kept from one to the next."""
    made = Stage()
    yield made
    made.close()
