"""The policy of an interview: thresholds, sensors and escalation as one document.

A policy is data (`policies/*.json`), read strictly: what the program does not
know it refuses, so that a misspelt threshold never silently means the default.
A file may extend another one and say only what differs at the top level.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, TypeVar

SENSORS = ("camera", "focus", "clipboard")

#: The layers of a kernel's sandbox that a policy may require; kernels/README.md.
SANDBOX_LAYERS = ("seccomp", "landlock", "cgroup", "cpu_limit")

#: The thresholds that each rule has, named with their units.
THRESHOLDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "no_face": frozenset(),
        "multiple_faces": frozenset({"faces"}),
        "looking_away": frozenset({"yaw_deg", "pitch_up_deg", "pitch_down_deg"}),
        "camera_covered": frozenset({"luma_std"}),
        "camera_off": frozenset(),
        "camera_frozen": frozenset({"frame_diff"}),
        "tab_hidden": frozenset(),
        "window_left": frozenset(),
        "fullscreen_left": frozenset(),
        "external_paste": frozenset({"chars"}),
    }
)


@dataclass(frozen=True)
class Baseline:
    """How a candidate's own head position is taken at the start."""

    min_s: float
    window_s: float
    min_frames: int
    max_spread_deg: float
    max_yaw_deg: float


@dataclass(frozen=True)
class Measuring:
    """When a measurement counts at all."""

    debounce_frames: int
    """A change counts after this many frames in a row."""
    dark_luma_mean: float
    """Below it, a picture without a face is too dark to say that nobody is there."""
    min_face_width: float
    """As a share of the picture's width; a smaller face gives no head position."""
    still_s: float
    """A picture without any change for this long is no longer a live picture."""
    max_frame_gap_s: float
    """Nothing is known of the time between frames further apart than this."""
    silence_s: float
    """What the page said holds for this long; then it is not known any more."""
    settle_s: float
    """The camera is not judged for this long after the page is back in view."""
    min_measured_share: float
    """Of an episode, the least share of frames that could be measured."""


@dataclass(frozen=True)
class Rule:
    """One finding: what counts, and how it escalates."""

    rule: str
    sensor: str
    title: str
    warning: str
    enter: Mapping[str, float]
    leave: Mapping[str, float]
    warn_after_s: float
    flag_after_s: float
    notice_s: float
    """The least time between the warning and the flag."""
    merge_gap_s: float
    """Interruptions shorter than this do not end an episode."""
    cooldown_s: float
    """After a flag, a return within this time continues it instead of adding one."""
    points_per_flag: float
    points_per_minute: float


@dataclass(frozen=True)
class Sandbox:
    """What a candidate's kernel must have, beyond what every kernel has."""

    require: tuple[str, ...] = ("seccomp",)
    """Of `SANDBOX_LAYERS`. What is missing and not required is on the record."""
    warm_kernel: bool = True
    """Whether a second kernel waits, for a restart within a tenth of a second."""


@dataclass(frozen=True)
class Policy:
    """What is watched in one interview and what comes of it."""

    name: str
    version: int
    sensors: tuple[str, ...]
    camera_required: bool
    fullscreen: bool
    baseline: Baseline
    measuring: Measuring
    rules: Mapping[str, Rule]
    sandbox: Sandbox = Sandbox()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policy:
        """Return the policy; `ValueError` names a key that is unknown or wrong.

        Records from before there was a `sandbox` have none; then the default holds.
        """
        data = {"sandbox": _plain_sandbox(Sandbox()), **data}
        _same_keys(data, {field.name for field in fields(cls)}, "policy")
        sensors = tuple(data["sensors"])
        for sensor in sensors:
            _one_of(sensor, SENSORS, "sensors")
        rules = _mapping(data["rules"], "rules")
        for name in rules:
            _one_of(name, THRESHOLDS, "rules")
        return cls(
            name=_checked(data["name"], "str", "name"),
            version=_checked(data["version"], "int", "version"),
            sensors=sensors,
            camera_required=_checked(
                data["camera_required"], "bool", "camera_required"
            ),
            fullscreen=_checked(data["fullscreen"], "bool", "fullscreen"),
            baseline=_part(Baseline, data["baseline"], "baseline"),
            measuring=_part(Measuring, data["measuring"], "measuring"),
            rules=MappingProxyType({k: _rule(k, v) for k, v in rules.items()}),
            sandbox=_sandbox(data["sandbox"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON that `from_dict` reads back; recorded with the room."""
        return {
            "name": self.name,
            "version": self.version,
            "sensors": list(self.sensors),
            "camera_required": self.camera_required,
            "fullscreen": self.fullscreen,
            "baseline": asdict(self.baseline),
            "measuring": asdict(self.measuring),
            "rules": {name: _plain(rule) for name, rule in self.rules.items()},
            "sandbox": _plain_sandbox(self.sandbox),
        }

    @property
    def active_rules(self) -> tuple[Rule, ...]:
        """The rules that this policy counts, in the order of the document."""
        return tuple(
            rule
            for rule in self.rules.values()
            if rule.sensor in self.sensors
            and (rule.rule != "fullscreen_left" or self.fullscreen)
        )


def names() -> list[str]:
    """Return the names of the shipped policies."""
    return sorted(
        item.name.removesuffix(".json")
        for item in _folder().iterdir()
        if item.name.endswith(".json")
    )


def load(name: str) -> dict[str, Any]:
    """Return the shipped policy of this name as plain JSON, whole.

    Raises `ValueError` that lists the names there are.
    """
    if name not in names():
        raise ValueError(f"no policy {name!r}; there are: {', '.join(names())}")
    text = (_folder() / f"{name}.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    extended = data.pop("extends", None)
    return data if extended is None else {**load(extended), **data}


def _folder() -> Traversable:
    return resources.files(__package__) / "policies"


def summary(policy: Policy) -> dict[str, Any]:
    """Return `PolicySummary` of live.schema.yaml: what a candidate is shown."""
    return {
        "name": policy.name,
        "version": policy.version,
        "sensors": list(policy.sensors),
        "camera_required": policy.camera_required,
        "fullscreen": policy.fullscreen,
        "rules": [
            {
                "rule": rule.rule,
                "sensor": rule.sensor,
                "title": rule.title,
                "warn_after_s": rule.warn_after_s,
                "flag_after_s": rule.flag_after_s,
            }
            for rule in policy.active_rules
        ],
    }


# ------------------------------------------------------------ strict reading

Part = TypeVar("Part", Baseline, Measuring, Rule)


def _rule(name: str, data: Any) -> Rule:
    where = f"rules.{name}"
    given = _mapping(data, where)
    if "rule" in given:
        raise ValueError(f"unknown key {where}.rule")
    rule = _part(Rule, {**given, "rule": name}, where)
    _one_of(rule.sensor, SENSORS, f"{where}.sensor")
    if rule.flag_after_s < rule.warn_after_s:
        raise ValueError(f"{where}.flag_after_s comes before its warning")
    if rule.cooldown_s < rule.merge_gap_s:
        raise ValueError(f"{where}.cooldown_s is shorter than merge_gap_s")
    return rule


def _sandbox(data: Any) -> Sandbox:
    given = _mapping(data, "sandbox")
    _same_keys(given, {field.name for field in fields(Sandbox)}, "sandbox")
    require = given["require"]
    if not isinstance(require, list | tuple):
        raise ValueError("sandbox.require must be a list")  # noqa: TRY004 - one error type
    for layer in require:
        _one_of(layer, SANDBOX_LAYERS, "sandbox.require")
    warm_kernel = _checked(given["warm_kernel"], "bool", "sandbox.warm_kernel")
    return Sandbox(tuple(require), warm_kernel)


def _plain_sandbox(sandbox: Sandbox) -> dict[str, Any]:
    return {"require": list(sandbox.require), "warm_kernel": sandbox.warm_kernel}


def _part(kind: type[Part], data: Any, where: str) -> Part:
    given = _mapping(data, where)
    known = {field.name: str(field.type) for field in fields(kind)}
    _same_keys(given, set(known), where)
    return kind(
        **{
            key: _checked(given[key], form, f"{where}.{key}", given.get("rule"))
            for key, form in known.items()
        }
    )


def _checked(value: Any, form: str, where: str, rule: str | None = None) -> Any:
    """Return `value` when it has the form of the field's annotation."""
    if form.startswith("Mapping"):
        thresholds = _mapping(value, where)
        _same_keys(thresholds, set(THRESHOLDS[str(rule)]), where)
        return MappingProxyType(
            {k: _checked(v, "float", f"{where}.{k}") for k, v in thresholds.items()}
        )
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


def _mapping(data: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where} must be a mapping")  # noqa: TRY004 - one error type
    return data


def _same_keys(data: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in data:
        if key not in known:
            raise ValueError(f"unknown key {where}.{key}")
    for key in sorted(known):
        if key not in data:
            raise ValueError(f"missing key {where}.{key}")


def _one_of(value: Any, known: Any, where: str) -> None:
    if value not in known:
        raise ValueError(f"{where}: {value!r} is not one of {', '.join(known)}")


def _plain(rule: Rule) -> dict[str, Any]:
    plain = {
        field.name: getattr(rule, field.name)
        for field in fields(rule)
        if field.name != "rule"
    }
    plain["enter"], plain["leave"] = dict(rule.enter), dict(rule.leave)
    return plain
