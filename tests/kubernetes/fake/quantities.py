"""Amounts as Kubernetes writes them (512Mi, 250m), and what a quota allows of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from tests.kubernetes.fake.refusals import Json

_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}  # fmt: skip
_AMOUNT = re.compile(r"^([0-9.]+)([a-zA-Z]*)$")


def amount(text: str | float) -> Decimal:
    """Read a quantity."""
    match = _AMOUNT.match(str(text))
    if match is None or match[2] not in _SUFFIXES:
        raise ValueError(f"{text!r} is no quantity")
    return Decimal(match[1]) * _SUFFIXES[match[2]]


def written(value: Decimal, resource: str) -> str:
    """Write a quantity in the shortest unit that loses nothing."""
    if resource.endswith("cpu"):
        return str(int(value)) if value == int(value) else f"{int(value * 1000)}m"
    for suffix in ("Ti", "Gi", "Mi", "Ki"):
        if value and value % _SUFFIXES[suffix] == 0:
            return f"{int(value / _SUFFIXES[suffix])}{suffix}"
    return str(int(value))


def refusal(quota: Json, pod: Json, others: Iterable[Json]) -> str | None:
    """Say why a quota does not let this pod in beside the others, if it does not."""
    name = quota["metadata"]["name"]
    hard = quota["spec"]["hard"]
    missing = []
    for resource in sorted(hard):
        if resource.startswith(("limits.", "requests.")):
            lacking = [
                c["name"] for c in pod["spec"]["containers"] if not _of(c, resource)
            ]
            if lacking:
                missing.append(f"{resource} for: {','.join(lacking)}")
    if missing:
        return f"failed quota: {name}: must specify {'; '.join(missing)}"
    before = used(hard, others)
    wants = used(hard, [pod])
    over = [
        r for r in sorted(hard) if r in wants and before[r] + wants[r] > amount(hard[r])
    ]
    if not over:
        return None
    requested = ",".join(f"{r}={written(wants[r], r)}" for r in over)
    so_far = ",".join(f"{r}={written(before[r], r)}" for r in over)
    limited = ",".join(f"{r}={hard[r]}" for r in over)
    return (
        f"exceeded quota: {name}, requested: {requested}, used: {so_far}, "
        f"limited: {limited}"
    )


def used(hard: Json, pods: Iterable[Json]) -> dict[str, Decimal]:
    """Add up what pods take of a quota; one that has ended takes nothing."""
    alive = [p for p in pods if p["status"]["phase"] not in {"Succeeded", "Failed"}]
    totals: dict[str, Decimal] = {}
    for resource in hard:
        if resource in {"pods", "count/pods"}:
            totals[resource] = Decimal(len(alive))
        elif resource.split(".")[0] in {"limits", "requests", "cpu", "memory"}:
            taken = (_of(c, resource) for p in alive for c in p["spec"]["containers"])
            totals[resource] = sum((amount(t) for t in taken if t), Decimal(0))
    return totals


def _of(container: Json, resource: str) -> str | None:
    which, _, name = resource.rpartition(".")
    found = container.get("resources", {}).get(which or "requests", {}).get(name)
    return None if found is None else str(found)
