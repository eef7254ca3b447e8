"""A million inputs: `python -m tests.attacks.fuzz_decoders [--inputs N] [--seed N]`.

Each decoder has a process of its own, so that one's memory is not another's, and
what ends a process is found too. Inputs are led by coverage (atheris) where that is
installed, and changed at random, from the seed, where it is not; the rows say which.
Prints JSON rows for `make attack`; what was not held goes to standard error.
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from tests.e2e.harness import ROOT

INPUTS = 1_000_000
TIMEOUT_S = 1800
# What an interpreter needs to become warm; memory is compared from then on.
WARM = 0.2
FLAT_MIB = 48.0
SHOWN = 5


def main() -> int:
    """Run every decoder, print the rows, return how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--only")
    parser.add_argument("--child", nargs=2, metavar=("TARGET", "FILE"))
    options = parser.parse_args()
    if options.child:
        name, result = options.child
        _child(name, result, options.inputs, options.seed)
        return 0
    found = list(_all(options.inputs, options.seed, options.only))
    rows = _rows(found)
    print(json.dumps(rows, indent=1))
    return 0 if all(row["holds"] for row in rows) else 1


def _all(inputs: int, seed: int, only: str | None) -> Iterator[dict[str, Any]]:
    from tests.attacks.fuzz_decoders.targets import TARGETS

    for target in TARGETS:
        if only in (None, target.name):
            yield _in_process(target.name, int(inputs * target.share) + 1, seed)


def _in_process(name: str, inputs: int, seed: int) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-m", "tests.attacks.fuzz_decoders"]
        command += ["--inputs", str(inputs), "--seed", str(seed)]
        command += ["--child", name, str(result)]
        run = subprocess.run(
            command, capture_output=True, timeout=TIMEOUT_S, check=False, cwd=ROOT
        )
        if not result.exists():
            print(run.stderr.decode(errors="replace")[-4000:], file=sys.stderr)
            return {"name": name, "inputs": 0, "ended": run.returncode, "wrong": {}}
        found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    for words, example in found["wrong"].items():
        print(f"{name}: {words}\n{example}", file=sys.stderr)
    return found


def _rows(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    total = sum(one["inputs"] for one in found)
    wrong = sum(one.get("wrongs", 0) + ("ended" in one) for one in found)
    growth_mib = max(one.get("growth_mib", 0.0) for one in found)
    engines = ", ".join(sorted({one.get("engine", "none") for one in found}))
    return [
        _row(f"decoders: unhandled exceptions ({engines})", wrong, 0, total),
        _row("decoders: growth of memory, MiB", growth_mib, FLAT_MIB, total),
    ]


def _row(measure: str, ours: float, bar: float, n: int) -> dict[str, Any]:
    return {
        "measure": measure,
        "ours": ours,
        "peer": None,
        "bar": f"<= {bar:g}",
        "holds": ours <= bar and n > 0,
        "n": n,
    }


# ------------------------------------------------------------- one decoder


class _Watched:
    """One decoder: counts its inputs, keeps what went wrong, watches the memory."""

    def __init__(self, name: str, inputs: int, result: Path, engine: str) -> None:
        from tests.attacks.fuzz_decoders.targets import TARGETS, outcome

        [target] = [one for one in TARGETS if one.name == name]
        self.seeds, self._take, self._outcome = target.seeds(), target.make(), outcome
        self._name, self._inputs, self._result = name, inputs, result
        self._engine, self._done = engine, 0
        self._wrong, self._examples = Counter[str](), dict[str, str]()
        self._warm_mib = 0.0

    def __call__(self, data: bytes) -> None:
        if self._done >= self._inputs:
            return
        error = self._outcome(self._take, data)
        if error is not None:
            where = traceback.extract_tb(error.__traceback__)[-1]
            words = f"{type(error).__name__} in {Path(where.filename).name}"
            self._wrong[words] += 1
            if len(self._examples) < SHOWN:
                text = "".join(traceback.format_exception(error, limit=-3))
                seen = f"{text}{base64.b64encode(data[:2000]).decode()}"
                self._examples.setdefault(words, seen)
        self._done += 1
        if self._done == max(1, int(self._inputs * WARM)):
            self._warm_mib = _rss_mib()
        if self._done == self._inputs:
            self._finish()

    def _finish(self) -> None:
        said = {
            "name": self._name,
            "engine": self._engine,
            "inputs": self._done,
            "wrong": self._examples,
            "wrongs": sum(self._wrong.values()),
            "growth_mib": round(max(0.0, _rss_mib() - self._warm_mib), 1),
        }
        self._result.write_text(json.dumps(said), "utf-8")


def _rss_mib() -> float:
    size_bytes: int = psutil.Process().memory_info().rss
    return size_bytes / 2**20


def _child(name: str, result: str, inputs: int, seed: int) -> None:
    logging.disable(logging.CRITICAL)
    if find_spec("atheris"):
        _led_by_coverage(name, Path(result), inputs, seed)
    else:
        from tests.attacks.fuzz_decoders.mutate import mutated

        watched = _Watched(name, inputs, Path(result), "seeded mutation")
        random = Random(seed)
        for _ in range(inputs):
            watched(mutated(random, watched.seeds))


def _led_by_coverage(name: str, result: Path, inputs: int, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["nbinterview", "nbinterview_server"]):
        watched = _Watched(name, inputs, result, "atheris")
    corpus = result.with_name("corpus")
    corpus.mkdir()
    for number, data in enumerate(watched.seeds):
        (corpus / str(number)).write_bytes(data)
    changed = _half_structured(watched, Random(seed))
    # libFuzzer counts its own look at the corpus differently: we end it by ours.
    arguments = [f"-runs={inputs + len(watched.seeds) + 16}", f"-seed={seed}"]
    arguments += ["-rss_limit_mb=0", "-max_len=4096", "-verbosity=0", str(corpus)]
    atheris.Setup([sys.argv[0], *arguments], changed)
    atheris.Fuzz()


def _half_structured(watched: _Watched, random: Random) -> Callable[[bytes], None]:
    """Take every other input from our own changes, which know JSON and varints."""
    from tests.attacks.fuzz_decoders.mutate import mutated

    def take(data: bytes) -> None:
        watched(data if random.random() < 0.5 else mutated(random, watched.seeds))

    return take


if __name__ == "__main__":
    sys.exit(main())
