"""Reading a policy strictly: what is unknown, missing or wrong is named.

Every refusal is a `ValueError` that names the key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, TypeVar

from nbinterview_proctor.policyparts import (
    ALLOWANCES,
    PARDONS,
    SANDBOX_LAYERS,
    SOURCES,
    THRESHOLDS,
    Calibrating,
    Measuring,
    Repeat,
    Retention,
    Rule,
    Sandbox,
)

Part = TypeVar("Part", Calibrating, Measuring, Rule, Repeat)
#: A rule's words that may be empty, where the step that says them never comes.
_MAY_BE_EMPTY = {"nudge", "warning"}
#: Of a time in `retention`; a hundred years.
MAX_DAYS = 36525


def read_rule(name: str, data: Any) -> Rule:
    """Return one finding of the document, its steps in order and with words."""
    where = f"findings.{name}"
    given = mapping(data, where)
    if "rule" in given:
        raise ValueError(f"unknown key {where}.rule")
    rule = part(Rule, {**given, "rule": name}, where)
    one_of(rule.sensor, SOURCES, f"{where}.sensor")
    _steps_in_order(rule, where)
    if rule.cooldown_s < rule.merge_gap_s:
        raise ValueError(f"{where}.cooldown_s is shorter than merge_gap_s")
    if rule.repeat and rule.flag_after_s is None:
        raise ValueError(f"{where}.repeat: what is recorded only never flags")
    if rule.repeat and rule.repeat.times < 2:
        raise ValueError(f"{where}.repeat.times: one is no repeat")
    if rule.repeat and rule.repeat.total_s > rule.repeat.window_s:
        raise ValueError(f"{where}.repeat.total_s does not fit into its window")
    return rule


def _steps_in_order(rule: Rule, where: str) -> None:
    steps = [rule.nudge_after_s, rule.warn_after_s, rule.flag_after_s]
    told = [step for step in steps if step is not None]
    if told != sorted(told):
        raise ValueError(f"{where}: nudge, warning and flag come in this order")
    if rule.flag_after_s is not None and rule.warn_after_s is None:
        raise ValueError(f"{where}.flag_after_s comes without a warning")
    for step, text in (("nudge", rule.nudge), ("warn", rule.warning)):
        if not text and getattr(rule, f"{step}_after_s") is not None:
            raise ValueError(f"{where}.{step}_after_s has no words to say")


def read_sandbox(data: Any) -> Sandbox:
    """Return what a kernel must have."""
    given = mapping(data, "sandbox")
    same_keys(given, {f.name for f in fields(Sandbox)}, "sandbox")
    require = members(given["require"], SANDBOX_LAYERS, "sandbox.require")
    warm_kernel = checked(given["warm_kernel"], "bool", "sandbox.warm_kernel")
    return Sandbox(require, warm_kernel)


def read_retention(data: Any) -> Retention:
    """Return how long what is kept."""
    given = mapping(data, "retention")
    same_keys(given, {f.name for f in fields(Retention)}, "retention")
    days = {
        key: None if value is None else checked(value, "int", f"retention.{key}")
        for key, value in given.items()
    }
    for key, value in days.items():
        if value is not None and value > MAX_DAYS:
            raise ValueError(f"retention.{key} is more than {MAX_DAYS}; say null")
    return Retention(**days)


def part(kind: type[Part], data: Any, where: str) -> Part:
    """Return a part whose every field is given and has its annotation's form."""
    given = mapping(data, where)
    known = {f.name: str(f.type) for f in fields(kind)}
    same_keys(given, set(known), where)
    return kind(
        **{
            key: _field(given[key], key, form, f"{where}.{key}", given.get("rule"))
            for key, form in known.items()
        }
    )


def _field(value: Any, key: str, form: str, where: str, rule: str | None) -> Any:
    match form:
        case "Mapping[str, float]":
            limits = mapping(value, where)
            same_keys(limits, set(THRESHOLDS[str(rule)]), where)
            return MappingProxyType(
                {k: checked(v, "float", f"{where}.{k}") for k, v in limits.items()}
            )
        case "tuple[str, ...]":
            among = ALLOWANCES if key == "excused_by" else PARDONS
            return members(value, among, where)
        case "Repeat | None":
            return None if value is None else part(Repeat, value, where)
        case "float | None":
            return None if value is None else checked(value, "float", where)
        case "str" if key in _MAY_BE_EMPTY and value == "":
            return value
    return checked(value, form, where)


def checked(value: Any, form: str, where: str) -> Any:
    """Return `value` when it has this form."""
    if form == "float":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and math.isfinite(value) and value >= 0:
            return float(value)
        raise ValueError(f"{where} must be a number of at least 0")
    if form == "int":
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        raise ValueError(f"{where} must be a whole number of at least 1")
    if form == "bool" and isinstance(value, bool):
        return value
    if form == "str" and isinstance(value, str) and value:
        return value
    raise ValueError(f"{where} must be of type {form}")


def members(value: Any, among: Iterable[str], where: str) -> tuple[str, ...]:
    """Return a list of these words as a tuple."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{where} must be a list")  # noqa: TRY004 - one error type
    for item in value:
        one_of(item, among, where)
    return tuple(value)


def mapping(data: Any, where: str) -> Mapping[str, Any]:
    """Return `data` when it is a mapping."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{where} must be a mapping")  # noqa: TRY004 - one error type
    return data


def same_keys(data: Mapping[str, Any], known: set[str], where: str) -> None:
    """Refuse a key too many and a key too few."""
    for key in data:
        if key not in known:
            raise ValueError(f"unknown key {where}.{key}")
    for key in sorted(known):
        if key not in data:
            raise ValueError(f"missing key {where}.{key}")


def one_of(value: Any, known: Iterable[str], where: str) -> None:
    """Refuse what is not among the known."""
    if value not in known:
        raise ValueError(f"{where}: {value!r} is not one of {', '.join(known)}")
