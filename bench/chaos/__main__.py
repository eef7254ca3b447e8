"""`make chaos`: every fault of the matrix, many seeds each, and an independent judge.

Goes on where it was interrupted: each trial is a line of `.nbinterview/chaos.jsonl`.
`sh bench/run.sh chaos 3 11` plays only these faults; with `--short`, once each, and
nothing is kept. `--anew` forgets earlier trials.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.command import ended
from bench.rows import Report, Row, p95
from tests.chaos.catalog import MATRIX, Fault
from tests.chaos.interview import Scale
from tests.chaos.stage import Stage, Trial
from tests.chaos.stock import VERSIONS, stock_room, stock_trial

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".nbinterview" / "chaos.jsonl"
WRONG = ROOT / "test-artifacts" / "chaos"
SEED = 20261123
TRIALS = 50
TRIAL_S = 240.0
SHORT, LONG = Scale(), Scale(drop_s=12.0, sleep_s=12.0)
STOCK_CAN = {3, 11}
"""Faults whose document can be asked for on a stock hub with collaboration."""
CHROMIUM, CHROMIUM_TITLE = 100, "faults of the candidate's own page, in Chromium"
CHROMIUM_TRIALS = 10
IN_CHROMIUM = ("tests/lab/test_silence_page.py", "tests/lab/test_custody_page.py")


@dataclass(frozen=True)
class Done:
    """What became of one trial."""

    fault: int
    seed: int
    wrong: dict[str, list[str]]
    times: dict[str, list[float]] = field(default_factory=dict)
    took_s: float = 0.0
    side: str = "ours"
    tested: list[str] = field(default_factory=list)
    """The invariants that it has put to the test."""


async def played(stage: Stage, fault: Fault, seed: int) -> Done:
    """Play one trial; one that does not come to its end is wrong too."""
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(TRIAL_S):
            # Trials of one room must not have the same words and boot ids.
            trial = await fault.play(stage, 100 * seed + fault.number)
    except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
        traceback.print_exc()
        for name in ("main", "platform", "skewed", "next door"):
            stage.forget(name)
        words = f"{type(error).__name__}: {error}"[:300]
        return Done(fault.number, seed, {"trial": [words]})
    took_s = time.monotonic() - began_s
    if not trial.verdict.holds:
        WRONG.mkdir(parents=True, exist_ok=True)
        trial.history.write(WRONG / f"{fault.number}-{seed}.jsonl")
    return Done(
        fault.number,
        seed,
        trial.verdict.wrong,
        trial.history.times(),
        round(took_s, 1),
        tested=trial.tested,
    )


def kept() -> list[Done]:
    """Return the trials of earlier runs."""
    if not KEPT.exists():
        return []
    return [Done(**json.loads(line)) for line in KEPT.read_text("utf-8").splitlines()]


def keep(done: Done) -> None:
    """Append a trial."""
    with KEPT.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(done)) + "\n")


def stock_played(fault: Fault, seeds: Sequence[int], scale: Scale) -> Iterator[Done]:
    """Play the same seeds on a stock hub with collaboration; its document is judged."""
    with (
        TemporaryDirectory(prefix="nbi-stock-") as folder,
        stock_room(Path(folder) / "hub") as room,
    ):
        for seed in seeds:
            began_s = time.monotonic()
            try:
                verdict = asyncio.run(stock_trial(room, fault.number, seed, scale))
                wrong = verdict.wrong
            except Exception as error:  # noqa: BLE001  # the others go on
                traceback.print_exc()
                # It is no broken invariant: nothing can be said of the document.
                wrong = {"trial": [f"{type(error).__name__}: {error}"[:300]]}
            took_s = round(time.monotonic() - began_s, 1)
            yield Done(fault.number, seed, wrong, {}, took_s, "stock")


def chromium_played(seed: int) -> Done:
    """Play the faults of a candidate's page once in Chromium, as the tests do."""
    began_s = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-x", *IN_CHROMIUM]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    last = (run.stdout.strip().splitlines() or ["nothing was said"])[-1]
    wrong = {} if run.returncode == 0 else {"I3": [last]}
    took_s = round(time.monotonic() - began_s, 1)
    return Done(CHROMIUM, seed, wrong, {}, took_s, tested=["I1", "I3", "I4"])


def tell(one: Done, title: str) -> None:
    """Print how a trial went."""
    words = "; ".join(f"{name}: {found[0]}" for name, found in one.wrong.items())
    print(
        f"  {one.fault:2} {title}, {one.side}, seed {one.seed}, {one.took_s:.0f} s: "
        f"{words or 'holds'} {one.times or ''}",
        flush=True,
    )


async def play(faults: Sequence[Fault], *, seeds: range, short: bool) -> list[Done]:
    """Play what has not been played yet; return all."""
    done = [] if short else kept()
    known = {(one.fault, one.seed) for one in done if one.side == "ours"}
    stage = Stage(SHORT if short else LONG)
    try:
        for seed in seeds:
            for fault in faults:
                if (fault.number, seed) in known:
                    continue
                one = await played(stage, fault, seed)
                done.append(one)
                if not short:
                    keep(one)
                tell(one, fault.title)
    finally:
        stage.close()
    return done


def beside(
    faults: Sequence[Fault], done: list[Done], *, seeds: range, short: bool
) -> None:
    """Add what has not been played yet of the stock hub and of Chromium."""
    scale = SHORT if short else LONG
    for fault in faults:
        if fault.number not in STOCK_CAN:
            continue
        of = [one for one in done if (one.fault, one.side) == (fault.number, "stock")]
        left = [seed for seed in seeds if seed not in {one.seed for one in of}]
        for one in stock_played(fault, left, scale) if left else ():
            done.append(one)
            if not short:
                keep(one)
            tell(one, fault.title)
    of = [one for one in done if one.fault == CHROMIUM]
    if short or {one.number for one in faults} != {one.number for one in MATRIX}:
        return
    for seed in list(seeds)[len(of) : CHROMIUM_TRIALS]:
        done.append(chromium_played(seed))
        keep(done[-1])
        tell(done[-1], CHROMIUM_TITLE)


def rows(faults: Sequence[Fault], done: Sequence[Done]) -> Iterator[Row]:
    """Yield a row for each fault, and one for each of its bounds."""
    for fault in (*faults, Fault(CHROMIUM, CHROMIUM_TITLE, _nothing)):
        mine = [one for one in done if one.fault == fault.number]
        stock = [one for one in mine if one.side == "stock"]
        mine = [one for one in mine if one.side == "ours"]
        if fault.number == CHROMIUM and not mine:
            continue
        wrong = [one for one in mine if one.wrong]
        names = sorted({name for one in wrong for name in one.wrong})
        tested = sorted({name for one in mine for name in one.tested})
        yield Row(
            measure=f"{fault.number}. {fault.title}: trials with a broken invariant",
            unit="trials",
            ours=len(wrong),
            peer=sum("I4" in one.wrong for one in stock) if stock else None,
            bar=f"none; put to the test: {', '.join(tested) or 'nothing'}",
            holds=bool(mine) and not wrong,
            n=f"{len(mine)} trials"
            + (f", {len(stock)} of stock, I4 alone" if stock else ""),
            versions=VERSIONS if stock else "",
            note="; ".join(
                f"seed {one.seed}: {name}: {one.wrong[name][0]}"
                for one in wrong[:2]
                for name in sorted(one.wrong)[:2]
            )
            or ", ".join(names),
        )
        measured = sorted({name for one in mine for name in one.times})
        for name in measured:
            values = [value for one in mine for value in one.times.get(name, ())]
            bound = fault.bounds.get(name)
            yield Row(
                measure=f"{fault.number}. {fault.title}: {name}, p95",
                unit=fault.units.get(name, "s"),
                ours=p95(values),
                bar=None if bound is None else f"at most {bound:g}",
                holds=None if bound is None else p95(values) <= bound,
                n=f"{len(values)}",
            )
        for name in sorted(fault.bounds.keys() - set(measured)) if mine else ():
            yield Row(
                measure=f"{fault.number}. {fault.title}: {name}, p95",
                unit=fault.units.get(name, "s"),
                ours=0,
                bar=f"at most {fault.bounds[name]:g}",
                holds=False,
                n="0",
                note="never measured",
            )


async def _nothing(_stage: Stage, _seed: int) -> Trial:
    raise NotImplementedError  # played by pytest


def main(arguments: list[str]) -> int:
    """Play, write the result, and say by the exit code whether all of it holds."""
    parser = argparse.ArgumentParser(prog="bench.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one trial of each")
    parser.add_argument("--anew", action="store_true", help="forget earlier trials")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seed", type=int, help="play only this seed")
    numbers = {str(one.number): one for one in MATRIX}
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(numbers))
    asked = parser.parse_args(arguments)
    if unknown := set(asked.faults) - set(numbers):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if asked.anew:
        KEPT.unlink(missing_ok=True)
    faults = [numbers[one] for one in asked.faults] or list(MATRIX)
    report = Report("chaos", SEED)
    report.look_at_machine()
    trials = 1 if asked.short else asked.trials
    seeds = range(SEED, SEED + trials)
    if asked.seed is not None:
        seeds = range(asked.seed, asked.seed + 1)
    short = asked.short or asked.seed is not None
    done = asyncio.run(play(faults, seeds=seeds, short=short))
    beside(faults, done, seeds=seeds, short=short)
    report.add(*rows(faults, done))
    # Fewer trials are a result too: each row says how many there were.
    return ended(report, whole=not short and not asked.faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
