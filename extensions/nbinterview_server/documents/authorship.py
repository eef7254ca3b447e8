"""Who is changing the document at this moment.

pycrdt calls its observers inside the change, so whoever applies a change says
beforehand on whose behalf. Tasks inherit the author of the code that made them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ROOM = "room"
KERNEL = "kernel"

_AUTHOR: ContextVar[str] = ContextVar("nbinterview_author", default=ROOM)


def author() -> str:
    """Return on whose behalf this code runs: a hub name, `room` or `kernel`."""
    return _AUTHOR.get()


@contextmanager
def written_by(name: str) -> Iterator[None]:
    """Do what follows, and the tasks made in it, on somebody's behalf."""
    token = _AUTHOR.set(name)
    try:
        yield
    finally:
        _AUTHOR.reset(token)
