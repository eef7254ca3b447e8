"""The hostile cells once more, with a server that is a normal user and no cgroups.

Where the tests already run as a normal user, the other files have shown that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534
ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy() -> Iterator[Path]:
    """The sources where every user may read them, and a home for `nobody`."""
    path = Path("/tmp") / f"nbk-test-{os.getpid()}"
    path.mkdir(mode=0o755)
    for part in ("kernels", "tests/kernels"):
        shutil.copytree(ROOT / part, path / part)
    shutil.copy(ROOT / "pyproject.toml", path)
    home = path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


def as_nobody(copy: Path, python: str, *arguments: str) -> tuple[int, str]:
    """Run Python as `nobody`; return exit code and output."""
    done = subprocess.run(
        [sys.executable, *arguments],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=copy,
        env={
            "PATH": os.environ["PATH"],
            "NBINTERVIEW_BWRAP": os.environ["NBINTERVIEW_BWRAP"],
            "HOME": str(copy / "home"),
            "PYTHONPATH": f"{copy}:{copy / 'kernels'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NBINTERVIEW_KERNEL_PYTHON": python,
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


if os.geteuid() == 0:

    def test_hostile_cells_as_a_normal_user(copy: Path, python: str) -> None:
        arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA"]
        basetemp = f"--basetemp={copy / 'home' / 'pytest'}"
        files = ["tests/kernels/test_hostile_cells.py", "tests/kernels/test_life.py"]
        code, output = as_nobody(copy, python, *arguments, basetemp, *files)
        assert code == 0, output
        assert "PASSED tests/kernels/test_hostile_cells.py" in output
        assert "skipped" not in output

    def test_check_as_a_normal_user(copy: Path, python: str) -> None:
        code, output = as_nobody(copy, python, "-m", "nbinterview_kernels.check")
        assert code == 0, output
        assert f"uid {NOBODY}" in output
        assert "memory is watched from outside" in output
