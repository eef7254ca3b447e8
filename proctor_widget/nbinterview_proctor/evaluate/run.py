"""A whole evaluation: every clip, measured and folded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nbinterview.errors import Invalid
from nbinterview_proctor import geometry
from nbinterview_proctor.evaluate import clips, measure
from nbinterview_proctor.evaluate.compare import Tally, tally
from nbinterview_proctor.evaluate.confusion import Judged, judged
from nbinterview_proctor.evaluate.fold import Fold, begins_s
from nbinterview_proctor.evaluate.found import ClipResult
from nbinterview_proctor.evaluate.labels import (
    ClipLabels,
    PictureLabel,
    check_duration,
)
from nbinterview_proctor.evaluate.sweep import Variant
from nbinterview_proctor.evaluate.timeline import Timeline
from nbinterview_proctor.policy import Policy

#: Second of the clip, pictures of it so far: called for each picture.
Tick = Callable[[float, int], None]


def evaluate(
    clip: clips.Clip,
    labels: ClipLabels,
    policy: Policy,
    variants: Sequence[Variant],
    rate_hz: float,
    *,
    tick: Tick,
    stopped: Callable[[], bool],
) -> ClipResult:
    """Measure a clip and fold it under the policy and its variants, in one pass.

    `stopped` is asked before each picture; when it says so, what was seen is kept.
    """
    base = Fold(policy, labels)
    folds = [base, *(Fold(variant.policy, labels) for variant in variants)]
    timeline = Timeline()
    pictures, seen_s, complete = 0, 0.0, True
    before: geometry.Observation | None = None
    with measure.meter() as meter:
        for sample in clips.samples(clip, rate_hz):
            if stopped():
                complete = False
                break
            frame = meter.frame(sample.rgb, sample.at_s)
            pictures, seen_s = pictures + 1, sample.at_s
            tick(seen_s, pictures)
            if frame is None or sample.at_s < begins_s(labels):
                continue
            if before is not None:
                timeline.add(before, sample.at_s)
            before = base.seen(frame)
            for fold in folds:
                fold.frame(frame)
    end_s = seen_s + (1 / rate_hz if pictures else 0.0)
    if before is not None:
        timeline.add(before, end_s)
    for fold in folds:
        fold.end(end_s)
    if complete:
        check_duration(labels, clip.name, end_s)
        if before is None:  # the first picture only serves to compare the second
            raise Invalid(f"{clip.name} is too short to measure: {pictures} pictures.")
    return ClipResult(
        name=clip.name,
        labels=labels,
        complete=complete,
        seen_s=end_s,
        pictures=pictures,
        calibration=base.calibration,
        sensor=base.sensor,
        timeline=timeline.runs,
        episodes=base.episodes,
        tallies=_tallies(base, labels, end_s),
        varied=[_tallies(fold, labels, end_s) for fold in folds[1:]],
    )


def _tallies(fold: Fold, labels: ClipLabels, seen_s: float) -> dict[str, Tally]:
    return {
        rule: tally(rule, fold.episodes, fold.measured(rule), labels, seen_s)
        for rule in fold.policy.rules
    }


def pictures(
    folder: Path,
    labels: Sequence[PictureLabel],
    policy: Policy,
    *,
    tick: Callable[[float, int], None],
    stopped: Callable[[], bool],
) -> Iterator[Judged]:
    """Yield what is said of each labelled picture, until `stopped` says so."""
    with measure.still() as look:
        for number, label in enumerate(labels, 1):
            if stopped():
                return
            rgb = clips.read_picture(folder / label.file)
            frame = look(rgb)
            tick(number, number)
            yield judged(label, frame, policy)
