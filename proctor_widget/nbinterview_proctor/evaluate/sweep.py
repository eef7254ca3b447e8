"""The same clips under a policy that is a little stricter, or more patient.

Each variant is a whole policy that the engine folds beside the chosen one, in the
same pass over the clip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nbinterview_proctor.policy import Policy, Rule

#: All times of all findings are multiplied by these; 1 is the policy itself.
TIME_FACTORS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0)
#: How far the head must be turned for `looking_away`, when only that is changed.
YAW_DEG = (15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0)


@dataclass(frozen=True)
class Variant:
    """One changed policy, and which findings it says something about."""

    parameter: str
    """`flag_after_s` or `yaw_deg`."""
    factor: float
    policy: Policy

    def value(self, rule: str) -> float | None:
        """Return the parameter's value for a finding; None where it was not changed."""
        changed = self.policy.rules.get(rule)
        if changed is None:
            return None
        if self.parameter == "flag_after_s":
            return changed.flag_after_s
        return changed.enter.get(self.parameter)


def variants(policy: Policy) -> list[Variant]:
    """Return the variants of a policy that are worth a line in a plot."""
    found = [
        Variant("flag_after_s", factor, _timed(policy, factor))
        for factor in TIME_FACTORS
    ]
    away = policy.rules.get("looking_away")
    if away is None or "yaw_deg" not in away.enter:
        return found
    values = sorted({*YAW_DEG, away.enter["yaw_deg"]})
    return found + [
        Variant("yaw_deg", value / away.enter["yaw_deg"], _turned(policy, away, value))
        for value in values
    ]


def _timed(policy: Policy, factor: float) -> Policy:
    rules = {name: _slower(rule, factor) for name, rule in policy.rules.items()}
    return replace(policy, rules=rules)


def _slower(rule: Rule, factor: float) -> Rule:
    def times(value_s: float | None) -> float | None:
        return None if value_s is None else value_s * factor

    return replace(
        rule,
        nudge_after_s=times(rule.nudge_after_s),
        warn_after_s=times(rule.warn_after_s),
        flag_after_s=times(rule.flag_after_s),
        notice_s=rule.notice_s * factor,
        repeat=rule.repeat and rule.repeat.scaled(factor),
    )


def _turned(policy: Policy, away: Rule, yaw_deg: float) -> Policy:
    """Return a policy of this one finding, entered at another angle."""
    margin_deg = away.enter["yaw_deg"] - away.leave["yaw_deg"]
    rule = replace(
        away,
        enter={**away.enter, "yaw_deg": yaw_deg},
        leave={**away.leave, "yaw_deg": yaw_deg - margin_deg},
    )
    # Without a calibration by places this angle is what "far aside" means.
    calibrating = replace(policy.calibrating, aside_yaw_deg=yaw_deg)
    return replace(policy, rules={rule.rule: rule}, calibrating=calibrating)


def by_rule(
    found: Sequence[Variant], rule: str
) -> Mapping[str, list[tuple[float, Variant]]]:
    """Return the variants that say something about a finding, by parameter."""
    said: dict[str, list[tuple[float, Variant]]] = {}
    for variant in found:
        value = variant.value(rule)
        if value is not None:
            said.setdefault(variant.parameter, []).append((value, variant))
    return said
