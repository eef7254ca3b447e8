"""Custody of one shared document: what each person may add to it, and what they did.

The core has no sockets, no clock and no event loop, so that it can be tested by
random schedules. What it needs is a pycrdt document and somebody who hears of
every change, in order:

    changes = []
    custody = Custody(Doc(), lambda author, update: changes.append((author, update)))
    custody.restore(recorded)        # [(author, update), ...]: once, before all else
    custody.take("p-zoe", update)    # True: it changed something; False: it did not
    custody.doc                      # the server itself writes to it, as `author()`

`take` decides before it applies, as pycrdt has no way back: a write is taken
whole, or `Refused`, `Invalid` or `TooLarge` says why, and nothing has happened.
What is heard is what this person really wrote, and the very bytes that were
applied: structs and deletions that the document had already are not in it.
Restoring from what was heard makes the same document.

Rules: new structs only under client ids of the person who sends them; nothing
that would be left pending; nothing that Yjs and pycrdt would take differently.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from pycrdt import TransactionEvent

from nbinterview.errors import Invalid, NBInterviewError
from nbinterview_server.documents.authorship import KERNEL, ROOM, author, written_by
from nbinterview_server.documents.integration import Plan, Refused
from nbinterview_server.documents.lib0 import OWN
from nbinterview_server.documents.order import check_order
from nbinterview_server.documents.originals import Originals
from nbinterview_server.documents.owners import Owners
from nbinterview_server.documents.places import Known
from nbinterview_server.documents.trimming import new_structs
from nbinterview_server.documents.updates import decode
from nbinterview_server.guard.corrections import Correction
from nbinterview_server.guard.guard import Guard

__all__ = ["Broken", "Corrected", "Custody", "Heard", "Refused"]

Heard = Callable[[str, bytes], None]
Corrected = Callable[[str, bytes, bytes, str], None]
"""Author, what they wrote, the room's inverse of a part of it, and of what."""
NO_CHANGE = b"\x00\x00"
NOTHING_DELETED = b"\x00"

log = logging.getLogger(__name__)


class Broken(Refused):
    """pycrdt failed within a write: the document has to be made anew."""


class Custody:
    """The authority over one document."""

    def __init__(
        self,
        doc: Any,
        heard: Heard,
        owners: Owners | None = None,
        *,
        corrected: Corrected | None = None,
        document_id: str = "",
    ) -> None:
        """Guard `doc`, a `pycrdt.Doc` that only the server has written to.

        With `corrected` it is a notebook, and the guard says what may be written
        where (docs/adr/0009); a write that was put right is told there.
        """
        self.doc = doc
        self.owners = owners or Owners()
        self.owners.reserve(doc.client_id)
        self.originals = Originals(doc)
        self.broken = False
        """The document is no longer what was heard of it."""
        self._heard = heard
        self._known = Known()
        self._corrected = corrected
        self._guard = Guard(doc, self._known, document_id) if corrected else None
        self._taking = False
        self._taken: bytes | None = None
        self._correcting = False
        self._correction = NO_CHANGE
        self._subscription: Any = None

    def restore(self, recorded: Iterable[tuple[str, bytes]]) -> int:
        """Apply what was recorded, by author; return how many updates do not fit.

        What an older room let in without these rules is let in again, except what
        would hang in the air. From then on, changes are heard; the first is what
        the server had written to the document before.
        """
        left_out = 0
        already = self.doc.get_update()
        for number, (name, data) in enumerate(recorded, start=1):
            try:
                update = decode(data, OWN)
                plan = Plan(self._known, update, trusted=True)
                if self._guard is not None and name not in (ROOM, KERNEL):
                    self._guard.replays(update, plan)
                self.doc.apply_update(data)
            except (NBInterviewError, ValueError) as error:
                log.warning("recorded update %d left out: %s", number, error)
                left_out += 1
                continue
            self._remember(name, plan)
            self._known.forget(update.deletions)
            if self._guard is not None:
                self._guard.settle()
        # Of what was deleted as a consequence, the records say nothing.
        whole = self.doc.get_update(self.doc.get_state())
        self._known.forget(decode(whole, OWN).deletions)
        if self._guard is not None:
            self._guard.opens()
        self._subscription = self.doc.observe(self._changed)
        if already != NO_CHANGE:
            self._own(already)
        return left_out

    def take(self, name: str, data: bytes, *, staff: bool = False) -> bool:
        """Apply one write of a person, and say whether it changed anything.

        Of staff the order of neighbours is not asked: their pages are trusted, and
        what a hostile page did to the order is not to be held against them.

        Raises:
            Refused: it is not theirs to write, or would be left pending.
            Broken: the document cannot be used any more.
            Invalid: it is no update.
            TooLarge: it holds more than one update may.
        """
        if self.broken:
            raise Broken("The document is being loaded again.")
        update = decode(data)
        plan = Plan(self._known, update)
        if not self.owners.may_claim(name, plan.clients):
            raise Refused("This edit carries the id of another person's page.")
        if plan.empty:
            return False
        if not staff:
            check_order(self.doc, self._known, update, plan)
        correction = None
        if self._guard is not None:
            correction = self._guard.admit(update, plan, staff=staff)
        structs = new_structs(update, plan)
        changed = self._apply(name, structs + data[update.structs_end :])
        if changed is None:
            if not plan.rows:
                return False
            self.broken = True
            raise Broken("This edit could not be applied.")
        self._remember(name, plan)
        deleted = decode(changed, OWN)
        self._known.forget(deleted.deletions)
        written = structs + (
            changed[deleted.structs_end :] if update.deletions else NOTHING_DELETED
        )
        inverse = NO_CHANGE if correction is None else self._correct(correction)
        if correction is None or inverse == NO_CHANGE:
            self._heard(name, written)
        elif self._corrected is not None:
            self._corrected(name, written, inverse, ", ".join(sorted(correction.what)))
        return True

    def _correct(self, correction: Correction) -> bytes:
        """Return the room's inverse of what was just applied."""
        self._correcting, self._correction = True, NO_CHANGE
        try:
            with written_by(ROOM), self.doc.transaction():
                correction.make()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # what was applied is heard of by nobody
            self.broken = True
            log.exception("a write could not be put right")
            raise Broken("This edit could not be applied.") from error
        finally:
            self._correcting = False
        return self._correction

    def brings_structs(self, data: bytes) -> bool:
        """Say whether there is anything new in an update, whoever sent it."""
        return bool(Plan(self._known, decode(data)).rows)

    def close(self) -> None:
        """Hear no more."""
        if self._subscription is not None:
            self.doc.unobserve(self._subscription)
            self._subscription = None

    def _apply(self, name: str, data: bytes) -> bytes | None:
        """Return what was changed. On any failure within, the document is broken."""
        self._taking, self._taken = True, None
        try:
            with written_by(name):
                self.doc.apply_update(data)
        except ValueError as error:  # it was read and not begun
            raise Invalid("This is not a Yjs update: pycrdt cannot read it.") from error
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of pycrdt is no Exception
            self.broken = True
            raise Broken("This edit could not be applied.") from error
        finally:
            self._taking = False
        return self._taken

    def _remember(self, name: str, plan: Plan) -> None:
        if name in (ROOM, KERNEL):
            for client in plan.rows:
                self.owners.reserve(client)
        else:
            self.owners.record(name, plan.clients)
        plan.applied()
        self.originals.came(plan)
        if self._guard is not None and name in (ROOM, KERNEL):
            self._guard.wrote(plan)

    def _changed(self, event: TransactionEvent) -> None:
        update = event.update
        if update == NO_CHANGE or self.broken:
            return
        if self._taking:
            self._taken = update
            return
        self._own(update)

    def _own(self, update: bytes) -> None:
        """Hear of what the server itself wrote."""
        decoded = decode(update, OWN)
        self._remember(ROOM, Plan(self._known, decoded, trusted=True))
        self._known.forget(decoded.deletions)
        if self._correcting:
            self._correction = update
        else:
            self._heard(author(), update)
