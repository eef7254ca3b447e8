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


def measures(state: str, rule: str = "") -> bool:
    """Return whether a sensor in this state measures: anything at all, or for a rule.

    While the baseline is learned only the turn away from it cannot be told.
    """
    return state == "measuring" or (state == "calibrating" and rule != "looking_away")


def measured(policy: Policy, records: Iterable[Any]) -> dict[str, float]:
    """Return for how many seconds each rule's sensor could measure for it."""
    lasted_s = _states(records)
    return {
        rule.rule: sum(
            seconds
            for (sensor, state), seconds in lasted_s.items()
            if sensor == rule.sensor and measures(state, rule.rule)
        )
        for rule in policy.active_rules
    }


def _states(records: Iterable[Any]) -> dict[tuple[str, str], float]:
    """Return for how many seconds each sensor was in each state."""
    since: dict[str, tuple[str, float]] = {}
    lasted_s: dict[tuple[str, str], float] = {}

    def passed(sensor: str, until_s: float) -> None:
        if sensor in since:
            state, start_s = since[sensor]
            so_far_s = lasted_s.get((sensor, state), 0.0)
            lasted_s[sensor, state] = so_far_s + until_s - start_s

    at_s = 0.0
    for record in records:
        kind, payload, at_s, _ = _parts(record)
        if kind == "sensor":
            passed(payload["sensor"], at_s)
            since[payload["sensor"]] = payload["state"], at_s
    for sensor in since:
        passed(sensor, at_s)
    return lasted_s


def _parts(record: Any) -> tuple[str, Mapping[str, Any], float, float | None]:
    if not isinstance(record, Mapping):
        return record.kind, record.payload, record.at_s, record.monotonic_ms
    at_s = record.get("at_s")
    if at_s is None:
        at_s = datetime.fromisoformat(record["time"]).timestamp()  # ends in Z: UTC
    return record["kind"], record["payload"], at_s, record.get("monotonic_ms")
