"""`nbinterview rerun`: what was run in an interview, once more in a fresh sandbox."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from nbinterview.cli.client import Service
from nbinterview.errors import Conflict, Unavailable
from nbinterview.home import Setup

DIFFERS = 1
IMPOSSIBLE = 2


def add_command(commands: Any) -> None:
    """Add `nbinterview rerun`."""
    parser = commands.add_parser(
        "rerun",
        help="run again what was run in an interview, and compare",
        description=(
            "Run the recorded runs again in their order, on this machine and in a "
            "fresh sandbox, and say where the outputs differ. Exit status: 0 when all "
            f"agree, {DIFFERS} when something differs, {IMPOSSIBLE} when it cannot be "
            "done."
        ),
    )
    parser.add_argument("id")
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="since the opening: 00:23:10, 23:10 or seconds; without it, the end",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, at the end")
    parser.set_defaults(run=_rerun, failure=IMPOSSIBLE)


def _rerun(service: Service, given: argparse.Namespace) -> int:
    from nbinterview.ledger import moments, rerun, runs
    from nbinterview.runner_process import Sandbox

    until_ms = None if given.until is None else moments.parse_moment(given.until)
    shown = service.call("GET", f"/interviews/{given.id}")
    interview = shown["interview"]
    if interview["branch"] is not None:
        raise Conflict(
            "This is a branch: its Python came from the interview "
            f"{interview['branch']['of']}. Run that one again."
        )
    records = service.records(given.id)
    found = moments.find(records, until_ms)
    before = [record for record in records if record["seq"] <= found.seq]
    steps = rerun.plan(runs.recorded_runs(before))
    report = _Report(interview, steps, quiet=given.json)
    if any(not step.skipped for step in steps):
        sandbox = replace(
            Sandbox.from_setup(Setup.from_env()),
            require=tuple(shown["required_layers"]),
        )
        asyncio.run(_run(sandbox, rerun.runs_task(steps), report))
    report.skip()
    return report.finish(moments.clock(found.at_ms), found.seq)


async def _run(sandbox: Any, task: Mapping[str, Any], report: _Report) -> None:
    from nbinterview.runner_process import run_again

    async with aclosing(run_again(sandbox, task)) as events:
        async for event in events:
            match event["event"]:
                case "cell":
                    report.take(event)
                case "refused":
                    raise Unavailable(f"It cannot be run again: {event['detail']}")
                case "done" if event["detail"]:
                    raise Unavailable(f"Not everything was run: {event['detail']}")


class _Report:
    """A line for each run as it goes, or one JSON for all at the end."""

    def __init__(
        self, interview: Mapping[str, Any], steps: Sequence[Any], *, quiet: bool
    ) -> None:
        self._interview = interview
        self._names = {
            one["hub_name"]: one["display_name"] for one in interview["people"]
        }
        self._steps = steps
        self._quiet = quiet
        self._found: list[dict[str, Any]] = []

    def take(self, event: Mapping[str, Any]) -> None:
        """Compare the next run with what it gave now."""
        from nbinterview.ledger import rerun

        self.skip()
        step = self._steps[len(self._found)]
        compared = rerun.compare(step.run.outputs, event)
        if step.fresh:
            self._say("  (here Python had been restarted)")
        self._add(step, compared.result, compared.detail)

    def skip(self) -> None:
        """Say what is not run again and why, up to the next that is."""
        while len(self._found) < len(self._steps):
            step = self._steps[len(self._found)]
            if not step.skipped:
                return
            self._add(step, "skipped", step.skipped)

    def _add(self, step: Any, result: str, detail: str) -> None:
        run = step.run
        self._found.append(
            {
                "execution_id": run.execution_id,
                "cell_id": run.cell_id,
                "author": run.author,
                "requested_seq": run.requested_seq,
                "requested_at": run.requested_at,
                "status": run.status,
                "result": result,
                "detail": detail,
            }
        )
        number = f"{len(self._found)}/{len(self._steps)}"
        name = self._names.get(run.author, run.author)
        first, *rest = detail.split("\n")
        words = first if result == "skipped" else ""
        cell = run.cell_id or "(no cell)"
        line = f"{number:>7}  {run.requested_at[11:19]}  {cell[:14]:<14}  "
        self._say(f"{line}{name[:20]:<20}  {result:<7}  {words}".rstrip())
        if not words and detail:
            for text in (first, *rest):
                self._say(f"           {text}")

    def _say(self, line: str) -> None:
        if not self._quiet:
            print(line, flush=True)

    def finish(self, until: str, seq: int) -> int:
        """Print the outcome; return the exit status."""
        count = {
            result: sum(one["result"] == result for one in self._found)
            for result in ("same", "differs", "error", "skipped")
        }
        if self._quiet:
            found = {
                "id": self._interview["id"],
                "until": until,
                "seq": seq,
                **count,
                "runs": self._found,
            }
            json.dump(found, sys.stdout, ensure_ascii=False, indent=2)
            print()
        words = ", ".join(f"{number} {name}" for name, number in count.items())
        self._say(f"Up to {until}: {len(self._found)} runs, {words}.")
        return DIFFERS if count["differs"] or count["error"] else 0
