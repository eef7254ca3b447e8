"""Random schedules: how many of the same ones go wrong in a room, and in stock."""

from __future__ import annotations

import warnings

from bench.rows import Report, Row
from tests.custody.schedules import Action, Findings
from tests.custody.trials import (
    CORE_SCHEDULES,
    SERVER_SCHEDULES,
    Trial,
    failing,
    on_our_core,
    on_stock_core,
    on_whole_servers,
    run_trials,
)

Done = list[tuple[list[Action], Findings]]
VERSIONS = "jupyter-server-ydoc 3.0.4 (jupyter-collaboration 5.0.4)"


def measure(report: Report, *, on_core: int, on_servers: int) -> None:
    """Carry out schedules on cores and on whole servers, and add the rows."""
    for where, count, strategy, ours, stock in (
        ("the core", on_core, CORE_SCHEDULES, on_our_core, on_stock_core),
        (
            "whole servers",
            on_servers,
            SERVER_SCHEDULES,
            on_whole_servers("ours"),
            on_whole_servers("stock"),
        ),
    ):
        report.look_at_machine()

        def run(name: str, trial: Trial) -> Done:
            def tell(number: int, found: Findings) -> None:
                if number % (count // 5 or 1) == 0 or (found.failed and name == "ours"):
                    print(f"  {name}, {where}: {number} of {count}", flush=True)

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # stock warns of cells it doubled
                return run_trials(
                    trial, strategy, count=count, with_seed=report.seed, tell=tell
                )

        report.add(row(where, run("ours", ours), run("stock", stock)))


def row(where: str, ours: Done, stock: Done) -> Row:
    """Return the row of schedules in one place."""
    wrong = failing(ours)
    return Row(
        measure=f"schedules on {where} that lose, double or part something",
        unit="schedules",
        ours=wrong,
        peer=failing(stock),
        bar="none",
        holds=wrong == 0,
        n=f"{len(ours)} schedules each",
        versions=VERSIONS,
        note=f"ours: {kinds(ours)}; stock: {kinds(stock)}",
    )


def kinds(done: Done) -> str:
    """Return in how many schedules which failure was seen."""
    found = [one for _, one in done]
    return (
        f"lost {sum(bool(one.lost) for one in found)}, "
        f"doubled {sum(bool(one.doubled) for one in found)}, "
        f"parted {sum(one.diverged for one in found)}, "
        f"refused {sum(bool(one.refused) for one in found)}, "
        "gone with a page that was loaded again "
        f"{sum(bool(one.vanished) for one in found)}"
    )
