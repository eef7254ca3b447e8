"""Write the reference pages that come from the code; `--check` fails when stale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from nbinterview_proctor.policy import Policy, Rule, load

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference"
COMMANDS = (
    (),
    ("up",),
    ("interview", "create"),
    ("interview", "list"),
    ("interview", "show"),
    ("interview", "start"),
    ("interview", "end"),
    ("interview", "branch"),
    ("invitation", "withdraw"),
    ("record", "export"),
    ("record", "import"),
    ("replay",),
    ("rerun",),
)
POLICIES = ("standard", "fullscreen")
INTRODUCTION = """\
`nbinterview` speaks to the running platform as its operator, on the machine
where the platform runs. Set-up links it as `.nbinterview/bin/nbinterview`.
`./run` is `nbinterview up --sample` after set-up."""
WHAT_A_POLICY_IS = """\
A policy says which sensors are asked for and what counts.
Times are counted from the moment when a rule's threshold is entered;
the candidate is told first, and a flag never comes without that.
What cannot be measured never counts."""


def _help(command: tuple[str, ...]) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "nbinterview.cli", *command, "--help"],
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout.rstrip()


def command_line() -> str:
    """Return the page of the command `nbinterview`."""
    parts = [
        "# Command line",
        INTRODUCTION,
    ]
    for command in COMMANDS:
        title = " ".join(("nbinterview", *command))
        parts.append(f"## `{title}`\n\n```text\n{_help(command)}\n```")
    return "\n\n".join(parts) + "\n"


def policies() -> str:
    """Return the page of the policies."""
    parts = [
        "# Policies",
        WHAT_A_POLICY_IS,
    ]
    for name in POLICIES:
        policy = Policy.from_dict(load(name))
        rows = [
            "| finding | sensor | told after | flag after | enters at | leaves at |",
            "|---|---|---|---|---|---|",
        ]
        rows += [_row(rule) for rule in policy.active_rules]
        required = "is required" if policy.camera_required else "is not required"
        parts.append(
            f"## `{name}`, version {policy.version}\n\nA camera {required}. "
            f"A kernel's sandbox must have: {', '.join(policy.sandbox.require) or '-'}."
            "\n\n"
            + "\n".join(rows)
        )
    return "\n\n".join(parts) + "\n"


def _row(rule: Rule) -> str:
    return (
        f"| {rule.title} (`{rule.rule}`) | {rule.sensor} "
        f"| {rule.warn_after_s:g} s | {rule.flag_after_s:g} s "
        f"| {_limits(rule.enter)} | {_limits(rule.leave)} |"
    )


def _limits(limits: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in limits.items()) or "-"


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` compare them."""
    fresh = {
        REFERENCE / "command-line.md": command_line(),
        REFERENCE / "policy.md": policies(),
    }
    stale = [path for path, text in fresh.items() if path.read_text("utf-8") != text]
    if "--check" not in arguments:
        for path, text in fresh.items():
            path.write_text(text, "utf-8")
        return 0
    for path in stale:
        print(f"{path.relative_to(ROOT)} is stale: run scripts/generate_docs.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
