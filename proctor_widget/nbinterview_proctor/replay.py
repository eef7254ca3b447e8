"""A whole journal through the engine: rescoring, appeals, reports and tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from nbinterview_proctor import engine
from nbinterview_proctor.policy import Policy


def outcomes(policy: Policy, records: Iterable[Any]) -> list[engine.Outcome]:
    """Return what the engine says about these records, in their order.

    A record is its wire form (record.schema.yaml), a mapping with `at_s` instead
    of `time`, or an object with `kind`, `payload`, `at_s` and `monotonic_ms`.
    """
    state = engine.initial(policy)
    found: list[engine.Outcome] = []
    for record in records:
        kind, payload, at_s, monotonic_ms = _parts(record)
        state, more = engine.step(state, kind, payload, at_s, monotonic_ms)
        found += more
    return found


def flags(records: Iterable[Any]) -> list[dict[str, Any]]:
    """Return `Flag`s of live.schema.yaml from `flag` and `flag.closed` records.

    The evidence of the closed flag replaces that of the open one.
    """
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        kind, payload, at_s, _ = _parts(record)
        if kind == "flag":
            found[payload["episode_id"]] = {
                **payload,
                "flagged_at": engine.iso(at_s),
                "ended_at": None,
            }
        elif kind == "flag.closed" and payload["episode_id"] in found:
            found[payload["episode_id"]].update(
                ended_at=payload["ended_at"], evidence=payload["evidence"]
            )
    return list(found.values())


def measured(records: Iterable[Any]) -> dict[str, float]:
    """Return for how many seconds each sensor could measure, from its records."""
    since_s: dict[str, float] = {}
    total_s: dict[str, float] = {}
    at_s = 0.0
    for record in records:
        kind, payload, at_s, _ = _parts(record)
        if kind != "sensor":
            continue
        sensor = payload["sensor"]
        total_s.setdefault(sensor, 0.0)
        if sensor in since_s:
            total_s[sensor] += at_s - since_s.pop(sensor)
        if payload["state"] == "measuring":
            since_s[sensor] = at_s
    for sensor, start_s in since_s.items():
        total_s[sensor] += at_s - start_s
    return total_s


def _parts(record: Any) -> tuple[str, Mapping[str, Any], float, float | None]:
    if not isinstance(record, Mapping):
        return record.kind, record.payload, record.at_s, record.monotonic_ms
    at_s = record.get("at_s")
    if at_s is None:
        at_s = datetime.fromisoformat(record["time"]).timestamp()  # ends in Z: UTC
    return record["kind"], record["payload"], at_s, record.get("monotonic_ms")
