"""What the command lines of the long suites share: which parts, and how it ends."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence

from bench.rows import Report


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
