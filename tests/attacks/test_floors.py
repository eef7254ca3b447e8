"""The check of versions finds what it is there to find."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scripts.check_floors import FLOORS, ROOT, check

FILES = (FLOORS, "package-lock.json", "requirements/room.txt", "scripts/setup.sh")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Our lock files, to be spoilt."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_what_is_locked_today_holds() -> None:
    assert check(ROOT) == []


def test_a_version_below_its_floor(copy: Path) -> None:
    replace(copy / "requirements/room.txt", "\ntornado==6.", "\ntornado==5.")
    [found] = check(copy)
    assert "tornado" in found
    assert "below the floor" in found


def test_a_later_version_with_fewer_digits_is_above_it(copy: Path) -> None:
    lock = copy / "requirements/room.txt"
    lock.write_text("tornado==10 \\\njupyterlab[ui]==4.6.10\n", "utf-8")
    assert check(copy) == []


def test_another_spelling_of_what_must_not_be_there(copy: Path) -> None:
    lock = copy / "requirements/room.txt"
    lock.write_text(lock.read_text("utf-8") + "\nJupyter_Server.Proxy==4.6.0\n")
    [found] = check(copy)
    assert "must not be installed" in found


def test_a_pin_that_moved(copy: Path) -> None:
    replace(copy / "scripts/setup.sh", "mediapipe==0.10.33", "mediapipe==1.0.1")
    [found] = check(copy)
    assert "0.10.33 exactly" in found


@pytest.mark.parametrize("below", ["", "node_modules/some-package/"])
def test_a_front_end_package_also_a_nested_one(copy: Path, below: str) -> None:
    path = copy / "package-lock.json"
    lock = json.loads(path.read_text("utf-8"))
    place = f"{below}node_modules/@mediapipe/tasks-vision"
    lock["packages"][place] = {"version": "1.1.0"}
    path.write_text(json.dumps(lock), "utf-8")
    [found] = check(copy)
    assert "0.10.35 exactly" in found


def test_a_pin_of_what_nobody_installs(copy: Path) -> None:
    replace(copy / "scripts/setup.sh", "mediapipe==", "mediapipe>=")
    [found] = check(copy)
    assert "holds nothing" in found
