"""The policy of an interview: thresholds, sensors and escalation as one document.

A policy is data (`policies/*.yaml`, read by `policyfile`), read strictly: what the
program does not know it refuses, so that a misspelt threshold never silently means
the default. Records from before format 2 hold another form; `policyold` brings
them into this one, with what was unknown then switched off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from nbinterview_proctor.policyold import upgraded
from nbinterview_proctor.policyparts import (
    ALLOWANCES,
    FORMAT,
    PARDONS,
    SANDBOX_LAYERS,
    SENSORS,
    SOURCES,
    THRESHOLDS,
    Calibrating,
    Measuring,
    Repeat,
    Retention,
    Rule,
    Sandbox,
    plain,
)
from nbinterview_proctor.policyread import (
    checked,
    mapping,
    members,
    one_of,
    part,
    read_retention,
    read_rule,
    read_sandbox,
    same_keys,
)
from nbinterview_proctor.policywords import words

__all__ = [
    "ALLOWANCES",
    "FORMAT",
    "PARDONS",
    "SANDBOX_LAYERS",
    "SENSORS",
    "SOURCES",
    "THRESHOLDS",
    "Accommodations",
    "Calibrating",
    "Measuring",
    "Policy",
    "Repeat",
    "Retention",
    "Rule",
    "Sandbox",
    "accommodate",
    "load",
    "names",
    "summary",
    "widens",
    "words",
]


@dataclass(frozen=True)
class Policy:
    """What is watched in one interview and what comes of it."""

    format: int
    """2; 1 where it was read from a record of before, without second opinions."""
    name: str
    version: int
    title: str
    sensors: tuple[str, ...]
    camera_required: bool
    fullscreen: bool
    calibrating: Calibrating
    measuring: Measuring
    rules: Mapping[str, Rule]
    sandbox: Sandbox = field(default_factory=Sandbox)
    retention: Retention = field(default_factory=Retention)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policy:
        """Return the policy; `ValueError` names a key that is unknown or wrong.

        Takes the form of `to_dict` and of the YAML files, and that of format 1.
        """
        if "format" not in data:
            data = upgraded(data)
        data = {"sandbox": plain(Sandbox()), "retention": plain(Retention()), **data}
        known = {f.name for f in fields(cls)} - {"rules"} | {"findings"}
        same_keys(data, known, "policy")
        findings = mapping(data["findings"], "findings")
        for name in findings:
            one_of(name, THRESHOLDS, "findings")
        if checked(data["format"], "int", "format") > FORMAT:
            raise ValueError(f"format must be {FORMAT}; this program is older")
        return cls(
            format=data["format"],
            name=checked(data["name"], "str", "name"),
            version=checked(data["version"], "int", "version"),
            title=checked(data["title"], "str", "title"),
            sensors=members(data["sensors"], SENSORS, "sensors"),
            camera_required=checked(data["camera_required"], "bool", "camera_required"),
            fullscreen=checked(data["fullscreen"], "bool", "fullscreen"),
            calibrating=part(Calibrating, data["calibrating"], "calibrating"),
            measuring=part(Measuring, data["measuring"], "measuring"),
            rules=MappingProxyType({k: read_rule(k, v) for k, v in findings.items()}),
            sandbox=read_sandbox(data["sandbox"]),
            retention=read_retention(data["retention"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON that `from_dict` reads back; recorded with the room."""
        return {
            "format": self.format,
            "name": self.name,
            "version": self.version,
            "title": self.title,
            "sensors": list(self.sensors),
            "camera_required": self.camera_required,
            "fullscreen": self.fullscreen,
            "calibrating": plain(self.calibrating),
            "measuring": plain(self.measuring),
            "findings": {
                name: {k: v for k, v in plain(rule).items() if k != "rule"}
                for name, rule in self.rules.items()
            },
            "sandbox": plain(self.sandbox),
            "retention": plain(self.retention),
        }

    @property
    def active_rules(self) -> tuple[Rule, ...]:
        """The rules that this policy counts, in the order of the document."""
        return tuple(
            rule
            for rule in self.rules.values()
            if (rule.sensor in self.sensors or rule.sensor == "notebook")
            and (rule.rule != "fullscreen_left" or self.fullscreen)
        )


def names() -> list[str]:
    """Return the names of the policies that there are."""
    from nbinterview_proctor import policyfile  # YAML is not for those who only fold

    return policyfile.names()


def load(name: str) -> dict[str, Any]:
    """Return the policy of this name as plain JSON, whole.

    Raises `ValueError` that lists the names there are.
    """
    from nbinterview_proctor import policyfile

    return policyfile.load(name)


def summary(policy: Policy, allows: Iterable[str] = ()) -> dict[str, Any]:
    """Return `PolicySummary` of live.schema.yaml: what a candidate is shown."""
    return {
        "name": policy.name,
        "version": policy.version,
        "title": policy.title,
        "words": words(policy, allows),
        "sensors": list(policy.sensors),
        "camera_required": policy.camera_required,
        "fullscreen": policy.fullscreen,
        "calibration": policy.calibrating.wanted and "camera" in policy.sensors,
        "rules": [
            {
                "rule": rule.rule,
                "sensor": rule.sensor,
                "title": rule.title,
                "nudge_after_s": rule.nudge_after_s,
                "warn_after_s": rule.warn_after_s,
                "flag_after_s": rule.flag_after_s,
                "excused_by": list(rule.excused_by),
            }
            for rule in policy.active_rules
        ],
    }


# ------------------------------------------------------------ accommodations


@dataclass(frozen=True)
class Accommodations:
    """What differs for one candidate; scorers never see why."""

    sensors_off: tuple[str, ...] = ()
    findings_off: tuple[str, ...] = ()
    wider: Mapping[str, float] = field(default_factory=dict)
    """By finding: its times, angles and sizes are multiplied by this, at least 1."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Accommodations:
        """Return them; `ValueError` names what is unknown."""
        for key in data:
            one_of(key, [f.name for f in fields(cls)], "accommodations")
        wider = mapping(data.get("wider") or {}, "wider")
        for name, factor in wider.items():
            one_of(name, THRESHOLDS, "wider")
            if checked(factor, "float", f"wider.{name}") < 1:
                raise ValueError(f"wider.{name} must be at least 1")
        return cls(
            members(data.get("sensors_off") or (), SENSORS, "sensors_off"),
            members(data.get("findings_off") or (), THRESHOLDS, "findings_off"),
            MappingProxyType({name: float(f) for name, f in wider.items()}),
        )


def accommodate(
    policy: Policy, accommodations: Accommodations | Mapping[str, Any] | None
) -> Policy:
    """Return the policy as it holds for one candidate: fewer findings, or later ones.

    It keeps name and version and has no mark; who lays it beside the shipped one sees
    that something differs (`accommodations.derived`), and not why.
    """
    if not isinstance(accommodations, Accommodations):
        accommodations = Accommodations.from_dict(accommodations or {})
    off = set(accommodations.sensors_off)
    rules = {
        name: _wider(rule, accommodations.wider.get(name, 1.0))
        for name, rule in policy.rules.items()
        if name not in accommodations.findings_off and rule.sensor not in off
    }
    return replace(
        policy,
        sensors=tuple(sensor for sensor in policy.sensors if sensor not in off),
        camera_required=policy.camera_required and "camera" not in off,
        fullscreen=policy.fullscreen and "fullscreen_left" in rules,
        rules=MappingProxyType(rules),
    )


def widens(threshold: str) -> bool:
    """Return whether an accommodation widens this threshold: angles and text sizes.

    Counts and what is told from a picture say what is seen, not how much of it.
    """
    return threshold.endswith("_deg") or threshold == "chars"


def _wider(rule: Rule, factor: float) -> Rule:
    def times(value: float | None) -> float | None:
        return None if value is None else value * factor

    def limits(given: Mapping[str, float]) -> Mapping[str, float]:
        return MappingProxyType(
            {k: v * factor if widens(k) else v for k, v in given.items()}
        )

    return replace(
        rule,
        enter=limits(rule.enter),
        leave=limits(rule.leave),
        nudge_after_s=times(rule.nudge_after_s),
        warn_after_s=times(rule.warn_after_s),
        flag_after_s=times(rule.flag_after_s),
        repeat=rule.repeat and rule.repeat.scaled(factor),
    )
