"""The command: arguments in, files and words out, errors as one line."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Self

from nbinterview.errors import Invalid, NBInterviewError
from nbinterview_proctor import policyfile
from nbinterview_proctor.evaluate import (
    arguments,
    clips,
    confusion,
    labels,
    sweep,
    text,
)
from nbinterview_proctor.evaluate.fold import of_clips
from nbinterview_proctor.evaluate.found import ClipResult
from nbinterview_proctor.evaluate.progress import Progress
from nbinterview_proctor.evaluate.results import Evaluation
from nbinterview_proctor.policy import Policy

_STOPPED = 130  # as a shell says it of a program that Ctrl-C ended


class Stop:
    """Ctrl-C ends the run after the present picture; a second one at once."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Self:
        """Take Ctrl-C from now on."""
        signal.signal(signal.SIGINT, self._asked)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave Ctrl-C to Python again."""
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Not by sys.stderr: the signal may come while that writes.
        os.write(
            sys.stderr.fileno(), b"nbinterview: stopping; what was seen is kept.\n"
        )


def main(given: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(prog="nbinterview evaluate")
    arguments.add_to(parser)
    parsed = parser.parse_args(given)
    try:
        with Stop() as stop:
            found = _evaluate(parsed, stop)
        _tell(found, parsed)
    except NBInterviewError as error:
        print(f"nbinterview: {error.detail}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _STOPPED
    if not found.complete:
        return _STOPPED
    return 1 if found.skipped else 0


def _evaluate(given: argparse.Namespace, stop: Stop) -> Evaluation:
    policy = of_clips(_policy(given.policy))
    if not policy.rules:
        raise Invalid(
            f"The policy {policy.name} watches no camera: nothing to evaluate."
        )
    told = labels.read(given.labels) if given.labels else None
    _check_outputs(given)
    if told is not None and told.pictures is not None:
        return _pictures(given, policy, told, stop)
    return _clips(given, policy, told, stop)


def _policy(name: str) -> Policy:
    try:
        return Policy.from_dict(policyfile.find(name))
    except ValueError as error:
        raise Invalid(f"Policy: {error}") from error


def _check_outputs(given: argparse.Namespace) -> None:
    """Refuse before the work what could not be written after it."""
    if (
        given.json not in (None, "-")
        and not Path(given.json).absolute().parent.is_dir()
    ):
        raise Invalid(f"{given.json}: there is no such folder.")
    if given.plots is not None and given.plots.exists() and not given.plots.is_dir():
        raise Invalid(f"{given.plots} is not a folder.")


def _clips(
    given: argparse.Namespace, policy: Policy, told: labels.Labels | None, stop: Stop
) -> Evaluation:
    opened = _opened(given, told)
    from nbinterview_proctor.evaluate import run  # the models' library takes seconds

    variants = sweep.variants(policy) if given.plots else []
    progress = _progress([clip.duration_s for clip, _ in opened])
    results: list[ClipResult] = []
    failed: list[str] = []
    for clip, known in opened:
        if stop.asked:
            break
        try:
            result = run.evaluate(
                clip,
                known,
                policy,
                variants,
                given.rate_hz,
                tick=partial(progress.at, what=clip.name),
                stopped=lambda: stop.asked,
            )
        except Invalid as error:
            failed.append(error.detail)
            continue
        progress.next(clip.duration_s or result.seen_s, result.pictures)
        results.append(result)
    progress.end()
    if failed and not results:
        raise Invalid(failed[0])
    return Evaluation(
        policy=policy,
        rate_hz=given.rate_hz,
        seed=given.seed,
        truth=_truth(given, told),
        complete=not stop.asked,
        clips=results,
        variants=variants,
        skipped=failed,
    )


def _opened(
    given: argparse.Namespace, told: labels.Labels | None
) -> list[tuple[clips.Clip, labels.ClipLabels]]:
    """Return every clip with its labels; what does not fit is refused before work."""
    names = labels.names_of(given.clips)
    if len(names) < len(given.clips):
        raise Invalid("A clip is given twice.")
    if told is not None:
        labels.check_known(told, names.values())
    opened = []
    for path, name in names.items():
        clip = clips.probe(path, name, rate_hz=given.rate_hz, fps=given.fps)
        known = told.clips.get(name) if told else None
        if known is not None and clip.duration_s is not None:
            labels.check_duration(known, name, clip.duration_s)
        opened.append((clip, known or labels.ClipLabels()))
    return opened


def _pictures(
    given: argparse.Namespace, policy: Policy, told: labels.Labels, stop: Stop
) -> Evaluation:
    if len(given.clips) != 1 or not given.clips[0].is_dir():
        raise Invalid(f"{told.name} labels pictures: give the one folder they are in.")
    pictures = told.pictures or ()
    confusion.check_files(given.clips[0], pictures)
    from nbinterview_proctor.evaluate import run  # the models' library takes seconds

    progress = _progress([float(len(pictures))])
    judged = list(
        run.pictures(
            given.clips[0],
            pictures,
            policy,
            tick=partial(progress.at, what=given.clips[0].name),
            stopped=lambda: stop.asked,
        )
    )
    progress.end()
    return Evaluation(
        policy=policy,
        rate_hz=given.rate_hz,
        seed=given.seed,
        truth=told.name,
        complete=len(judged) == len(pictures),
        pictures=confusion.tables(judged, given.seed),
    )


def _truth(given: argparse.Namespace, told: labels.Labels | None) -> str | None:
    if told is not None:
        return told.name
    return "honest" if given.honest else None


def _progress(durations: Sequence[float | None]) -> Progress:
    known = [each for each in durations if each is not None]
    total = sum(known) if len(known) == len(durations) else None
    return Progress(total, sys.stderr, time.monotonic)


# ------------------------------------------------------------ what it says


def _tell(found: Evaluation, given: argparse.Namespace) -> None:
    if given.json == "-":
        json.dump(found.to_dict(), sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(text.report(found))
    if given.json not in (None, "-"):
        _write(Path(given.json), json.dumps(found.to_dict(), indent=1) + "\n")
    if given.plots is not None:
        from nbinterview_proctor.evaluate import plots

        print("drawing figures", file=sys.stderr)
        try:
            drawn = plots.draw(found, given.plots)
        except OSError as error:
            raise Invalid(f"{given.plots}: {error.strerror}") from error
        print(f"{len(drawn)} figures in {given.plots}", file=sys.stderr)


def _write(path: Path, content: str) -> None:
    """Write whole or not at all: half a document would be taken for one."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(content, "utf-8")
        beside.replace(path)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
