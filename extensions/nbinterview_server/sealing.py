"""The room signs the head of its record: by its own key, every two seconds, at the end.

A checkpoint is of records that are on disk, so it may be shown at once; it is stored
with the next commit. The platform certifies the key and countersigns the heads when
it can be reached. Without it the room signs all the same, and shows that later.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nbinterview.errors import Invalid, NBInterviewError, Unavailable
from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
    Receipt,
    make_checkpoint,
)
from nbinterview.ledger.records import Record, format_time
from nbinterview.ledger.signing import Signer, load, load_or_make, rotate
from nbinterview_server.config import save_copy
from nbinterview_server.fanout import Fanout
from nbinterview_server.journal import Journal
from nbinterview_server.service_api import ServiceApi
from nbinterview_server.view import CANDIDATE, PANEL, Message

SEAL_EVERY_S = 1.5
"""From one checkpoint to the next while there are records; 2 s at most are promised."""

CERTIFY_AGAIN_S = 60.0
"""At most so often a service that seems to have forgotten the room's key is asked."""

Sleep = Callable[[float], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoomKey:
    """The key that signs an interview's record, and what is to be said of it."""

    signer: Signer
    said: Message | None
    """The `key` record that is due; None for the key that is on record already."""

    @property
    def replaced(self) -> bool:
        """Whether another key signed this record before."""
        return self.said is not None and self.said["state"] == "replaced"


def open_key(path: Path, now: datetime, last_key_id: str | None) -> RoomKey:
    """Return the room's key: from its file, or a new one where there is no good one.

    `last_key_id` is the one that is on record. What is signed by it stays good.
    Raises `Unavailable` when no key can be kept.
    """
    why = ""
    try:
        signer = load(path)
    except FileNotFoundError:
        signer = _made(lambda: load_or_make(path))
        why = "its file was not there any more"
    except Unavailable as error:
        log.warning("%s", error.detail)
        signer = _made(lambda: rotate(path, now))
        why = "its file was damaged, or others could read it"
    if signer.key_id == last_key_id:
        return RoomKey(signer, None)
    made: dict[str, Any] = {"state": "made", "key_id": signer.key_id}
    if last_key_id is None:
        return RoomKey(signer, {**made, "replaces": None, "detail": ""})
    detail = f"The key before it is lost: {why or 'its file was replaced'}."
    replaced = {**made, "state": "replaced", "replaces": last_key_id}
    return RoomKey(signer, {**replaced, "detail": detail})


def _made(make: Callable[[], Signer]) -> Signer:
    try:
        return make()
    except OSError as error:
        raise Unavailable(f"The room's key can't be kept: {error}") from error


class Sealing:
    """Signs the journal's tree. `run` and `certify` go on until cancelled."""

    def __init__(
        self,
        journal: Journal,
        service: ServiceApi,
        fanout: Fanout,
        *,
        interview: str,
        kept: Path,
        clock: Callable[[], datetime],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.newest: Checkpoint | None = None
        """The newest that was shown."""
        self.certificate: Certificate | None = None
        self.countersignature: Countersignature | None = None
        """The service's newest."""
        self._key: RoomKey | None = None
        self._platform_keys: tuple[PlatformKey, ...] = ()
        self._journal = journal
        self._service = service
        self._fanout = fanout
        self._interview = interview
        self._kept = kept
        self._clock = clock
        self._sleep = sleep
        self._wake = asyncio.Event()
        self._doubted = asyncio.Event()
        """The service or its keys are not those that the certificate came with."""
        self._ended = False
        self._listeners: list[Callable[[], None]] = []

    def begin(self, key: RoomKey) -> None:
        """Sign with this key from now on."""
        self._key = key
        self._take_up()
        self._wake.set()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every new checkpoint."""
        self._listeners.append(listener)

    def hear(self, record: Record) -> None:
        """Listen to the journal: there is something to sign."""
        if record.kind == "interview.state" and record.facts["state"] == "ended":
            self._ended = True
        self._wake.set()

    def recall(self, *, ended: bool) -> None:
        """Take up how the interview stood when the room was started again."""
        self._ended = ended

    async def run(self) -> None:
        """Sign, while there are new records."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                self.seal()
            except Exception:  # the next one may succeed
                log.exception("a checkpoint could not be made")
            await self._sleep(SEAL_EVERY_S)

    def seal(self) -> Checkpoint | None:
        """Sign what is on disk now and show it; None while there is nothing to sign."""
        size = self._journal.tree.size
        if self._key is None or not size:
            return None
        if self.newest is not None and self.newest.size == size:
            return self.newest
        self.newest = made = self._make(self._key, size)
        self._journal.keep((size, made.time, json.dumps(made.wire())))
        self._tell()
        for listener in self._listeners:
            listener()
        return made

    def up_to(self, seq: int) -> Checkpoint | None:
        """Return what to send with records up to this one; None for nothing new.

        The newest where it is not beyond them, else one for just these.
        """
        newest, signed = self.newest, self.countersignature
        if newest is None or self._key is None or not seq:
            return None
        if newest.size > seq:
            return self._make(self._key, seq)
        known = signed is not None and signed.size >= newest.size
        return None if known else newest

    def _make(self, key: RoomKey, size: int) -> Checkpoint:
        root = self._journal.tree.root(size)
        time = format_time(self._clock())
        return make_checkpoint(key.signer, self._interview, size, root, time)

    # ------------------------------------------------------------ the platform

    def countersigned(self, found: Countersignature) -> None:
        """Keep the service's signature, when it is under a head of this record."""
        tree, kept = self._journal.tree, self.countersignature
        if found.interview != self._interview or not 0 < found.size <= tree.size:
            log.error("a countersignature of %d records is none of ours", found.size)
            return
        if tree.root(found.size).hex() != found.root:
            log.error("a countersignature is of another record than ours")
            return
        if found.platform_key_id not in {key.key_id for key in self._platform_keys}:
            self._doubted.set()
        if kept is None or found.size > kept.size:
            self.countersignature = found
            self._tell()

    def not_countersigned(self) -> None:
        """Hear that the service holds a head and the records, and signed nothing."""
        if self.certificate is not None:
            self._doubted.set()

    async def certify(self, delay_s: Callable[[], float]) -> None:
        """Have the key certified, as soon as the service answers.

        `delay_s` says how long to wait after each failure.
        """
        while self.certificate is None or not self._platform_keys:
            if not await self._ask_certificate():
                await self._sleep(delay_s())

    async def stay_certified(self) -> None:
        """Have it certified again by a service that forgot it or has new keys."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            await self._ask_certificate()
            await self._sleep(CERTIFY_AGAIN_S)

    async def last_try(self) -> bool:
        """Ask once more when nobody countersigned the newest head; say if it helped."""
        newest, signed = self.newest, self.countersignature
        if self._key is None or newest is None:
            return False
        if signed is not None and signed.size >= newest.size:
            return False
        return await self._ask_certificate()

    async def _ask_certificate(self) -> bool:
        assert self._key is not None
        public, replaced = self._key.signer.public, self._key.replaced
        try:
            certificate = await self._service.certify(public, replaced=replaced)
            keys = await self._service.platform_keys()
            self._take_certificate(certificate, keys)
        except NBInterviewError as error:
            log.warning("the room's key is not certified: %s", error.detail)
            return False
        return True

    def _take_certificate(
        self, certificate: Certificate, keys: tuple[PlatformKey, ...]
    ) -> None:
        assert self._key is not None
        ours = (self._interview, self._key.signer.public)
        if (certificate.interview, certificate.public_key) != ours:
            raise Unavailable("The service certified another key.")
        if not any(certificate.verify(key.public_key) for key in keys):
            raise Unavailable("The certificate is by no key of the platform.")
        self.certificate, self._platform_keys = certificate, keys
        try:
            save_copy(
                self._kept,
                {
                    "certificate": certificate.wire(),
                    "platform_keys": [key.wire() for key in keys],
                },
            )
        except OSError as error:  # it is asked for again after a restart
            log.warning("the certificate is not kept: %s", error)
        self._tell()
        for listener in self._listeners:  # the service can countersign now
            listener()

    def _take_up(self) -> None:
        """Take up the certificate of an earlier start, if it is this key's."""
        assert self._key is not None
        try:
            kept = json.loads(self._kept.read_text("utf-8"))
            certificate = Certificate.from_wire(kept["certificate"])
            keys = tuple(PlatformKey.from_wire(one) for one in kept["platform_keys"])
        except (OSError, ValueError, KeyError, TypeError, Invalid):
            return
        if certificate.public_key == self._key.signer.public:
            self.certificate, self._platform_keys = certificate, keys

    # ------------------------------------------------------------- who is told

    def message(self) -> dict[str, Any] | None:
        """Return the newest checkpoint as the panel is told of it."""
        if self.newest is None:
            return None
        return {
            "type": "checkpoint",
            "checkpoint": self.newest.wire(),
            "certificate": self.certificate and self.certificate.wire(),
            "countersignature": self.countersignature and self.countersignature.wire(),
        }

    def receipt(self) -> dict[str, Any] | None:
        """Return what the candidate gets at the end; None before it."""
        if not self._ended or self.newest is None:
            return None
        signed = self.countersignature
        under = signed is not None and signed.size == self.newest.size
        receipt = Receipt(
            self._interview,
            self.newest,
            self.certificate,
            signed if under else None,
            self._platform_keys,
        )
        return {"type": "receipt", "receipt": receipt.wire()}

    def _tell(self) -> None:
        for audience, message in (
            (PANEL, self.message()),
            (CANDIDATE, self.receipt()),
        ):
            if message is not None:
                self._fanout.tell(audience, message)
