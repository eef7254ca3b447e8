"""The JSON of every boundary between two processes, defined once.

TypeScript and Python types are generated from the YAML files beside this one
(`scripts/generate-types`); a test fails when they are stale.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import yaml
from jsonschema import Draft202012Validator

from nbinterview.errors import Invalid

MAX_NAME_CHARS = 64


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the schema `<name>.schema.yaml` as a dictionary."""
    text = (files(__package__) / f"{name}.schema.yaml").read_text("utf-8")
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, dict)
    return loaded


@cache
def _definition(name: str, definition: str | None) -> dict[str, Any]:
    whole = schema(name)
    if definition is None:
        return whole
    return {"$ref": f"#/$defs/{definition}", "$defs": whole["$defs"]}


@cache
def _validator(name: str, definition: str | None) -> Draft202012Validator:
    return Draft202012Validator(_definition(name, definition))


@cache
def _quick(name: str, definition: str | None) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_definition(name, definition))


def _fits(instance: object, name: str, definition: str | None) -> bool:
    """Whether it certainly fits: in a microsecond, but without a word why not.

    A tuple is a list here, as JSON writes both alike.
    """
    try:
        return _quick(name, definition).is_valid(instance)
    except ValueError:  # it has what JSON has not
        return False


def check(instance: object, name: str, definition: str | None = None) -> None:
    """Raise `Invalid`, naming the first field to blame, unless `instance` fits.

    `definition` picks one of the schema's `$defs`.
    Pass the narrowest one: with `oneOf` no single field can be named.
    """
    if _fits(instance, name, definition):
        return
    errors = sorted(
        _validator(name, definition).iter_errors(instance),
        key=lambda error: (len(error.path), error.json_path),
    )
    if not errors:
        return
    error = errors[0]
    path = shortened(".".join(str(part) for part in error.absolute_path))
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        unknown = sorted(set(error.instance) - set(known))
        field = ".".join(filter(None, [path, str(unknown[0])])) if unknown else path
        field = shortened(field)
        raise Invalid(f"unknown field {field!r}", field=field)
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [key for key in error.validator_value if key not in error.instance]
        field = ".".join(filter(None, [path, missing[0]]))
        raise Invalid(f"field {field!r} is missing", field=field)
    raise Invalid(f"{path or 'the message'}: {_reason(error.message)}", field=path)


def shortened(name: str) -> str:
    """Return a field's name short enough to quote; it may be somebody's text."""
    return name if len(name) <= MAX_NAME_CHARS else name[: MAX_NAME_CHARS - 3] + "..."


def _reason(message: str) -> str:
    # Never echo long input back: it may be somebody's text.
    return message if len(message) <= 200 else message[:197] + "..."
