"""Hold the lock files to requirements/floors.toml. Asks nobody: no network.

A version below its floor, a package that must not be there, or a pin that moved
fails, each with a line that says what to do.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
FLOORS = "requirements/floors.toml"
LOCKED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
_PYPI_FILES = ("requirements/*.txt", "kernels/env/*.txt")
_NPM_LOCK = "package-lock.json"
# Installed by name in there, as nothing locks it.
_SCRIPTS = ("scripts/*.sh", "bench/**/*.sh")


@dataclass(frozen=True)
class Locked:
    """One version of one package, and the file that asks for it."""

    file: str
    name: str
    version: str


def python_locks(files: Mapping[str, str]) -> Iterator[Locked]:
    """Return what pip-compile's files, by name, lock."""
    for file, text in files.items():
        for name, version in LOCKED.findall(text):
            yield Locked(file, canonicalize_name(name), version)


def npm_locks(file: str, text: str) -> Iterator[Locked]:
    """Return every version that an npm lock holds, nested ones too."""
    packages = json.loads(text)["packages"]
    for place, package in packages.items():
        _, found, name = place.rpartition("node_modules/")
        if found and not package.get("link"):
            yield Locked(file, name, package["version"])


def complaints(
    locked: Iterable[Locked],
    floors: Mapping[str, str],
    exact: Mapping[str, str],
    absent: Iterable[str],
) -> Iterator[str]:
    """Say what does not hold, a line for each."""
    unwanted = set(absent)
    for one in locked:
        floor, pin = floors.get(one.name), exact.get(one.name)
        where = f"{one.file}: {one.name} {one.version}"
        if one.name in unwanted:
            yield f"{where} must not be installed ({FLOORS} says why)"
        if floor is not None and Version(one.version) < Version(floor):
            yield f"{where} is below the floor {floor}; lock anew (make lock)"
        if pin is not None and one.version != pin:
            yield f"{where} has to be {pin} exactly"


def check(root: Path) -> list[str]:
    """Return every complaint about the lock files below `root`."""
    rules: dict[str, Any] = tomllib.loads((root / FLOORS).read_text("utf-8"))
    python = list(python_locks(_read(root, _PYPI_FILES)))
    scripts = [
        one
        for one in _installed_by_name(_read(root, _SCRIPTS))
        if one.name in rules["exact"]["pypi"]
    ]
    npm = list(npm_locks(_NPM_LOCK, (root / _NPM_LOCK).read_text("utf-8")))
    exact = rules["exact"]
    found = [
        *complaints(python, rules["pypi"], exact["pypi"], rules["absent"]["pypi"]),
        *complaints(scripts, {}, exact["pypi"], ()),
        *complaints(npm, rules["npm"], exact["npm"], rules["absent"]["npm"]),
    ]
    # A rule for a package that nothing locks would hold nothing, in silence.
    for kind, there in (("npm", npm), ("pypi", [*python, *scripts])):
        missing = exact[kind].keys() - {one.name for one in there}
        found += [
            f"{name}: nothing locks it; its pin holds nothing" for name in missing
        ]
    return found


def _read(root: Path, patterns: Iterable[str]) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text("utf-8")
        for pattern in patterns
        for path in sorted(root.glob(pattern))
    }


def _installed_by_name(files: Mapping[str, str]) -> Iterator[Locked]:
    for file, text in files.items():
        for name, version in re.findall(r"\b([a-z][\w-]*)==([0-9][\w.]*)", text):
            yield Locked(file, canonicalize_name(name), version)


def main() -> int:
    """Print what does not hold; return how the check went."""
    found = check(ROOT)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
