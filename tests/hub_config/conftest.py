"""One platform for all tests of this folder: starting it takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub_config.browser import Browser
from tests.hub_config.local_platform import Platform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A hub behind its proxy, with a stand-in for the service's invitations."""
    with running(tmp_path_factory.mktemp("platform")) as found:
        yield found


@pytest.fixture(scope="session")
def room(platform: Platform) -> str:
    """An interview whose room runs."""
    return platform.start_room()


@pytest.fixture
def browser() -> Browser:
    """A fresh browser profile."""
    return Browser()
