"""Random schedules: how many of the same ones go wrong in a room, and in stock."""

from __future__ import annotations

import warnings

from hypothesis import strategies as st

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
    done = {
        name: carry_out(report, f"{name}, the core", trial, CORE_SCHEDULES, on_core)
        for name, trial in (("ours", on_our_core), ("stock", on_stock_core))
    }
    report.add(row("the core", done["ours"], done["stock"]))
    done = {
        name: carry_out(
            report,
            f"{name}, whole servers",
            on_whole_servers(name),
            SERVER_SCHEDULES,
            on_servers,
        )
        for name in ("ours", "stock")
    }
    report.add(row("whole servers", done["ours"], done["stock"]))


def carry_out(
    report: Report,
    name: str,
    trial: Trial,
    strategy: st.SearchStrategy[list[Action]],
    count: int,
) -> Done:
    """Carry out so many schedules, and tell how far it is."""
    report.look_at_machine()

    def tell(number: int, _found: Findings) -> None:
        if number % max(1, count // 5) == 0:
            print(f"  {name}: {number} of {count}", flush=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # stock warns of cells that it doubled
        return run_trials(
            trial, strategy, count=count, with_seed=report.seed, tell=tell
        )


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
