"""`nbinterview evaluate`, in the interpreter that has MediaPipe and OpenCV.

They have no business where the platform runs, so the command goes on as another
program there. Its help works without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbinterview.errors import Unavailable
from nbinterview_proctor.evaluate import arguments

INSTALL = "sh scripts/setup.sh evaluate"
MODULE = "nbinterview_proctor.evaluate"
_ROOT = Path(__file__).resolve().parents[3]
_LOOK = """
import importlib.util, sys
needed = ("cv2", "matplotlib", "mediapipe", "nbinterview_proctor", "yaml")
sys.exit(not all(importlib.util.find_spec(name) for name in needed))
"""


def add_command(commands: Any) -> None:
    """Add `nbinterview evaluate`."""
    parser = commands.add_parser(
        "evaluate", help="measure recorded clips, and how often findings are wrong"
    )
    arguments.add_to(parser)
    parser.set_defaults(run=None)


def main(given: Sequence[str]) -> int:
    """Become the command with these arguments; return only where it cannot start."""
    python = interpreter(os.environ)
    sys.stdout.flush()
    os.execv(python, [str(python), "-m", MODULE, *given])  # noqa: S606


def interpreter(env: Mapping[str, str]) -> Path:
    """Return the interpreter of the evaluate environment; `Unavailable` without it."""
    named = env.get("NBINTERVIEW_EVALUATE_PYTHON") or _from_setup(env)
    if not named or not os.access(named, os.X_OK):
        raise Unavailable(
            f"Evaluation needs an environment of its own. Install it:  {INSTALL}"
        )
    if not _can_evaluate(named):
        raise Unavailable(
            f"{named} lacks what evaluation needs. Install it:  {INSTALL}"
        )
    return Path(named)


def _can_evaluate(python: str) -> bool:
    """Whether this interpreter has what the command imports; looks, loads nothing."""
    looked = subprocess.run([python, "-c", _LOOK], check=False, capture_output=True)
    return looked.returncode == 0


def _from_setup(env: Mapping[str, str]) -> str:
    named = env.get("NBINTERVIEW_SETUP") or str(_ROOT / ".nbinterview/setup.json")
    try:
        found = json.loads(Path(named).read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return str(found.get("evaluate_python") or "")
