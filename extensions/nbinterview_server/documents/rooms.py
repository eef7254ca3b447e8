"""The Y rooms: every change under its author's name, on disk, then broadcast.

One queue orders everything a room sends: changes go to the journal and then to
all pages; answers to one page wait behind the changes they already contain.
So nobody ever sees an edit that the record does not hold, and when the disk
refuses, the room stands still until it takes the record again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from jupyter_server_ydoc.rooms import DocumentRoom
from jupyter_server_ydoc.utils import LogLevel
from jupyter_ydoc import YNotebook
from pycrdt import (
    Doc,
    YSyncMessageType,
    create_update_message,
    handle_sync_message,
)

from nbinterview.errors import Invalid, NBInterviewError, TooLarge
from nbinterview_server.documents.authorship import ROOM, written_by
from nbinterview_server.documents.custody import Custody, Refused
from nbinterview_server.documents.edits import EditCounter
from nbinterview_server.documents.notebook_file import (
    Found,
    NotebookFile,
    file_content,
    hash_of,
    template_content,
)
from nbinterview_server.documents.originals import Originals
from nbinterview_server.documents.outbox import (
    Answer,
    Change,
    Corrected,
    Item,
    Outbox,
    PageSocket,
    Refusal,
    Saved,
    authored_updates,
    document_payload,
    entries_of,
    refused_entry,
    refused_message,
    saved_message,
    saved_writes,
    updates_of,
)
from nbinterview_server.documents.owners import TEMPLATES_ID, Owners
from nbinterview_server.documents.presence import POLICY, RESTART, NamedRoom
from nbinterview_server.documents.updates import framed
from nbinterview_server.journal import Journal, NotWritten, RecordFull

__all__ = ["PageSocket", "RecordedRoom", "document_payload", "updates_of"]

MAX_UPDATE_BYTES = 8 * 1024 * 1024
"""Of one message; its record, in base64, stays below the journal's limit."""

OUTBOX_FULL_S = 0.05
PUT_RIGHT_BYTES_PER_S = 4.0 * 1024 * 1024
"""What the room writes to put an edit right counts as so much of its time: ..."""
ANSWERED_BYTES_PER_S = 100.0 * 1024 * 1024
"""... and so does what it answers to a page. Few bytes can ask for many."""

log = logging.getLogger(__name__)


class RecordedRoom(NamedRoom, DocumentRoom):  # type: ignore[misc]  # untyped
    """The interview's notebook, rebuilt from the journal, never from the file."""

    ready: bool
    ready_event: Any

    def __init__(
        self,
        room_id: str,
        *args: Any,
        journal: Journal,
        notebook_file: NotebookFile,
        template: Mapping[str, Any],
        owners: Owners,
        **kwargs: Any,
    ) -> None:
        super().__init__(room_id, *args, **kwargs)
        self._document.unobserve()  # the custody tells of changes, for less
        self._journal = journal
        self._path = str(self._document.path)
        self._notebook_file = notebook_file
        self._template = template
        self._owners = owners
        self._custody = Custody(
            self.ydoc,
            self._note,
            owners,
            corrected=self._note_corrected,
            document_id=room_id,
        )
        self._outbox = Outbox()
        self._writes: Counter[PageSocket] = Counter()
        self._writing: PageSocket | None = None
        self._overlooked: set[PageSocket] = set()
        self._answering: set[PageSocket] = set()
        self._saving = asyncio.Lock()
        self._save_timer: asyncio.TimerHandle | None = None
        self._gave_up = False

    @property
    def broken(self) -> bool:
        """It holds a change that cannot be recorded: another room is needed."""
        return self._gave_up or self._custody.broken

    @property
    def originals(self) -> Originals:
        """Which cell an id means."""
        return self._custody.originals

    # --------------------------------------------------------------- opening

    async def initialize(self) -> None:
        """Load the notebook: what the journal holds, or the template."""
        if self.ready:
            return
        with written_by(ROOM):
            async with self._update_lock:
                if self.ready_event.is_set():
                    return
                # Its own task: anyio ties a thread to the task that reads a file, and
                # a page's never ends, so that the server would not either.
                recorded = await asyncio.create_task(self._recorded())
                rebuilt = bool(recorded)
                if not rebuilt:
                    recorded = [await asyncio.create_task(self._begin())]
                self._edits = EditCounter(self._document.ycells)
                self._custody.restore(recorded)
                self._edits.take()
                self._nothing_is_trusted()
                if rebuilt:
                    self._nothing_runs()
                self.ready = True
            if rebuilt:
                self._save_to_disc()

    async def _recorded(self) -> list[tuple[str, bytes]]:
        recorded = await self._journal.fold(
            partial(authored_updates, path=self._path), kinds=["document"]
        )
        if recorded:
            await self._tell(await asyncio.to_thread(self._notebook_file.check))
        return recorded

    async def _begin(self) -> tuple[str, bytes]:
        """Record the template as the first update; the same for the same template."""
        content = template_content(self._template)
        await self._tell(await asyncio.to_thread(self._notebook_file.begin, content))
        model = await self._file.load_content(self._file_format, self._file_type)
        source: Doc[Any] = Doc(client_id=TEMPLATES_ID)
        YNotebook(source).set(model["content"])
        first = source.get_update()
        payload = document_payload(self._path, first, {})
        await self._journal.append("document", ROOM, payload)
        return ROOM, first

    def _nothing_is_trusted(self) -> None:
        """Take back what a template says, or what an older room let in."""
        with self.ydoc.transaction():
            for cell in self._document.ycells:
                metadata = cell.get("metadata")
                if metadata is not None and metadata.get("trusted"):
                    del metadata["trusted"]

    def _nothing_runs(self) -> None:
        """After a restart no cell is running, whatever the document last said."""
        with self.ydoc.transaction():
            for cell in self._document.ycells:
                if cell.get("execution_state") == "running":
                    cell["execution_state"] = "idle"
                metadata = cell.get("metadata")
                if metadata is not None and "jupyter_server_nbmodel" in metadata:
                    del metadata["jupyter_server_nbmodel"]

    async def _watch_ready(self) -> None:
        """The base class would observe here; the custody does."""

    # -------------------------------------------------------------- the file

    def _save_soon(self) -> None:
        """Write the file a moment after the last change."""
        if self._save_delay is None or self._update_lock.locked():
            return
        self._hold_saving()
        loop = asyncio.get_running_loop()
        self._save_timer = loop.call_later(self._save_delay, self._save_to_disc)

    def _hold_saving(self) -> None:
        if self._save_timer is not None:
            self._save_timer.cancel()

    async def _maybe_save_document(self, *_: Any, **__: Any) -> None:
        """Write the file. A write that began goes on to its end."""
        await asyncio.shield(self._save())

    async def _save(self) -> None:
        with written_by(ROOM):
            try:
                async with self._saving:
                    await self._write_file()
            except Exception as error:  # the next change tries again
                self.log.exception("the notebook's file could not be written")
                self._emit(LogLevel.ERROR, None, f"Error saving file: {error!r}")

    async def _write_file(self) -> None:
        content = file_content(await self._document.aget())
        found = await asyncio.to_thread(self._notebook_file.write, content)
        async with self._update_lock:
            self._document.dirty = False
            self._document.hash = hash_of(content)
        self._emit(LogLevel.INFO, "save", "Content saved.")
        await self._tell(found)

    async def _tell(self, found: Found | None) -> None:
        """Record what was found in the place of the room's own file."""
        if found is None:
            return
        log.warning("%s Kept as: %s.", found.reason, found.kept_as)
        entry = refused_entry(ROOM, "file", found.reason, kept_as=found.kept_as)
        await self._journal.insist([entry])

    async def stop(self) -> None:
        """End the room, after a write of the file that began."""
        self._hold_saving()
        async with self._saving:
            self._custody.close()
        await super().stop()

    # ------------------------------------------------------------- the pages

    async def serve(self, channel: PageSocket) -> None:
        """Serve one page until it is gone, or was turned away."""
        try:
            await super().serve(channel)
        finally:
            del self._writes[channel]
            self._overlooked.discard(channel)
            self._answering.discard(channel)

    async def _sync(self, page: PageSocket, message: bytes) -> bool:
        kind = message[0]
        if kind == YSyncMessageType.SYNC_STEP1:
            self._answer(page, message)
            return True
        if kind not in (YSyncMessageType.SYNC_STEP2, YSyncMessageType.SYNC_UPDATE):
            return True
        while self._outbox.is_full and not self.broken:
            # The disk is far behind. What this page writes stays with it meanwhile.
            if page.is_gone:
                return False
            await asyncio.sleep(OUTBOX_FULL_S)
        self._writes[page] += 1
        if page.read_only:
            self._overlook(page, kind, message[1:])
            return True
        return self._write(page, self._writes[page], message[1:])

    def _answer(self, page: PageSocket, message: bytes) -> None:
        """Say what the page lacks; one answer at a time, as it may be large."""
        if page in self._answering:
            return
        reply = handle_sync_message(message, self.ydoc)
        assert reply is not None
        page.took(len(reply) / ANSWERED_BYTES_PER_S)
        self._answering.add(page)
        self._outbox.put_nowait(Answer(page, reply))

    def _write(self, page: PageSocket, write: int, message: bytes) -> bool:
        began_s = self._monotonic()
        try:
            if page.is_over:
                raise Refused("The interview has ended: nothing more is written.")
            if self._journal.is_full:
                raise RecordFull(self._journal.full_words())
            if len(message) > MAX_UPDATE_BYTES:
                raise TooLarge("This edit is too large to be saved.")
            staff = page.person.role != "candidate"
            self._writing = page
            self._custody.take(page.person.hub_name, framed(message), staff=staff)
        except NBInterviewError as error:
            log.warning("an edit of %s refused: %s", page.person.hub_name, error)
            self._outbox.put_nowait(Refusal(page, write, error))
            return False
        finally:
            self._writing = None
            page.took(self._monotonic() - began_s)
        self._outbox.put_nowait(Saved(page, write))
        return True

    def _overlook(self, page: PageSocket, kind: int, message: bytes) -> None:
        """Leave a reviewer's write out; once for each connection, say so on record.

        Not more: the notebook's page writes a little by itself when it opens.
        """
        if page in self._overlooked:
            return
        if kind == YSyncMessageType.SYNC_STEP2 and not self._brings(message):
            return
        self._overlooked.add(page)
        error = Refused("Reviewers look and change nothing.")
        refusal = Refusal(page, self._writes[page], error, ends=False)
        self._outbox.put_nowait(refusal)

    def _brings(self, message: bytes) -> bool:
        try:
            return self._custody.brings_structs(framed(message))
        except NBInterviewError:
            return True

    # ------------------------------------------------------------ the outbox

    def _note(self, author: str, update: bytes) -> None:
        change = Change(author, update, self._edits.take(), self._writing)
        self._outbox.put_nowait(change)
        self._save_soon()

    def _note_corrected(
        self, author: str, update: bytes, inverse: bytes, what: str
    ) -> None:
        if self._writing is not None:
            self._writing.took(len(inverse) / PUT_RIGHT_BYTES_PER_S)
        change = Change(author, update, self._edits.take(), self._writing)
        self._outbox.put_nowait(Corrected(change, inverse, what))
        self._save_soon()

    async def _broadcast_updates(self) -> None:
        while True:
            waiting = [await self._outbox.get()]
            while not self._outbox.empty():
                waiting.append(self._outbox.get_nowait())
            try:
                await self._record(waiting)
            except NotWritten:
                return  # the room closes; what is not on disk was seen by nobody
            except (TooLarge, Invalid):
                log.exception("a change cannot be recorded, nobody has seen it")
                self._give_up()
                return
            for page, write in saved_writes(waiting).items():
                await page.send(saved_message(write))
            for item in waiting:
                await self._send(item)
                self._outbox.done(item)
            if self.broken:
                self._give_up()
                return

    def _give_up(self) -> None:
        """Send the pages away, to a room made anew from what the journal holds."""
        self._gave_up = True
        for client in list(self.clients):
            client.close(RESTART, "the document is loaded again")

    async def _record(self, waiting: Sequence[Item]) -> None:
        entries = [entry for item in waiting for entry in entries_of(item, self._path)]
        if entries:
            await self._journal.insist(entries)

    async def _send(self, item: Item) -> None:
        if isinstance(item, Change):
            await self._show(item, create_update_message(item.update))
        elif isinstance(item, Corrected):
            await self._show(item.change, create_update_message(item.both))
            if item.change.page is not None:
                await item.change.page.send(create_update_message(item.inverse))
        elif isinstance(item, Answer):
            self._answering.discard(item.page)
            await item.page.send(item.message)
        elif isinstance(item, Refusal) and item.ends:
            await item.page.send(refused_message(item))
            item.page.close(POLICY, "refused")

    async def _show(self, change: Change, message: bytes) -> None:
        for client in list(self.clients):
            if client is not change.page:
                await client.send(message)

    async def flush(self) -> None:
        """Wait until everything said so far is on disk and broadcast."""
        if not self.broken:
            await self._outbox.join()
