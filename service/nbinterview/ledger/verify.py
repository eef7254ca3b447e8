"""Whether a bundle proves itself, and what it leaves open: docs/reference/bundle.md.

Needs no platform and no network. What is here decides by `trust` and `record_lines`
what was checked and what was not, in words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from nbinterview.errors import Invalid
from nbinterview.ledger import bundle as parts
from nbinterview.ledger.bundle import proofs
from nbinterview.ledger.bundle_file import BundleFile, open_bundle
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
    Receipt,
)
from nbinterview.ledger.rebuilding import can_rebuild
from nbinterview.ledger.record_lines import read_records
from nbinterview.ledger.trust import AUDIT_LOG, Broken, Trust
from nbinterview.schemas import check

_REASONS, _REASON_CHARS = 20, 300


@dataclass
class Findings:
    """What a verification found. `why` is empty when `ok`."""

    ok: bool = True
    checked: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    first_bad_seq: int | None = None
    why: str = ""


def verify(
    path: Path,
    *,
    receipt: Receipt | None = None,
    platform_keys: Sequence[str] = (),
) -> Findings:
    """Verify a bundle.

    `platform_keys` are public keys (64 hex digits) that the caller knows to be the
    platform's, `receipt` a candidate's. Raises `Invalid` for what is no bundle.
    """
    found = Findings()
    with open_bundle(path) as bundle:
        manifest = bundle.json(parts.MANIFEST)
        if not isinstance(manifest, Mapping) or manifest.get("format") != parts.FORMAT:
            raise Invalid(f"{path} is no bundle, or one of a newer nbinterview.")
        try:
            _Verifier(bundle, manifest, found, platform_keys).run(receipt)
        except Broken as broken:
            found.ok, found.why, found.first_bad_seq = False, broken.why, broken.seq
    return found


class _Verifier:
    """One verification, step by step; each adds to the findings."""

    def __init__(
        self,
        bundle: BundleFile,
        manifest: Mapping[str, Any],
        found: Findings,
        given: Sequence[str],
    ) -> None:
        self._bundle = bundle
        self._manifest = manifest
        self._found = found
        self._interview = str(manifest.get("interview"))
        self._is_log = self._interview == AUDIT_LOG
        wires = _list(bundle, parts.PLATFORM_KEYS)
        own = [_formed(PlatformKey, wire, parts.PLATFORM_KEYS) for wire in wires]
        self._trust = Trust(self._interview, own, given)
        if given:
            self._say("the platform's key is the one you gave")
        else:
            self._open(
                "that the platform's key is the platform's: it is the bundle's own "
                "word. Compare it with what the platform shows:"
                + "".join(f"\n    {one}" for one in self._trust.platform.values())
            )

    def run(self, receipt: Receipt | None) -> None:
        """Check everything."""
        self._certificates()
        self._records()
        checkpoints = self._checkpoints()
        self._covered(checkpoints, self._countersignatures())
        given = canonical(self._bundle.json(parts.PROOFS))
        if given != canonical(proofs(self._tree, checkpoints)):
            raise Broken("proofs.json is not what the records give")
        if receipt is None:
            self._open("against anybody's own copy: no receipt was given (--receipt)")
        else:
            self._trust.receipt(receipt, self._tree)
            size = receipt.checkpoint.size
            self._say(f"the receipt: its {_count(size, 'record')} are the same")
        if not self._is_log:
            self._policy()
            self._notebook()
        self._open("titles, versions, reasons of erasures: nothing signs what is told")

    # ------------------------------------------------------------ records

    def _certificates(self) -> None:
        for wire in self._signed_lines(parts.CERTIFICATES):
            one = _formed(Certificate, wire, parts.CERTIFICATES)
            self._trust.certify(one, "a certificate in the bundle")
        keys = len(self._trust.keys)
        if keys and not self._is_log:
            self._say(f"{_count(keys, 'key')} of the interview, under the platform's")

    def _records(self) -> None:
        erasures = _list(self._bundle, parts.ERASURES)
        for wire in erasures:
            _fits(wire, "Erasure", parts.ERASURES)
            if wire["interview"] != self._interview:
                raise Broken("an erasure is of another interview")
        told = self._manifest.get("records")
        lines = read_records(self._bundle, self._interview, erasures)
        self._read, self._tree = lines.reading, lines.reading.tree
        size = self._tree.size
        self._say(f"{_count(size, 'record')}: each fits its hash, none is missing")
        if told != size:
            raise Broken(f"the bundle tells of {told} records and has {size}", size + 1)
        if self._read.after_end:
            late = _count(self._read.after_end, "record")
            self._open(f"the end: {late} of format 1 came after it, as rooms did then")
        if self._read.erased:
            self._say(
                f"{_count(self._read.erased, 'erased record')}, announced, their "
                f"hashes in the tree; why: {_reasons(erasures)}"
            )
            self._open(
                "that it was the platform who erased them: nothing signs an erasure, "
                "so whoever had this file could. Its audit log says what it erased"
            )
        if lines.erased_of_format_1:
            old = _count(lines.erased_of_format_1, "erased record")
            self._open(
                f"kind, author and time of {old} of format 1: only hashes stayed"
            )

    # -------------------------------------------------------------- heads

    def _checkpoints(self) -> list[Checkpoint]:
        found: list[Checkpoint] = []
        for wire in self._signed_lines(parts.CHECKPOINTS):
            one = _formed(Checkpoint, wire, parts.CHECKPOINTS)
            what = f"the signed head of {_count(one.size, 'record')}"
            self._trust.head_fits(one, self._tree, what)
            self._trust.signed(one, what)
            found.append(one)
        if found:
            self._say(f"{_count(len(found), 'signed head')}: of just these records")
        return found

    def _countersignatures(self) -> list[Countersignature]:
        found: list[Countersignature] = []
        for wire in self._signed_lines(parts.COUNTERSIGNATURES):
            one = _formed(Countersignature, wire, parts.COUNTERSIGNATURES)
            what = f"the countersignature over {_count(one.size, 'record')}"
            self._trust.head_fits(one, self._tree, what)
            self._trust.countersigned(one, what)
            found.append(one)
        if found:
            self._say(f"{_count(len(found), 'countersignature')} of the platform")
        return found

    def _covered(
        self, checkpoints: Sequence[Checkpoint], seen: Sequence[Countersignature]
    ) -> None:
        size = self._tree.size
        signed = max((one.size for one in checkpoints), default=0)
        if not checkpoints and self._read.format == 1 and seen:
            # Rooms did not sign yet; the service may have, later and for itself.
            last = max(seen, key=lambda one: one.size)
            signed = last.size
            self._open(
                "that nothing was altered before the platform signed it "
                f"({last.time}): these records are older than rooms that sign"
            )
        if not signed:
            raise Broken("nothing signs these records: anybody could have made them")
        if signed == size:
            self._say("the last record is signed, too")
        elif self._read.closed:
            raise Broken(
                f"the record is whole, and nothing signs what comes after {signed:,} "
                "(if it ended just now: export it again in a minute)",
                signed + 1,
            )
        else:
            self._open(f"records {signed + 1:,} to {size:,}: they are not signed yet")
        if self._is_log:
            return
        if not self._read.ended:
            self._open("what comes after: the interview had not ended then")
        elif not self._read.closed:
            self._open(
                "what comes after: its room had not stopped yet. If it ended just now, "
                "export it again in a minute"
            )
        if checkpoints and not seen:
            self._open("that the platform saw this in time: it signed no head")

    # ------------------------------------------------ what follows from it

    def _policy(self) -> None:
        if canonical([self._bundle.json(parts.POLICY)]) != canonical(
            [self._read.policy]
        ):
            raise Broken("policy.json is not the policy that the room recorded")
        self._say("policy.json is the policy that the room recorded")

    def _notebook(self) -> None:
        here = self._bundle.has(parts.NOTEBOOK)
        if not can_rebuild():
            self._open("the notebook: what reads a document is not installed here")
            return
        rebuilt, why_none = self._read.notebook()
        told = str(self._manifest.get("notebook"))
        if not here and rebuilt is not None and told.startswith(parts.NOT_REBUILT):
            # Where it was written there was less time or memory than here.
            self._open("notebook.ipynb: it is not in the bundle; the records give one")
        elif not here and rebuilt is not None:
            raise Broken("notebook.ipynb is missing: the records give one")
        elif not here:
            self._open(f"a notebook: there is none ({_printable(why_none)})")
        elif rebuilt is None and why_none.startswith(parts.NOT_REBUILT):
            self._open(f"notebook.ipynb: what the records give was {why_none}")
        elif rebuilt is None:
            raise Broken(
                "notebook.ipynb does not come from the records: " + _printable(why_none)
            )
        elif _notebook_of(self._bundle.text(parts.NOTEBOOK)) != _notebook_of(rebuilt):
            raise Broken("notebook.ipynb is not what the document's records give")
        else:
            self._say("notebook.ipynb is what the document's records give")

    # -------------------------------------------------------------- parts

    def _signed_lines(self, name: str) -> list[Any]:
        found = []
        for line in self._bundle.lines(name):
            try:
                wire = orjson.loads(line)
                exact = canonical(wire) == line
            except (orjson.JSONDecodeError, Invalid):
                exact = False
            if not exact:
                raise Broken(f"{name} has a line that is not canonical JSON")
            found.append(wire)
        return found

    def _say(self, checked: str) -> None:
        self._found.checked.append(checked)

    def _open(self, unchecked: str) -> None:
        self._found.unchecked.append(unchecked)


def read_receipt(path: Path) -> Receipt:
    """Return the receipt in a file. Raises `Invalid` in words."""
    try:
        wire = orjson.loads(path.read_bytes())
        return Receipt.from_wire(wire if isinstance(wire, dict) else {})
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}.") from error
    except orjson.JSONDecodeError as error:
        raise Invalid(f"{path} is no receipt: it is not JSON.") from error
    except Invalid as error:
        raise Invalid(f"{path} is no receipt: {error.detail}") from error


def _list(bundle: BundleFile, name: str) -> list[Any]:
    found = bundle.json(name)
    if not isinstance(found, list):
        raise Broken(f"{name} is no list")
    return found


def _formed(what: Any, wire: object, name: str) -> Any:
    try:
        return what.from_wire(wire if isinstance(wire, Mapping) else {})
    except Invalid as error:
        raise Broken(f"{name}: {error.detail}") from error


def _fits(wire: object, definition: str, name: str) -> None:
    try:
        check(wire, "ledger", definition)
    except Invalid as error:
        raise Broken(f"{name}: {error.detail}") from error


def _notebook_of(text: bytes) -> str:
    try:
        # As text: 1, 1.0 and true are equal to Python and not to a reader.
        return json.dumps(json.loads(text, object_pairs_hook=_once), sort_keys=True)
    except (ValueError, RecursionError) as error:
        raise Broken("notebook.ipynb is no JSON, or says something twice") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _reasons(erasures: Sequence[Mapping[str, Any]]) -> str:
    """Return why, in a line that no reason can break out of."""
    told = sorted({str(one["reason"])[:_REASON_CHARS] for one in erasures})
    shown = told[:_REASONS] + (["..."] if len(told) > _REASONS else [])
    return _printable("; ".join(shown))


def _printable(text: str) -> str:
    """Return text of unknown origin without what a terminal would obey."""
    return "".join(one if one.isprintable() else "?" for one in text)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
