"""The three ways to change an object in part."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.kubernetes.fake.refusals import Json, Refused, bad_request

STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
ACCEPTED = [JSON_PATCH, MERGE, STRATEGIC]

_MERGED_BY = {
    "containers": "name", "initContainers": "name", "volumes": "name", "env": "name",
    "volumeMounts": "mountPath", "ports": "containerPort", "conditions": "type",
    "ownerReferences": "uid",
}  # fmt: skip
"""Lists whose items have an identity in a strategic patch."""


def patched(found: Json, media_type: str, body: bytes) -> Json:
    """Return the object as the patch leaves it."""
    try:
        patch = json.loads(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    if media_type == JSON_PATCH:
        return _json_patch(found, patch)
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: cannot unmarshal into an object")
    return _merged(found, patch, strategic=media_type == STRATEGIC)


def _merged(found: Json, patch: Json, *, strategic: bool) -> Json:
    result = dict(found)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            before = result.get(key)
            inner = before if isinstance(before, dict) else {}
            result[key] = _merged(inner, value, strategic=strategic)
        elif strategic and key in _MERGED_BY and isinstance(result.get(key), list):
            result[key] = _list_merged(result[key], value, _MERGED_BY[key])
        else:
            result[key] = value
    return result


def _list_merged(found: list[Any], patch: list[Any], identity: str) -> list[Any]:
    result = list(found)
    for item in patch:
        same = [
            i for i, old in enumerate(result) if old.get(identity) == item[identity]
        ]
        if item.get("$patch") == "delete":
            result = [old for i, old in enumerate(result) if i not in same]
        elif same:
            result[same[0]] = _merged(result[same[0]], item, strategic=True)
        else:
            result.append(item)
    return result


def _json_patch(found: Json, operations: list[Json]) -> Json:
    result = copy.deepcopy(found)
    for operation in operations:
        steps = [
            step.replace("~1", "/").replace("~0", "~")
            for step in str(operation["path"]).split("/")[1:]
        ]
        at: Any = result
        try:
            for step in steps[:-1]:
                at = at[int(step)] if isinstance(at, list) else at[step]
            _apply(at, steps[-1], operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            why = "the server rejected our request due to an error in our request"
            raise Refused(422, "Invalid", why, details={}) from error
    return result


def _apply(at: Any, step: str, operation: Json) -> None:
    match operation["op"]:
        case "add" if isinstance(at, list):
            at.insert(len(at) if step == "-" else int(step), operation["value"])
        case "add":
            at[step] = operation["value"]
        case "replace":
            key: Any = int(step) if isinstance(at, list) else step
            _ = at[key]  # what is not there cannot be replaced
            at[key] = operation["value"]
        case "remove":
            del at[int(step) if isinstance(at, list) else step]
        case "test":
            if (at[int(step)] if isinstance(at, list) else at[step]) != operation[
                "value"
            ]:
                raise ValueError("test failed")
        case other:
            raise ValueError(f"unknown operation {other}")
