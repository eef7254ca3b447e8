"""One platform with people in it for the attacks of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.sockets.world import World, world


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two interviews that go on; in one of them a candidate and an interviewer."""
    with world(tmp_path_factory.mktemp("world")) as found:
        yield found
