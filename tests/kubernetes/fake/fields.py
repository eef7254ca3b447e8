"""Which fields an object has by the API's own description; others are unknown."""

from __future__ import annotations

import re
from typing import Any

from kubernetes_asyncio.client import models

from tests.kubernetes.fake.kinds import Kind
from tests.kubernetes.fake.refusals import Json

_ANY = {"object", "str", "int", "float", "bool", "datetime"}
_OF = re.compile(r"^(?:list\[(.+)\]|dict\(str, (.+)\)|dict\[str, (.+)\])$")


def cleaned(kind: Kind, given: Json) -> tuple[Json, list[str]]:
    """Return the object without unknown fields, and where those were."""
    unknown: list[str] = []
    prefix = {"Event": "CoreV1Event"}.get(kind.name, f"V1{kind.name}")
    return _known(given, prefix, "", unknown), sorted(unknown)


def _known(value: Any, model: str, path: str, unknown: list[str]) -> Any:
    if model in _ANY or value is None:
        return value
    if match := _OF.match(model):
        inner = next(group for group in match.groups() if group)
        if isinstance(value, list):
            return [
                _known(v, inner, f"{path}[{i}]", unknown) for i, v in enumerate(value)
            ]
        if isinstance(value, dict):
            return {
                k: _known(v, inner, f"{path}.{k}", unknown) for k, v in value.items()
            }
        return value
    described = getattr(models, model, None)
    if described is None or not isinstance(value, dict):
        return value
    names = {name: key for key, name in described.attribute_map.items()}
    result = {}
    for name, inner in value.items():
        where = f"{path}.{name}" if path else name
        if name not in names:
            unknown.append(where)
            continue
        kind_of = described.openapi_types[names[name]]
        result[name] = _known(inner, kind_of, where, unknown)
    return result
