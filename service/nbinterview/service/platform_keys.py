"""The platform's own key: what the service signs with, and who it was before."""

from __future__ import annotations

import logging
from pathlib import Path

from nbinterview.errors import Unavailable
from nbinterview.ledger import signing
from nbinterview.ledger.checkpoints import PlatformKey
from nbinterview.ledger.signing import Signer

log = logging.getLogger(__name__)


class PlatformKeys:
    """The key in a file; made at the first start, followed when it is rotated."""

    def __init__(self, path: Path) -> None:
        """Read or make the key. Raises `Unavailable` for one that others may read."""
        self._path = path
        self._signer = signing.load_or_make(path)
        self._seen = _mark(path)
        self._keep()

    def signer(self) -> Signer:
        """Return the key that is in use now.

        `nbinterview key rotate` replaces the file while the service runs. While it
        does, and when the new one cannot be read, the one before goes on.
        """
        try:
            found = _mark(self._path)
            if found != self._seen:
                self._signer, self._seen = signing.load(self._path), found
                self._keep()
        except (OSError, Unavailable) as error:
            log.warning("the platform's key can't be read again: %s", error)
        return self._signer

    def published(self) -> list[PlatformKey]:
        """Return all public keys of the platform, the one in use last."""
        found = signing.published(self._path, self.signer())
        return [PlatformKey.from_wire(one) for one in found]

    def _keep(self) -> None:
        """Keep the public half apart: the file may be lost, or be read by others."""
        try:
            signing.keep_public(self._path, self._signer)
        except OSError as error:
            log.warning("the platform's public key is not kept: %s", error)


def _mark(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_ino, about.st_mtime_ns
