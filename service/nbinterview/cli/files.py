"""Files that hold what is known about people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from nbinterview.cli.client import Service
from nbinterview.errors import Invalid


@contextmanager
def private_file(target: Path) -> Iterator[IO[bytes]]:
    """Write a file that nobody but its owner can read.

    It has another name until it is whole. Raises `Invalid` where it can't be written.
    """
    partial = target.with_name(target.name + ".part")
    try:
        partial.unlink(missing_ok=True)
        with os.fdopen(
            os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as file:
            yield file
        partial.replace(target)
    except OSError as error:
        raise Invalid(f"{target}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def save(service: Service, path: str, target: Path) -> None:
    """Write a download to a file; it is there when it is whole."""
    with private_file(target) as file:
        for chunk in service.download(path):
            file.write(chunk)
