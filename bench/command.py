"""What the command lines of the long suites share: which parts, and how it ends."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from bench.rows import Report

Parts = Mapping[str, Callable[[], None]]


def measured(
    name: str,
    seed: int,
    parts: Callable[..., Parts],
    description: str | None,
    arguments: list[str],
) -> int:
    """Run the parts of a suite that are asked for; return the exit code.

    `parts(report, short=...)` names them; `--short` tries the code, not the machine.
    """
    report = Report(name, seed)
    every = parts(report, short="--short" in arguments)
    program = name.replace("-", ".", 1)
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--short", action="store_true", help="try the code quickly")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(every))
    asked = parser.parse_args(arguments)
    began_s = time.monotonic()
    for part in chosen(parser, asked.parts, every):
        print(f"{part} ({time.monotonic() - began_s:.0f} s so far)", flush=True)
        every[part]()
    return ended(report, whole=not (asked.short or asked.parts))


def chosen(
    parser: argparse.ArgumentParser, asked: Sequence[str], every: Collection[str]
) -> list[str]:
    """Return the parts to run: those asked for, or all. Exits when there is no such."""
    if unknown := set(asked) - set(every):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return list(asked or every)


def ended(report: Report, *, whole: bool) -> int:
    """Write the result of a whole run; return the exit code: 0 when all of it holds."""
    if whole:
        print(f"written: {report.write()}")
    else:
        print("not written: only a whole run is a result")
    return 0 if report.holds else 1
