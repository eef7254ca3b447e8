"""The charts as helm renders them, and ways to look into the result."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.helm import BIN

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "nbinterview"
Z2JH = ROOT / "charts" / "z2jh"
TUTORIAL = ROOT / "docs" / "tutorial" / "first-deployment.md"
# The oldest that Chart.yaml names, the cluster of the recorded answers, the newest.
VERSIONS = ("1.30", "1.36", "1.37")
PLATFORM, KERNELS, ROOMS = "platform", "nbinterview-kernels", "nbinterview-rooms"

EVERYTHING: dict[str, Any] = {
    "publicUrl": "https://rooms.example.net:8443",
    "imagePullSecrets": [{"name": "registry"}],
    "service": {
        "storage": {"className": "fast"},
        "database": {"secretName": "postgres"},
        "image": {"tag": "1.2.3@sha256:" + "0" * 64, "pullPolicy": "Always"},
    },
    "kernels": {
        "cpus": 0.5,
        "memoryBytes": 64 * 2**30,
        "runtimeClass": "gvisor",
        "nodeSelector": {"pool": "kernels"},
        "tolerations": [{"key": "kernels", "operator": "Exists"}],
        "networkProbe": "warn",
    },
    "network": {"apiServer": {"cidrs": ["10.0.0.1/32"]}},
}
LITTLE: dict[str, Any] = {
    "namespaces": {"create": False, "kernels": "k", "rooms": "r"},
    "report": {"enabled": False},
    "keepThroughDrains": False,
}
VALUES = {"defaults": {}, "everything": EVERYTHING, "little": LITTLE}

Manifest = Mapping[str, Any]


def helm(folder: Path, values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run `helm template` with these values over the chart's own."""
    program = BIN / "helm"
    assert program.is_file(), f"{program} is missing. Run scripts/setup.sh tests."
    file = folder / "values.json"
    file.write_text(json.dumps(values), "utf-8")
    return subprocess.run(
        [program, "template", "interviews", CHART, "-n", PLATFORM, "-f", file],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
    )


def rendered(folder: Path, values: Mapping[str, Any]) -> list[Manifest]:
    done = helm(folder, values)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    return [one for one in manifests if one["kind"] == kind]


def named(manifests: list[Manifest], kind: str, name: str, where: str) -> Manifest:
    [found] = [
        one
        for one in of_kind(manifests, kind)
        if (one["metadata"]["name"], one["metadata"].get("namespace")) == (name, where)
    ]
    return found


def pod_specs(manifests: list[Manifest]) -> Iterator[Manifest]:
    for one in manifests:
        if "template" in one.get("spec", {}):
            yield one["spec"]["template"]["spec"]


def containers(manifests: list[Manifest]) -> Iterator[Manifest]:
    for spec in pod_specs(manifests):
        yield from spec["containers"]
        yield from spec.get("initContainers", [])


def all_of(resources: tuple[str, ...], verbs: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(resource, verb) for resource in resources for verb in verbs}


def strings(value: Any) -> Iterator[str]:
    """Every key and every text below a value."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield str(key)
            yield from strings(below)
    elif isinstance(value, list):
        for below in value:
            yield from strings(below)
    elif isinstance(value, str):
        yield value
