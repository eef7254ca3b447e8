"""What a policy in force tells of the shipped one that it was made from.

Accommodations are applied before a room gets its policy and are recorded nowhere
else. Who takes an interview's record elsewhere has only that policy: what it lacks,
or has wider, beside the shipped one of its name and version is what was given.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from nbinterview_proctor import policyfile
from nbinterview_proctor.policy import (
    SENSORS,
    Accommodations,
    Policy,
    Rule,
    accommodate,
    widens,
)

# A factor is worked out by dividing, so it comes back almost as it was.
_DIGITS = 9
_SAME = 1e-6


def shipped(policy: Policy) -> Policy | None:
    """Return the shipped policy of the same name and version, None without one."""
    if policy.name not in policyfile.names():
        return None
    found = Policy.from_dict(policyfile.load(policy.name))
    same = (found.version, found.format) == (policy.version, policy.format)
    return found if same else None


def derived(recorded: Policy, whole: Policy) -> Accommodations | None:
    """Return the accommodations that make `recorded` of `whole`; None where none do.

    Several can come to the same; this is the one with the most findings told by their
    sensor. What `whole` does not look for cannot be told.
    """
    lost = {sensor for sensor in whole.sensors if sensor not in recorded.sensors}
    for sensor in SENSORS:
        rules = [name for name, rule in whole.rules.items() if rule.sensor == sensor]
        if rules and sensor not in whole.sensors and not recorded.rules.keys() & rules:
            lost.add(sensor)
    factors = {
        name: _factor(rule, whole.rules[name])
        for name, rule in recorded.rules.items()
        if name in whole.rules
    }
    found = Accommodations(
        sensors_off=tuple(sensor for sensor in SENSORS if sensor in lost),
        findings_off=tuple(
            name
            for name, rule in whole.rules.items()
            if name not in recorded.rules and rule.sensor not in lost
        ),
        wider=MappingProxyType({k: f for k, f in factors.items() if f != 1}),
    )
    if any(factor < 1 for factor in factors.values()):
        return None
    again = accommodate(whole, found).to_dict()
    return found if _alike(again, recorded.to_dict()) else None


def listed(policy: Policy, whole: Policy | None = None) -> Policy:
    """Return a policy with the findings of `whole` that it lacks: for tables only.

    A line "not measured" says the same of a sensor that the candidate did not agree
    to and of a finding that was never looked for. `whole` is the shipped policy of
    its name and version where none is given. Never fold records under the result.
    """
    whole = whole or shipped(policy)
    if whole is None:
        return policy
    rules = {name: policy.rules.get(name, rule) for name, rule in whole.rules.items()}
    return replace(
        policy,
        sensors=tuple(s for s in SENSORS if s in (*policy.sensors, *whole.sensors)),
        fullscreen=policy.fullscreen or whole.fullscreen,
        rules=MappingProxyType({**rules, **policy.rules}),
    )


def _factor(now: Rule, was: Rule) -> float:
    """Return by how much a rule is wider, told by the first number that is."""
    for new, old in zip(_widened(now), _widened(was), strict=False):
        if new and old:
            return round(new / old, _DIGITS)
    return 1.0


def _widened(rule: Rule) -> Iterator[float | None]:
    yield from (rule.nudge_after_s, rule.warn_after_s, rule.flag_after_s)
    yield rule.repeat.total_s if rule.repeat else None
    yield from (value for name, value in rule.enter.items() if widens(name))


def _alike(one: Any, other: Any) -> bool:
    """Return whether two pieces of JSON are the same, but for rounding."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_alike(one[k], other[k]) for k in one)
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_SAME)
    return bool(one == other)
