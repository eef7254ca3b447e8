"""A notebook rebuilt from its updates in a process of its own.

The updates are a candidate's: some can kill the process that reads them (nested a
hundred thousand deep) or take all its memory. So a child with limits does it.

The child reads updates from its standard input, each with its length before it (four
bytes, big-endian), and answers with the notebook's JSON or a line of words.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

from nbinterview.errors import Invalid, NBInterviewError, Unavailable

LIMIT_S = 120
"""Seconds of processor time, and of waiting."""
MEMORY_BYTES = 4 * 1024**3
MAX_NOTEBOOK_BYTES = 256 * 1024 * 1024

_NEEDS = ("pycrdt", "jupyter_ydoc", "nbformat")
_REFUSED = 3
_OUT_OF_TIME = {signal.SIGXCPU, signal.SIGKILL}
"""What ends the child at its limit of time, or when the computer has no memory."""


def can_rebuild() -> bool:
    """Say whether what reads a document is installed here."""
    return all(importlib.util.find_spec(name) is not None for name in _NEEDS)


def rebuild_apart(updates: Iterable[bytes]) -> dict[str, Any]:
    """Return the notebook (nbformat) after these updates, in their order.

    Raises `Invalid` when they make none or would take too much, and `Unavailable`
    where another computer may succeed: one with the packages that read them, or with
    more time.
    """
    if not can_rebuild():
        raise Unavailable("pycrdt, jupyter-ydoc and nbformat are not installed here.")
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        for update in updates:
            given.write(len(update).to_bytes(4, "big"))
            given.write(update)
        given.seek(0)
        try:
            ended = subprocess.run(
                [sys.executable, "-I", "-c", _CHILD, *sys.path],
                stdin=given,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable("The document takes too long to rebuild.") from error
        if -ended.returncode in _OUT_OF_TIME:
            raise Unavailable("The document takes too long, or too much memory.")
        if ended.returncode not in {0, _REFUSED}:
            raise Invalid("The document's edits end the program that rebuilds it.")
        if answer.tell() > MAX_NOTEBOOK_BYTES:
            raise Invalid("The document is too large to rebuild.")
        answer.seek(0)
        said = answer.read()
    if ended.returncode == _REFUSED:
        raise Invalid(said.decode("utf-8", "replace")[:200])
    found: dict[str, Any] = json.loads(said)
    return found


# Isolated, so that nothing of a person's own start-up files runs in it.
_CHILD = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from nbinterview.ledger.rebuilding import main; sys.exit(main())"
)


def main() -> int:
    """Be the child."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, LIMIT_S),
        (resource.RLIMIT_FSIZE, MAX_NOTEBOOK_BYTES + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    from nbinterview.ledger.notebook import rebuild

    try:
        notebook = rebuild(_given())
    except NBInterviewError as error:
        sys.stdout.write(error.detail)
        return _REFUSED
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError):
        sys.stdout.write("The document is not a notebook.")
        return _REFUSED
    json.dump(notebook, sys.stdout)
    return 0


def _given() -> Iterable[bytes]:
    while head := sys.stdin.buffer.read(4):
        yield sys.stdin.buffer.read(int.from_bytes(head, "big"))
