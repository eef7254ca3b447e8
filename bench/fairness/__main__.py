"""`make bench-fairness`: honest hours and scripted cheats through our rules and peers'.

Results are kept one file a session below `bench/results/bench-fairness.tmp`, under a
key of everything that they depend on: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import nbinterview_proctor
from bench.command import ended
from bench.fairness.ours import POLICIES
from bench.fairness.session import tried
from bench.fairness.summary import rows
from bench.rows import RESULTS, Report

#: People whom no policy was tuned on. Tune with others: `--seed 20261123`.
SEED = 20270404
PEOPLE, SESSIONS, MINUTES = 70, 3, 60.0
#: Shorter ones have no room for what is done in them.
LEAST_MINUTES = 6.0
WORDS = """\
All traces are synthetic: nothing here was measured on people.
{people} people, {sessions} sessions of {minutes:g} minutes each, each once honest and
once with a cheat in it. What people do, how often, and how a face model errs are the
assumptions written in bench/fairness."""
Task = tuple[int, int]


def key(seed: int) -> str:
    """Return a name for everything that the results depend on."""
    folders = (Path(__file__).parent, Path(nbinterview_proctor.__file__).parent)
    digest = hashlib.sha256(str(seed).encode())
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".yaml"} and path.name not in {
                *("__main__.py", "summary.py", "widget.py"),
            }:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def work(
    tasks: list[Task], minutes: float, seed: int, workers: int
) -> Iterator[dict[str, Any]]:
    """Yield the results of all sessions, those from an earlier run first."""
    folder = RESULTS / "bench-fairness.tmp" / key(seed)
    folder.mkdir(parents=True, exist_ok=True)
    waiting = []
    for task in tasks:
        path = _path(folder, task, minutes)
        if path.exists():
            yield json.loads(path.read_text("utf-8"))
        else:
            waiting.append(task)
    with ProcessPoolExecutor(max_workers=workers) as pool:
        running = [pool.submit(_one, seed, task, minutes, folder) for task in waiting]
        for done in as_completed(running):
            yield done.result()


def _path(folder: Path, task: Task, minutes: float) -> Path:
    return folder / f"p{task[0]:03}-s{task[1]}-{minutes:g}min.json"


def _one(seed: int, task: Task, minutes: float, folder: Path) -> dict[str, Any]:
    """Try one session, and keep what came of it."""
    result = tried(seed, *task, minutes, POLICIES)
    path = _path(folder, task, minutes)
    made = path.with_suffix(".new")
    made.write_text(json.dumps(result), "utf-8")
    made.replace(path)
    return result


def main(arguments: list[str]) -> int:
    """Run it and report; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="bench.fairness")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args(arguments)
    if asked.minutes < LEAST_MINUTES:
        parser.error(f"a session takes at least {LEAST_MINUTES:g} minutes")
    words = WORDS.format(people=asked.people, sessions=SESSIONS, minutes=asked.minutes)
    print(words, flush=True)
    report = Report("bench-fairness", asked.seed)
    report.look_at_machine()
    tasks = [(p, s) for p in range(asked.people) for s in range(SESSIONS)]
    found: list[dict[str, Any]] = []
    begun_s = time.monotonic()
    for result in work(tasks, asked.minutes, asked.seed, asked.workers):
        found.append(result)
        if len(found) % 10 == 0 or len(found) == len(tasks):
            spent_s = time.monotonic() - begun_s
            print(f"{len(found)} of {len(tasks)} sessions, {spent_s:.0f} s", flush=True)
    found.sort(key=lambda result: (result["person"], result["session"]))
    report.add(*rows(found, report.chance()))
    whole = (asked.people, asked.minutes, asked.seed) == (PEOPLE, MINUTES, SEED)
    return ended(report, whole=whole)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
