"""A bundle's records, line by line: each verified and put into the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview.errors import Invalid
from nbinterview.ledger.bundle import NEVER_ERASED, RECORDS, Reading
from nbinterview.ledger.bundle_file import MAX_RECORDS, BundleFile
from nbinterview.ledger.quick import Quick
from nbinterview.ledger.records import Record
from nbinterview.ledger.trust import Broken


@dataclass
class Lines:
    """What the lines gave."""

    reading: Reading
    erased_of_format_1: int = 0


def read_records(
    bundle: BundleFile, interview: str, erasures: Sequence[Mapping[str, Any]]
) -> Lines:
    """Return what all records give. Raises `Broken`, naming the first bad one."""
    found = Lines(Reading(interview))
    quick = Quick(interview)
    reading, tree = found.reading, found.reading.tree
    for line in bundle.lines(RECORDS, held=False):
        seq = tree.size + 1
        if seq > MAX_RECORDS:
            raise Invalid(f"The bundle has more than {MAX_RECORDS:,} records.")
        try:
            whole = quick.read(line, seq)
            if whole is not None:
                reading.add(*whole, 2)
                continue
            record = _verified(line, seq)
            reading.take(record)
        except Invalid as error:
            raise Broken(error.detail, seq) from error
        if record.erased:
            _check_erasure(record, erasures)
            found.erased_of_format_1 += record.format == 1
    return found


def _verified(line: bytes, seq: int) -> Record:
    record = Record.from_json(line, erased_by_us=True)
    if record.wire_json != line:
        raise Invalid(f"record {seq} is not written in its canonical form")
    return record


def _check_erasure(record: Record, erasures: Sequence[Mapping[str, Any]]) -> None:
    announced = any(
        one["from_seq"] <= record.seq <= one["to_seq"]
        and (not one["kinds"] or record.kind in one["kinds"])
        for one in erasures
    )
    if not announced:
        raise Broken(
            f"record {record.seq} has no payload, and no erasure says why", record.seq
        )
    if record.kind in NEVER_ERASED:
        raise Broken(
            f"record {record.seq} ({record.kind}) has no payload: this kind is never "
            "erased",
            record.seq,
        )
