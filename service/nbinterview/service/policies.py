"""The policies that an interview can be held under, from `nbinterview_proctor`.

Nothing is preselected: whoever makes an interview names one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nbinterview.errors import Invalid
from nbinterview_proctor import policy
from nbinterview_proctor.policy import THRESHOLDS, Policy, Rule

# Of branches: it watches nobody.
UNWATCHED = "unwatched"
ALLOWANCES = {
    "documentation": "Documentation and web search",
    "ai": "AI assistants",
}
SENSORS = {
    "camera": "Camera",
    "focus": "Focus",
    "clipboard": "Clipboard",
    "notebook": "Notebook",
}
# The largest factor of an accommodation. Who needs more has the finding off.
MAX_WIDER = 10.0
_UNITS = {"deg": "°", "s": " s"}


@dataclass(frozen=True)
class FindingRow:
    """One finding of a policy, exactly: times and thresholds as text."""

    title: str
    sensor: str
    nudge: str
    warning: str
    flag: str
    counts: str
    """What has to be seen for it to begin, where that is a number."""
    excused_by: str


@dataclass(frozen=True)
class Card:
    """A policy as the form shows it."""

    name: str
    title: str
    facts: list[str]
    """What it uses, in a few words."""
    words: list[str]
    rows: list[FindingRow]


@cache
def cards() -> tuple[Card, ...]:
    """Return the shipped policies, those that watch less first."""
    found = [_read(policy.load(name)) for name in policy.names()]
    found.sort(key=lambda one: (len(one.sensors), one.camera_required, one.name))
    return tuple(
        Card(one.name, one.title, _facts(one), policy.words(one, ()), rows(one))
        for one in found
    )


def _facts(one: Policy) -> list[str]:
    needed = {"camera": " (needed)" if one.camera_required else " (may be declined)"}
    used = [SENSORS[name] + needed.get(name, "") for name in one.sensors]
    if one.fullscreen:
        used.append("Fullscreen")
    flagged = sum(rule.flag_after_s is not None for rule in one.active_rules)
    counts = f"{flagged} findings can become a flag" if flagged else "No flags"
    return [*(used or ["No sensors"]), counts]


def rows(one: Policy) -> list[FindingRow]:
    """Return the table of a policy's findings."""
    return [_row(rule) for rule in one.active_rules]


def accommodable() -> list[tuple[str, str]]:
    """Return (name, title) of every finding that an accommodation can be about."""
    return [(rule.rule, rule.title) for rule in _all_rules().values()]


def widenable() -> frozenset[str]:
    """Return the findings that have anything to widen, under any policy."""
    return frozenset(name for name, rule in _all_rules().items() if _wider(rule))


def _all_rules() -> dict[str, Rule]:
    return {
        rule.rule: rule
        for name in policy.names()
        for rule in _read(policy.load(name)).rules.values()
    }


def _wider(rule: Rule) -> str:
    """Return what a factor does to a finding, in words; empty for nothing."""
    steps = (rule.nudge_after_s, rule.warn_after_s, rule.flag_after_s)
    found = ["long"] if any(steps) else []
    found += ["wide"] if any(name.endswith("_deg") for name in rule.enter) else []
    found += ["many characters"] if "chars" in rule.enter else []
    return " and ".join(found)


def accommodated(given: Mapping[str, Any]) -> list[str]:
    """Return accommodations in words, for who asked for them."""
    titles = dict(accommodable())
    wider = {name: _wider(rule) for name, rule in _all_rules().items()}
    return [
        *(f"{SENSORS[name]}: off" for name in given["sensors_off"]),
        *(f"{titles.get(name, name)}: off" for name in given["findings_off"]),
        *(
            f"{titles.get(name, name)}: {factor:g} times as {wider.get(name) or 'long'}"
            for name, factor in given["wider"].items()
        ),
    ]


def choose(
    name: str, accommodations: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the policy of this name as it holds for a candidate, whole.

    Raises `Invalid` when there is none of that name, or no such accommodation.
    """
    if not name:
        raise Invalid("Choose what is noticed: name a policy.", field="policy")
    try:
        chosen = _read(policy.load(name))
    except ValueError as error:
        raise Invalid(f"There is {error}.", field="policy") from error
    if accommodations is None:
        return chosen.to_dict()
    factors = accommodations.get("wider") or {}
    if any(not 1 <= factor <= MAX_WIDER for factor in factors.values()):
        raise Invalid(
            f"Wider times are 1 to {MAX_WIDER:g} times as long.", field="accommodations"
        )
    for name, factor in factors.items():
        if name in THRESHOLDS and factor > 1 and name not in widenable():
            raise Invalid(
                f"Nothing of {name} can be wider: it is only recorded. Say off.",
                field="accommodations",
            )
    try:
        return policy.accommodate(chosen, accommodations).to_dict()
    except ValueError as error:
        raise Invalid(
            f"That is no accommodation: {error}.", field="accommodations"
        ) from error


def told(document: Mapping[str, Any], allows: Iterable[str]) -> list[str]:
    """Return a kept policy in plain sentences; none for a record without one."""
    one = _kept(document)
    return [] if one is None else policy.words(one, tuple(allows))


def summary(
    document: Mapping[str, Any], allows: Iterable[str]
) -> dict[str, Any] | None:
    """Return a kept policy's name, version, title and words; None without one."""
    one = _kept(document)
    if one is None:
        return None
    return {
        "name": one.name,
        "version": one.version,
        "title": one.title,
        "words": policy.words(one, tuple(allows)),
    }


def checked_allows(allows: Iterable[str]) -> list[str]:
    """Return what is allowed, each once; raise `Invalid` for what nobody knows."""
    given = set(allows)
    if unknown := given - set(ALLOWANCES):
        raise Invalid(
            f"{', '.join(sorted(unknown))} is nothing that can be allowed; there are: "
            f"{', '.join(ALLOWANCES)}.",
            field="allows",
        )
    return [name for name in ALLOWANCES if name in given]


def _kept(document: Mapping[str, Any]) -> Policy | None:
    """Return an interview's policy; an imported file may hold anything as one."""
    try:
        return _read(document)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _read(document: Mapping[str, Any]) -> Policy:
    return Policy.from_dict(document)


def _row(rule: Rule) -> FindingRow:
    return FindingRow(
        title=rule.title,
        sensor=SENSORS[rule.sensor],
        nudge=_after(rule.nudge_after_s),
        warning=_after(rule.warn_after_s),
        flag=_after(rule.flag_after_s) + _repeated(rule),
        counts=", ".join(
            f"{_threshold(name)} {_value(name, value)}"
            for name, value in rule.enter.items()
        ),
        excused_by=", ".join(ALLOWANCES[name] for name in rule.excused_by),
    )


def _after(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return "at once" if seconds == 0 else f"after {seconds:g} s"


def _repeated(rule: Rule) -> str:
    if rule.repeat is None or rule.flag_after_s is None:
        return ""
    return (
        f", or {rule.repeat.total_s:g} s in all within "
        f"{rule.repeat.window_s / 60:g} min"
    )


def _threshold(name: str) -> str:
    words, _, unit = name.rpartition("_")
    return (words if unit in _UNITS else name).replace("_", " ")


def _value(name: str, value: float) -> str:
    return f"{value:g}{_UNITS.get(name.rpartition('_')[2], '')}"
