"""Label and field selectors, as a list or a watch is asked with."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.kubernetes.fake.kinds import EVENTS, PODS, SECRETS, Kind
from tests.kubernetes.fake.refusals import Json, bad_request

Matches = Callable[[Json], bool]

_FIELDS = {
    PODS.plural: (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
        "spec.serviceAccountName", "status.phase", "status.podIP",
    ),
    EVENTS.plural: (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion",
        "involvedObject.resourceVersion", "involvedObject.fieldPath",
        "reason", "type", "source", "reportingComponent",
    ),
    SECRETS.plural: ("type",),
    "namespaces": ("status.phase",),
}  # fmt: skip
_ALWAYS = ("metadata.name", "metadata.namespace")
_SET = re.compile(r"^\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)\s*$")
_THERE = re.compile(r"^\s*(!?)\s*([^\s!=,()]+)\s*$")


def labels(selector: str) -> Matches:
    """Return what an object's labels must fulfil."""
    rules = [_label_rule(part, selector) for part in _parts(selector)]
    return lambda found: all(
        rule(found["metadata"].get("labels") or {}) for rule in rules
    )


def fields(kind: Kind, selector: str) -> Matches:
    """Return what an object's fields must be; only some fields can be asked for."""
    rules: list[tuple[str, bool, str]] = []
    known = _ALWAYS + _FIELDS.get(kind.plural, ())
    for part in _parts(selector):
        match = _EQUAL.match(part)
        if match is None:
            raise bad_request(
                f"invalid selector: '{selector}'; can't understand '{part}'"
            )
        name, sign, value = match.groups()
        if name not in known:
            raise bad_request(f"field label not supported: {name}")
        rules.append((name, sign != "!=", value))
    return lambda found: all(
        (_field(found, name) == value) is wanted for name, wanted, value in rules
    )


def _parts(selector: str) -> list[str]:
    return [part for part in re.split(r",(?![^(]*\))", selector) if part.strip()]


def _label_rule(part: str, selector: str) -> Callable[[dict[str, str]], bool]:
    if match := _SET.match(part):
        key, sign, listed = match.groups()
        values = {value.strip() for value in listed.split(",")}
        if sign == "in":
            return lambda found: found.get(key) in values
        return lambda found: found.get(key) not in values
    if match := _EQUAL.match(part):
        key, sign, value = match.groups()
        if sign == "!=":
            return lambda found: found.get(key) != value
        return lambda found: found.get(key) == value
    if match := _THERE.match(part):
        key = match[2]
        there = not match[1]
        return lambda found: (key in found) is there
    raise bad_request(f'unable to parse requirement: found "{part}" in "{selector}"')


def _field(found: Json, name: str) -> str:
    value: object = found
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return "" if value is None else str(value)
