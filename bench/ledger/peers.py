"""Peers from PyPI, pinned in bench/peers, in an environment that is theirs alone."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PINNED = ROOT / "bench" / "peers" / "requirements.txt"
ENVIRONMENT = ROOT / ".nbinterview" / "bench-peers"


def python() -> Path:
    """Return the interpreter of the peers' environment; made when not there."""
    found = ENVIRONMENT / "bin" / "python"
    key = hashlib.sha256(PINNED.read_bytes()).hexdigest()
    ready = ENVIRONMENT / ".ready"
    if ready.exists() and ready.read_text("ascii") == key:
        return found
    print("  installing peers from PyPI", flush=True)
    base = sys._base_executable or sys.executable  # type: ignore[attr-defined]
    subprocess.run([base, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    pip = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(PINNED)], check=True, timeout=600)
    ready.write_text(key, "ascii")
    return found


def pymerkle_per_s(path: Path, seconds: float, size_bytes: int) -> float:
    """Return how many entries a second pymerkle's SqliteTree appends."""
    script = Path(__file__).with_name("pymerkle_peer.py")
    command = [str(python()), str(script), str(path), str(seconds), str(size_bytes)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return float(found["entries"]) / float(found["took_s"])
