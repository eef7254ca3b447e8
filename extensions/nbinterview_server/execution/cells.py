"""The notebook's cells as runs know them: by id, one for each.

jupyter-server-nbmodel asks the collaboration extension for a document and takes the
first cell with the id. It asks us instead, and finds the one that the id means.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from nbinterview_server.documents.rooms import RecordedRoom


class Cells:
    """The collaboration extension, and its document, for jupyter-server-nbmodel."""

    def __init__(self, collaboration: Any) -> None:
        self._collaboration = collaboration

    async def get_document(self, **asked: Any) -> Cells | None:
        """Return the document that is asked for: ourselves, as there is only one."""
        found = await self._collaboration.get_document(**asked)
        return None if found is None else self

    @property
    def ycells(self) -> Collection[Any]:
        """The cells, one for each id."""
        rooms = self._collaboration.ywebsocket_server.rooms.values()
        room = next((one for one in rooms if isinstance(one, RecordedRoom)), None)
        return room.originals.all().values() if room else ()
