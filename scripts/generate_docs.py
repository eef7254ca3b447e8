"""Write the reference pages that come from the code; `--check` fails when stale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from nbinterview.rates import OVERRIDES, RATES
from nbinterview.service.access_table import ANYBODY, PUBLIC, TABLE
from nbinterview_proctor.policy import Policy, Rule, load, names, words
from nbinterview_server import door

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
    ("export",),
    ("verify",),
    ("key", "show"),
    ("key", "rotate"),
    ("record", "export"),
    ("record", "import"),
    ("replay",),
    ("rerun",),
    ("rescore",),
    ("evaluate",),
    ("purge",),
    ("person", "export"),
    ("person", "delete"),
    ("audit",),
    ("error-rates", "import"),
    ("error-rates", "show"),
    ("error-rates", "forget"),
)
INTRODUCTION = """\
`nbinterview` speaks to the running platform as its operator, on the machine
where the platform runs. Set-up links it as `.nbinterview/bin/nbinterview`.
`./run` is `nbinterview up --sample` after set-up."""
WHAT_A_POLICY_IS = """\
A policy says which sensors are asked for and what counts. Nothing is preselected:
whoever makes an interview names one.
Times are seconds of finding, counted from the moment when its threshold is entered.
The candidate is told first, quietly and then by a warning, and a flag never comes
without that; `in all` is many short times within a window, after a warning.
What is a moment, like a paste, is told and flagged at once.
A dash is a step that never comes: without a flag, a finding is only recorded.
What cannot be measured never counts; a camera that stays covered, frozen or off is
a finding of its own.
What is kept for how long, and how it is erased: [](../howto/retention.md).
How to write one: [](../howto/write-a-policy.md)."""

WHO_MAY_WHAT = """\
What is not in these tables is open to nobody. A person's role is the one in the
interview that a path names; who has a part in another interview only is a `visitor`.
A refusal is 401, 403 or 404, another state 409, and of an erased interview 410.
At the hub, what people may is a list of scopes: `nbinterview_hub.roles`."""
HOW_OFTEN = f"""\
Windows move: an amount counts over the last minute, not since the full one. What is too
much is answered `429` with `Retry-After`; nothing is lost by it. For a large
installation, `{OVERRIDES}` changes single limits for all parts, as
`{OVERRIDES}="making=300/minute,downloads=600/minute"`. Behind more than one proxy of
your own, `NBINTERVIEW_PROXY_HOPS` says how many, so that a client's address is read
where your proxies wrote it. `metrics` of the service counts what was refused; it takes
the operator's token."""


def access() -> str:
    """Return the page of who may ask what."""
    service = ["| method | path | who | in states | limit |", "|---|---|---|---|---|"]
    service += [
        f"| {entry.method} | `{entry.path}` | {_among(entry.roles, ANYBODY)} "
        f"| {', '.join(sorted(entry.states)) if entry.names_interview else '-'} "
        f"| {entry.limit or '-'} |"
        for entry in (*TABLE, *PUBLIC)
    ]
    room = ["| methods | path | who | in states |", "|---|---|---|---|"]
    room += [
        f"| {' '.join(sorted(entry.methods))} "
        f"| `{entry.pattern.pattern.replace('|', chr(92) + '|')}` "
        f"| {_among(entry.roles, None)} | {', '.join(sorted(entry.states))} |"
        for entry in door.TABLE
    ]
    parts = ["# Access", WHO_MAY_WHAT, "## Service", "\n".join(service)]
    return "\n\n".join([*parts, "## Room", "\n".join(room)]) + "\n"


def _among(roles: frozenset[str] | None, everybody: frozenset[str] | None) -> str:
    return "anybody" if roles == everybody else ", ".join(sorted(roles or ()))


def limits() -> str:
    """Return the page of how often somebody may ask."""
    rows = ["| limit | amount | for each | of |", "|---|---|---|---|"]
    rows += [f"| `{r.name}` | {r.amount} | {r.per} | {r.of} |" for r in RATES]
    return "\n\n".join(["# Limits", HOW_OFTEN, "\n".join(rows)]) + "\n"


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
    parts = ["# Policies", WHAT_A_POLICY_IS]
    for name in names():
        policy = Policy.from_dict(load(name))
        required = "is required" if policy.camera_required else "is not required"
        asked = ", ".join(policy.sensors) or "nothing"
        parts.append(
            f"## `{name}`, version {policy.version}\n\n{policy.title}. "
            f"Asks for: {asked}. A camera {required}. "
            f"A kernel's sandbox must have: {', '.join(policy.sandbox.require) or '-'}."
            f" Kept after the end: {_kept(policy)}."
        )
        parts.append("\n".join(f"- {text}" for text in words(policy)))
        if policy.active_rules:
            parts.append(_table(policy))
    return "\n\n".join(parts) + "\n"


def _kept(policy: Policy) -> str:
    """Return a policy's times; what each is about is in the guide."""
    return ", ".join(
        f"{name.removesuffix('_days')} {'-' if days is None else f'{days} days'}"
        for name, days in asdict(policy.retention).items()
    )


def _table(policy: Policy) -> str:
    titles = (
        *("finding", "from", "quietly", "warning", "flag", "in all", "enters at"),
        *("leaves at", "not where allowed", "not while", "points"),
    )
    head = f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"
    return "\n".join([head, *map(_row, policy.active_rules)])


def _row(rule: Rule) -> str:
    repeat = rule.repeat
    cells = [
        f"{rule.title} (`{rule.rule}`)",
        rule.sensor,
        *map(_step, (rule.nudge_after_s, rule.warn_after_s, rule.flag_after_s)),
        f"{repeat.total_s:g} s in {repeat.window_s:g} s" if repeat else "-",
        _limits(rule.enter),
        _limits(rule.leave),
        ", ".join(rule.excused_by) or "-",
        ", ".join(rule.pardons) or "-",
        f"{rule.points_per_flag:g} + {rule.points_per_minute:g} a minute",
    ]
    return f"| {' | '.join(cells)} |"


def _step(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:g} s"


def _limits(limits: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in limits.items()) or "-"


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` compare them."""
    fresh = {
        REFERENCE / "command-line.md": command_line(),
        REFERENCE / "policy.md": policies(),
        REFERENCE / "access.md": access(),
        REFERENCE / "limits.md": limits(),
    }
    stale = [
        path
        for path, text in fresh.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    if "--check" not in arguments:
        for path, text in fresh.items():
            path.write_text(text, "utf-8")
        return 0
    for path in stale:
        print(f"{path.relative_to(ROOT)} is stale: run scripts/generate_docs.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
