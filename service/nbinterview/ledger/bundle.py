"""An interview's record as one file that proves itself: docs/reference/bundle.md.

What can be made from the records is made from them here (proofs, notebook, policy), so
no two parts of a bundle can disagree by mistake. Equal contents give equal bytes.
"""

from __future__ import annotations

import base64
import binascii
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from nbinterview.errors import Invalid, Unavailable
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
)
from nbinterview.ledger.moments import as_file
from nbinterview.ledger.notebook import DEFAULT_PATH
from nbinterview.ledger.rebuilding import rebuild_apart
from nbinterview.ledger.records import Record
from nbinterview.ledger.tree import Tree
from nbinterview.schemas import check

FORMAT = "nbinterview-bundle/1"
MANIFEST, RECORDS = "manifest.json", "records.jsonl"
CHECKPOINTS, COUNTERSIGNATURES = "checkpoints.jsonl", "countersignatures.jsonl"
CERTIFICATES, PLATFORM_KEYS = "certificates.jsonl", "platform_keys.json"
ERASURES, PROOFS = "erasures.json", "proofs.json"
NOTEBOOK, POLICY, README = "notebook.ipynb", "policy.json", "README.txt"
ALWAYS = frozenset(
    {
        *(MANIFEST, RECORDS, CHECKPOINTS, COUNTERSIGNATURES, CERTIFICATES),
        *(PLATFORM_KEYS, ERASURES, PROOFS, POLICY, README),
    }
)
MEMBERS = ALWAYS | {NOTEBOOK}
NEVER_ERASED = frozenset(
    {"room.started", "room.stopped", "interview.state", "key", "witness"}
)
"""Without these nobody could say what a record is and whether it is whole."""
MAX_UPDATES_BYTES = 512 * 1024**2
"""Of the notebook's edits, which are held until the end to rebuild it."""
MAX_NOTEBOOK_BYTES = 64 * 1024**2
NOT_REBUILT = "not rebuilt"
"""How the words begin when another computer could have rebuilt the notebook."""

_TEXT = """\
This is the record of one interview, made by nbinterview.

  records.jsonl            everything that happened, one record a line
  checkpoints.jsonl        heads of the records' tree, signed by the interview's key
  certificates.jsonl       the platform says which key is the interview's
  countersignatures.jsonl  the platform saw these heads, too
  platform_keys.json       the platform's public keys
  erasures.json            what was erased, and why: its hashes are still here
  proofs.json              short proofs, for who has a head and not the records
  notebook.ipynb           the notebook at the end, made from the records
  policy.json              what was watched, and how

Check it, on any computer and without a network:

  nbinterview verify {name} --receipt receipt.json --platform-key KEY

Get KEY from the platform itself, not from this file. Without a receipt or a head that
somebody kept, a platform and a room that agree could still show another record.
How to write a verifier of your own: docs/reference/bundle.md of nbinterview.

The notebook and the records hold what a candidate wrote: look, don't run.
"""


@dataclass(frozen=True)
class Contents:
    """What a bundle is made of; `records` is gone through once.

    `about` is for people (title, times): nothing vouches for it. `versions` says which
    programs wrote and judged, `engine` among them.
    """

    interview: str
    records: Iterable[Record]
    made_at: str
    checkpoints: Sequence[Checkpoint] = ()
    certificates: Sequence[Certificate] = ()
    countersignatures: Sequence[Countersignature] = ()
    platform_keys: Sequence[PlatformKey] = ()
    erasures: Sequence[Mapping[str, Any]] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def write_bundle(target: Path | IO[bytes], contents: Contents) -> None:
    """Write a bundle to a path or a file that can seek.

    Blocks for as long as it takes: seconds for an interview of hours. Raises `Invalid`
    for records of another interview or out of order.
    """
    checkpoints = sorted(contents.checkpoints, key=lambda one: one.size)
    for erasure in contents.erasures:
        check(dict(erasure), "ledger", "Erasure")
    read = Reading(contents.interview)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        with packed.open(_entry(RECORDS), "w", force_zip64=True) as file:
            for record in contents.records:
                read.take(record)
                file.write(record.wire_json + b"\n")
        notebook, why_none = read.notebook()
        manifest = {
            "format": FORMAT,
            "interview": contents.interview,
            "made_at": contents.made_at,
            "records": read.tree.size,
            "ended": read.ended,
            "versions": {**read.versions, **contents.versions},
            "notebook": why_none or NOTEBOOK,
            "about": dict(contents.about),
        }
        if notebook is not None:
            packed.writestr(_entry(NOTEBOOK), notebook)
        for name, value in (
            (MANIFEST, manifest),
            (PLATFORM_KEYS, [key.wire() for key in contents.platform_keys]),
            (ERASURES, [dict(one) for one in contents.erasures]),
            (PROOFS, proofs(read.tree, checkpoints)),
            (POLICY, read.policy),
        ):
            packed.writestr(_entry(name), canonical(value) + b"\n")
        for name, signed in (
            (CHECKPOINTS, checkpoints),
            (CERTIFICATES, contents.certificates),
            (COUNTERSIGNATURES, contents.countersignatures),
        ):
            lines = (canonical(one.wire()) + b"\n" for one in signed)
            packed.writestr(_entry(name), b"".join(lines))
        name = f"{contents.interview}.zip"
        packed.writestr(_entry(README), _TEXT.format(name=name))


class Reading:
    """What is gathered from records as they pass: for a bundle, and to check one."""

    def __init__(self, interview: str) -> None:
        self.tree = Tree()
        self.ended = self.closed = False
        """The interview ended; and then its room stopped: nothing may follow."""
        self.after_end = 0
        """Records after it, of format 1: its rooms wrote down who left even then."""
        self.policy: Any = None
        self.versions: dict[str, str] = {}
        self.erased = 0
        self.format = 1
        self._interview = interview
        self._updates: list[bytes] = []
        self._updates_bytes = 0
        self._documents_erased = False

    def take(self, record: Record) -> None:
        """Take the next record. Raises `Invalid` for one that can't be the next."""
        if record.interview != self._interview:
            raise Invalid(f"record {record.seq} is of another interview")
        if record.seq != self.tree.size + 1:
            raise Invalid(
                f"record {record.seq} stands where {self.tree.size + 1} should: "
                "one is missing, doubled or moved"
            )
        self.add(record.leaf, record.kind, record.payload, record.format)

    def add(
        self, leaf: bytes, kind: str, payload: Mapping[str, Any] | None, format_: int
    ) -> None:
        """Take the next record by its parts. Raises `Invalid` likewise."""
        seq = self.tree.size + 1
        if format_ < self.format:
            raise Invalid(f"record {seq} goes back to format {format_}")
        if self.closed and format_ != 1:
            raise Invalid(f"record {seq} comes after the record's end")
        self.after_end += self.closed
        self.format = format_
        self.tree.append(leaf)
        if payload is None:
            self.erased += 1
            self._documents_erased |= kind == "document"
        elif kind == "document":
            self._document(seq, payload)
        elif kind == "room.started" and self.policy is None:
            self.policy = payload.get("policy")
            versions = payload.get("versions")
            self.versions = dict(versions) if isinstance(versions, Mapping) else {}
        elif kind == "interview.state":
            self.ended = self.ended or payload.get("state") == "ended"
        elif kind == "room.stopped":
            self.closed = self.ended

    def notebook(self) -> tuple[bytes | None, str]:
        """Return the notebook at the end, as a file; or None, and why there is none."""
        if self._documents_erased:
            return None, "erased"
        if self._updates_bytes > MAX_UPDATES_BYTES:
            return None, "can't be rebuilt: its edits are too many bytes"
        if not self._updates:
            return None, "never opened"
        try:
            file = _file_of(rebuild_apart(self._updates))
        except Invalid as error:
            return None, f"can't be rebuilt: {error.detail}"
        except Unavailable as error:
            return None, f"{NOT_REBUILT}: {error.detail}"
        if len(file) > MAX_NOTEBOOK_BYTES:
            return None, "can't be rebuilt: it is too large for a bundle"
        return file, ""

    def _document(self, seq: int, payload: Mapping[str, Any]) -> None:
        if payload.get("path") != DEFAULT_PATH:
            return
        try:
            update = base64.b64decode(payload.get("update", ""), validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise Invalid(f"record {seq} has no update of a document") from error
        self._updates_bytes += len(update)
        if self._updates_bytes > MAX_UPDATES_BYTES:
            self._updates.clear()  # who reads a stranger's bundle has no more memory
        else:
            self._updates.append(update)


def _file_of(notebook: Mapping[str, Any]) -> bytes:
    """Return a notebook as a file. Raises `Invalid` for what only looks like one."""
    try:
        return as_file(notebook).encode()
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Invalid("The document is not a notebook.") from error
    except RecursionError as error:
        raise Invalid("The document is nested too deeply.") from error


def proofs(tree: Tree, checkpoints: Sequence[Checkpoint]) -> dict[str, Any]:
    """Return that each kept head goes on the one before, and the last one's place."""
    sizes = sorted({one.size for one in checkpoints if one.size <= tree.size})
    found: dict[str, Any] = {
        "consistency": [
            {
                "first": first,
                "second": second,
                "path": [one.hex() for one in tree.consistency(first, second)],
            }
            for first, second in pairwise(sizes)
        ],
        "inclusion": None,
    }
    if sizes:
        last = sizes[-1]
        path = [one.hex() for one in tree.inclusion(last - 1, last)]
        found["inclusion"] = {"seq": last, "size": last, "path": path}
    return found


def _entry(name: str) -> zipfile.ZipInfo:
    # The earliest time that a zip can name: equal contents are equal files.
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry
