"""Policies as files: YAML with comments, checked against its schema.

A file may extend a shipped policy and say only what differs: mappings are merged
key by key, everything else is replaced, and a finding that is null is left out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from nbinterview_proctor.policy import Policy

_ENDING = ".yaml"
_SCHEMA = "policy.schema.yaml"


def names() -> list[str]:
    """Return the names of the shipped policies."""
    return sorted(
        item.name.removesuffix(_ENDING)
        for item in _folder().iterdir()
        if item.name.endswith(_ENDING) and item.name != _SCHEMA
    )


def load(name: str) -> dict[str, Any]:
    """Return the shipped policy of this name as plain JSON, whole.

    Raises `ValueError` that lists the names there are.
    """
    if name not in names():
        raise ValueError(f"no policy {name!r}; there are: {', '.join(names())}")
    return copy.deepcopy(_shipped(name))


@cache
def _shipped(name: str) -> dict[str, Any]:
    return parse((_folder() / f"{name}{_ENDING}").read_text(encoding="utf-8"))


def read(path: Path) -> dict[str, Any]:
    """Return the policy in a file as plain JSON; `ValueError` says what is wrong."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def find(name_or_path: str) -> dict[str, Any]:
    """Return a shipped policy, or one in a file where the name ends like a file's."""
    if name_or_path.endswith((".yaml", ".yml")):
        return read(Path(name_or_path))
    return load(name_or_path)


def parse(text: str) -> dict[str, Any]:
    """Return the policy in this YAML as plain JSON; `ValueError` names the key."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"no YAML: {error}") from error
    _fits(data)
    extended = data.pop("extends", None)
    if extended is not None:
        data = merged(load(extended), data)
    kept = {k: v for k, v in data.get("findings", {}).items() if v is not None}
    data = {**data, "findings": kept}
    Policy.from_dict(data)  # what is missing, and what does not go together
    return data


def merged(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with what `patch` says otherwise."""
    found = dict(base)
    for key, value in patch.items():
        old = found.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            found[key] = merged(old, value)
        else:
            found[key] = value
    return found


def _fits(data: Any) -> None:
    errors = jsonschema.Draft202012Validator(_schema()).iter_errors(data)
    worst = jsonschema.exceptions.best_match(errors)
    if worst is not None:
        where = ".".join(str(part) for part in worst.absolute_path) or "the policy"
        raise ValueError(f"{where}: {worst.message}")


@cache
def _schema() -> dict[str, Any]:
    text = (_folder() / _SCHEMA).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def _folder() -> Traversable:
    return resources.files(__package__) / "policies"
