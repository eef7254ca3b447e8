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

    def signer(self) -> Signer:
        """Return the key that is in use now.

        `nbinterview key rotate` replaces the file while the service runs. While it
        does, and when the new one cannot be read, the one before goes on.
        """
        try:
            found = _mark(self._path)
            if found != self._seen:
                self._signer, self._seen = signing.load(self._path), found
        except (OSError, Unavailable) as error:
            log.warning("the platform's key can't be read again: %s", error)
        return self._signer

    def published(self) -> list[PlatformKey]:
        """Return all public keys of the platform, the one in use last."""
        current = self.signer()
        old = [PlatformKey.from_wire(one) for one in signing.old_keys(self._path)]
        # Between its two writes a rotation has kept the key that is still in use.
        return [
            *(one for one in old if one.key_id != current.key_id),
            PlatformKey(
                public_key=current.public,
                key_id=current.key_id,
                from_time=signing.since(self._path),
                until_time=None,
            ),
        ]


def _mark(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_ino, about.st_mtime_ns
