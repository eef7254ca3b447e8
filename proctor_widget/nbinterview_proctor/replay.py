"""A whole journal through the engine: rescoring, appeals, reports and tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from nbinterview_proctor import engine
from nbinterview_proctor.policy import Policy


def outcomes(policy: Policy, records: Iterable[Any]) -> list[engine.Outcome]:
    """Return what the engine says about these records, in their order.

    A record is its wire form (record.schema.yaml), a mapping with `at_s` instead
    of `time`, or anything with the attributes of `engine.Fact`.
    """
    return [outcome for _, outcome in told(policy, records)]


def told(
    policy: Policy, records: Iterable[Any]
) -> Iterator[tuple[float, engine.Outcome]]:
    """Yield what the engine says, each with the room's time at which it does."""
    state = engine.initial(policy)
    for record in kept(records):
        one = fact(record)
        state, found = engine.step(state, one)
        for outcome in found:
            yield one.at_s, outcome


def rescore(records: Iterable[Any], policy: Policy) -> list[engine.Fact]:
    """Return the records that the engine writes under another policy.

    They are facts of the kinds in `engine.OWN_KINDS`, so `flags` and `measured`
    read them as they read a journal's own.
    """
    return [
        engine.Fact(outcome.kind, outcome.payload, at_s)
        for at_s, outcome in told(policy, records)
    ]


def kept(records: Iterable[Any]) -> Iterator[Any]:
    """Yield the records that were not erased: of the others only a hash is left."""
    for record in records:
        payload = record["payload"] if isinstance(record, Mapping) else record.payload
        if payload is not None:
            yield record


def fact(record: Any) -> engine.FactLike:
    """Return a record in the form that the engine reads."""
    if not isinstance(record, Mapping):
        found: engine.FactLike = record
        return found
    at_s = record.get("at_s")
    if at_s is None:
        at_s = datetime.fromisoformat(record["time"]).timestamp()  # ends in Z: UTC
    return engine.Fact(
        record["kind"],
        record["payload"],
        at_s,
        record.get("author", "room"),
        record.get("monotonic_ms"),
    )


def flags(records: Iterable[Any]) -> list[dict[str, Any]]:
    """Return `Flag`s of live.schema.yaml from `flag` and `flag.closed` records.

    The evidence of the closed flag replaces that of the open one.
    """
    found: dict[str, dict[str, Any]] = {}
    for record in kept(records):
        one = fact(record)
        kind, payload, at_s = one.kind, one.payload, one.at_s
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

    def now(sensor: str, state: str, at_s: float) -> None:
        passed(sensor, at_s)
        since[sensor] = state, at_s

    at_s = 0.0
    for record in kept(records):
        one = fact(record)
        at_s = one.at_s
        if one.kind == "sensor":
            now(one.payload["sensor"], one.payload["state"], at_s)
        notebook = _notebook(one, {name: state for name, (state, _) in since.items()})
        if notebook is not None:
            now("notebook", notebook, at_s)
    for sensor in since:
        passed(sensor, at_s)
    return lasted_s


def _notebook(one: engine.FactLike, states: Mapping[str, str]) -> str | None:
    """Return whether the notebook is watched from now on; None when that is as before.

    It is no sensor and has no `sensor` records: it is watched from Start to the end,
    but for pauses, which all sensors wait for.
    """
    if one.kind == "interview.state" and one.payload.get("state") == "ended":
        return "off"
    event = one.payload.get("event", {})
    if one.kind == "event" and event.get("name") == "watch":
        return "measuring" if event["state"] == "started" else "waiting"
    agreed = [
        state
        for sensor, state in states.items()
        if sensor != "notebook" and state != "declined"
    ]
    if one.kind != "sensor" or not agreed:
        return None
    waiting = all(state in ("waiting", "off") for state in agreed)
    # A sensor may wait for its first picture while others measure already.
    return "waiting" if waiting else "measuring"
