"""What was found beside what is true: counts, intervals, sweeps and tables."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview_proctor import rates
from nbinterview_proctor.evaluate import (
    compare,
    confusion,
    intervals,
    sweep,
    tables,
    text,
    timeline,
)
from nbinterview_proctor.evaluate.compare import Episode, Tally, tally
from nbinterview_proctor.evaluate.fold import Fold, of_clips
from nbinterview_proctor.evaluate.found import ClipResult
from nbinterview_proctor.evaluate.labels import ClipLabels, PictureLabel, Stretch
from nbinterview_proctor.evaluate.progress import Progress
from nbinterview_proctor.evaluate.results import Evaluation
from nbinterview_proctor.policy import Policy, load

from .engine_sim import frame


def patient() -> Policy:
    """Return the standard policy with times of these tests' own for `nobody`."""
    policy = of_clips(Policy.from_dict(load("standard")))
    nobody = replace(
        policy.rules["nobody"],
        nudge_after_s=5.0,
        warn_after_s=15.0,
        flag_after_s=45.0,
        repeat=None,
    )
    return replace(policy, rules={**policy.rules, "nobody": nobody})


STANDARD = patient()


def episode(
    rule: str, start_s: float, end_s: float, level: compare.Level = "flag"
) -> Episode:
    return Episode(rule, level, start_s, end_s, start_s, "", {})


# ------------------------------------------------------------ counting


def test_a_flag_where_nothing_is_labelled_is_false() -> None:
    found = [episode("nobody", 10, 60), episode("nobody", 200, 260)]
    labels = ClipLabels(stretches=(Stretch(190, 250, "nobody"),))
    counted = tally("nobody", found, [(0, 300)], labels, 300)
    assert counted == Tally(honest_s=240, false_flags=1, cheats=1, found=1)


def test_a_flag_of_another_finding_within_labels_is_neither_false_nor_found() -> None:
    labels = ClipLabels(stretches=(Stretch(100, 200, "nobody"),))
    found = [episode("looking_away", 120, 150)]
    away = tally("looking_away", found, [(0, 300)], labels, 300)
    assert away == Tally(honest_s=200, other=1)
    assert tally("nobody", found, [(0, 300)], labels, 300).found == 0


def test_nudges_and_warnings_are_counted_and_find_nothing() -> None:
    labels = ClipLabels(stretches=(Stretch(100, 200, "nobody"),))
    found = [
        episode("nobody", 10, 15, "nudge"),
        episode("nobody", 30, 50, "warning"),
        episode("nobody", 70, 72, "recorded"),
        episode("nobody", 120, 130, "warning"),
    ]
    counted = tally("nobody", found, [(0, 300)], labels, 300)
    assert (counted.false_nudges, counted.false_warnings) == (1, 1)
    assert (counted.false_flags, counted.found) == (0, 0)


def test_labels_after_an_interruption_are_not_missed() -> None:
    labels = ClipLabels(
        stretches=(Stretch(10, 90, "nobody"), Stretch(150, 160, "nobody"))
    )
    counted = tally("nobody", [], [(0, 60)], labels, 60)
    assert (counted.cheats, counted.honest_s) == (1, 10)


def test_only_measured_time_is_honest_time() -> None:
    labels = ClipLabels(stretches=(Stretch(20, 30, "nobody"),))
    counted = tally("nobody", [], [(5, 25), (40, 50)], labels, 100)
    assert counted.honest_s == 25


spans = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda s: (s[0], sum(s))),
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(spans, spans)
def test_what_is_left_of_spans_is_what_no_taken_span_covers(
    kept: list[tuple[float, float]], taken: list[tuple[float, float]]
) -> None:
    def within(second: float, among: list[tuple[float, float]]) -> bool:
        return any(start <= second < end for start, end in among)

    left = compare.without(kept, taken)
    for tick in range(160):
        second = tick / 2 + 0.25
        expected = within(second, kept) and not within(second, taken)
        assert within(second, left) == expected


# ------------------------------------------------------------ intervals


def test_without_two_subjects_the_bounds_are_exact() -> None:
    found = intervals.per_hour({"p1": (3, 10.0)}, seed=1)
    exact = rates.poisson(3)
    assert found is not None
    assert found.method == intervals.POISSON
    assert (found.low, found.high) == (exact.low / 10, exact.high / 10)


def test_nothing_seen_is_not_never() -> None:
    found = intervals.per_hour({"p1": (0, 50.0), "p2": (0, 50.0)}, seed=1)
    assert found is not None
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(3.69 / 100, rel=0.01)


def test_whole_subjects_are_drawn() -> None:
    # One person has all the false flags: the interval is as wide as people differ.
    counts = {f"p{i}": (10.0 if i == 0 else 0.0, 1.0) for i in range(10)}
    found = intervals.per_hour(counts, seed=1)
    assert found is not None
    assert found.method == intervals.BY_SUBJECT
    pooled = rates.poisson(10)
    assert found.value == 1.0
    assert found.high > pooled.high / 10
    assert found == intervals.per_hour(counts, seed=1)


def test_a_share_of_nothing_is_unknown() -> None:
    assert intervals.share({"p1": (0, 0)}, seed=1) is None
    assert intervals.per_hour({}, seed=1) is None


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0.01, 5)), min_size=2, max_size=8)
)
def test_a_rate_lies_within_its_interval(counts: list[tuple[int, float]]) -> None:
    by_subject = {f"p{i}": each for i, each in enumerate(counts)}
    found = intervals.per_hour(by_subject, seed=3)
    assert found is not None
    assert 0 <= found.low <= found.value * (1 + 1e-9)
    assert found.value <= found.high * (1 + 1e-9)


# ------------------------------------------------------------ one clip


def folded(
    policy: Policy, labels: ClipLabels, seconds: float, **different: Any
) -> Fold:
    """Fold a clip of 10 Hz; `different` says what each frame is like, by second."""
    fold = Fold(policy, labels)
    of = different.pop("of", lambda _: {})
    for index in range(1, int(seconds * 10)):
        fold.frame(frame(index * 100.0, **of(index / 10)))
    fold.end(seconds)
    return fold


def nobody(second: float) -> Mapping[str, Any]:
    """Somebody leaves at 20 s, which changes the picture much, and is back at 90 s."""
    if not 20 <= second < 90:
        return {}
    return {"faces": 0, "person": 0.02, "frame_diff": 9.0 if second < 21 else 0.9}


def test_a_clip_goes_the_way_of_a_room() -> None:
    fold = folded(STANDARD, ClipLabels(), 120, of=nobody)
    [found] = fold.episodes
    assert (found.rule, found.level) == ("nobody", "flag")
    assert found.start_s == pytest.approx(20, abs=0.3)
    assert found.end_s == pytest.approx(90, abs=0.5)
    assert found.flagged_s is not None
    assert found.flagged_s > 20 + 45 - 1
    assert fold.calibration is not None
    assert fold.calibration["quality"] == "rough"
    [whole] = [compare.without(fold.measured("nobody"), [])]
    assert sum(end - start for start, end in whole) == pytest.approx(120, abs=3)


def test_while_a_baseline_is_learned_no_direction_is_measured() -> None:
    fold = folded(STANDARD, ClipLabels(), 20)
    away = sum(end - start for start, end in fold.measured("looking_away"))
    there = sum(end - start for start, end in fold.measured("nobody"))
    assert there - away == pytest.approx(3, abs=0.5)


def test_a_labelled_calibration_is_the_candidates_own() -> None:
    places = {
        "centre": (0, 0),
        "top_left": (-12, -8),
        "top_right": (12, -8),
        "bottom_right": (12, 8),
        "bottom_left": (-12, 8),
        "keyboard": (0, 30),
        "notes": (-25, 25),
    }
    stretches = tuple(
        Stretch(2 + 3 * i, 5 + 3 * i, name) for i, name in enumerate(places)
    )

    def looking(second: float) -> Mapping[str, Any]:
        for stretch in stretches:
            if stretch.start_s <= second < stretch.end_s:
                yaw, pitch = places[stretch.what]
                return {"yaw": yaw, "pitch": pitch}
        return {}

    fold = folded(STANDARD, ClipLabels(calibration=stretches), 40, of=looking)
    assert fold.calibration is not None
    assert fold.calibration["quality"] == "good"
    assert fold.calibration["zones"]["notes_yaw"] == pytest.approx(-25, abs=0.5)
    # What comes before the end of the calibration is judged by nobody.
    assert fold.measured("nobody")[0][0] >= stretches[-1].end_s


def test_a_plain_calibration_says_from_when_on_the_clip_counts() -> None:
    labels = ClipLabels(calibration=(Stretch(5, 10, ""),))
    fold = Fold(STANDARD, labels)
    for index in range(50, 150):
        fold.frame(frame(index * 100.0))
    fold.end(15)
    assert fold.calibration is not None
    assert fold.measured("looking_away")[0][0] == pytest.approx(8, abs=0.5)


def test_the_timeline_has_one_stretch_for_each_state() -> None:
    fold, seen = Fold(STANDARD, ClipLabels()), timeline.Timeline()
    for index in range(1, 400):
        now = frame(index * 100.0, **nobody(index / 10))
        seen.add(fold.seen(now), index / 10 + 0.1)
        fold.frame(now)
    states = [run.state for run in timeline.smoothed(seen.runs, 0.5)]
    assert states == ["face", "screen", "nobody"]


# ------------------------------------------------------------ thresholds


def result(name: str, labels: ClipLabels, fold: Fold, *varied: Fold) -> ClipResult:
    def counted(each: Fold) -> dict[str, Tally]:
        return {
            rule: tally(rule, each.episodes, each.measured(rule), labels, 120)
            for rule in each.policy.rules
        }

    return ClipResult(
        name=name,
        labels=labels,
        complete=True,
        seen_s=120,
        pictures=1200,
        calibration=fold.calibration,
        sensor=fold.sensor,
        timeline=[],
        episodes=fold.episodes,
        tallies=counted(fold),
        varied=[counted(each) for each in varied],
    )


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Two people: one is honest but away for long, one is away and labelled so."""
    variants = sweep.variants(STANDARD)
    results = []
    for name, stretches in (("a", ()), ("b", (Stretch(20, 90, "nobody"),))):
        labels = ClipLabels(f"p-{name}", ("lamp", name), stretches)
        folds = [
            folded(policy, labels, 120, of=nobody)
            for policy in (STANDARD, *(each.policy for each in variants))
        ]
        results.append(result(name, labels, *folds))
    return Evaluation(
        policy=STANDARD,
        rate_hz=10,
        seed=1,
        truth="L.csv",
        complete=True,
        clips=results,
        variants=variants,
    )


def test_patience_costs_finds_and_saves_the_honest(evaluation: Evaluation) -> None:
    points = [
        point
        for point in evaluation.points
        if (point.rule, point.parameter) == ("nobody", "flag_after_s")
    ]
    values = [point.value for point in points]
    assert values == sorted(values)
    false = [point.counted.false_flags for point in points]
    found = [point.counted.found for point in points]
    assert false == sorted(false, reverse=True)
    assert found == sorted(found, reverse=True)
    assert (false[0], found[0], false[-1], found[-1]) == (1, 1, 0, 0)
    [chosen] = [point for point in points if point.chosen]
    assert chosen.value == STANDARD.rules["nobody"].flag_after_s


def test_each_variant_changes_what_it_says() -> None:
    for variant in sweep.variants(STANDARD):
        for rule, changed in variant.policy.rules.items():
            old = STANDARD.rules[rule]
            if variant.parameter == "yaw_deg":
                assert rule == "looking_away"
                margin = old.enter["yaw_deg"] - old.leave["yaw_deg"]
                assert changed.leave["yaw_deg"] == changed.enter["yaw_deg"] - margin
                assert changed.flag_after_s == old.flag_after_s
            else:
                assert changed.enter == old.enter
                assert changed.flag_after_s == pytest.approx(
                    (old.flag_after_s or 0) * variant.factor
                )


def test_counts_by_finding_and_condition(evaluation: Evaluation) -> None:
    row = {each.rule: each for each in evaluation.rows}
    assert row["nobody"].counted.false_flags == 1
    assert (row["nobody"].counted.found, row["nobody"].counted.cheats) == (1, 1)
    assert row["nobody"].subjects == 2
    together = row[tables.ANY].counted
    assert together.false_flags == 1
    # The hours of all findings together are no sum: they are the same hours.
    assert together.honest_s == row["nobody"].counted.honest_s
    by = {(each.condition, each.rule): each for each in evaluation.conditions}
    assert by["lamp", "nobody"].counted == row["nobody"].counted
    assert by["a", "nobody"].counted.false_flags == 1
    assert by["b", "nobody"].counted.false_flags == 0


def test_rates_are_those_that_the_service_imports(evaluation: Evaluation) -> None:
    read = rates.read(evaluation.to_dict()["rates"])
    assert read["nobody"].false_episodes == 1
    assert (read["nobody"].found, read["nobody"].cheats) == (1, 1)
    assert read["nobody"].subjects == 2
    assert "2 clips" in read["nobody"].source
    assert "standard" in read["nobody"].source


def test_without_a_truth_nothing_is_said_of_errors(evaluation: Evaluation) -> None:
    silent = replace(evaluation, truth=None)
    told = silent.to_dict()
    assert told["rates"] == told["findings"] == told["sweeps"] == []
    assert "Nobody said what is true" in text.report(silent)


def test_the_words_say_what_was_found(evaluation: Evaluation) -> None:
    said = text.report(evaluation)
    assert "FLAG: Nobody in front of the camera" in said
    assert "condition lamp" in said
    assert "1 of 1" in said


# ------------------------------------------------------------ pictures


def judged(really: str, **different: Any) -> confusion.Judged:
    label = PictureLabel("x.png", really, "p1", ("mask",))  # type: ignore[arg-type]
    return confusion.judged(label, frame(**different), STANDARD)


def test_somebody_unreadable_is_not_nobody() -> None:
    masked = judged("one", faces=0, person=0.9)
    assert (masked.without, masked.with_opinion) == ("none", "somebody")
    gone = judged("none", faces=0, person=0.01)
    assert (gone.without, gone.with_opinion) == ("none", "nobody")


def test_the_confusion_tells_both_ways_apart() -> None:
    found = [
        judged("one"),
        judged("one", faces=0, person=0.9),
        judged("none", faces=0, person=0.01),
        judged("many", faces=2, second_box=[0.7, 0.3, 0.25, 0.35]),
    ]
    told = confusion.tables(found, seed=1)
    alone = told["all"]["without_second_opinion"]
    second = told["all"]["with_second_opinion"]
    assert alone["one"]["said"] == {"none": 1, "one": 1, "many": 0}
    assert second["one"]["said"]["nobody"] == 0
    assert second["one"]["said"]["somebody"] == 1
    assert second["none"]["right_share"]["value"] == 1
    assert second["many"]["said"]["many"] == 1
    assert told["conditions"]["mask"] == told["all"]
    said = text.report(
        Evaluation(STANDARD, 10, 1, "P.csv", complete=True, pictures=told)
    )
    assert "with the second opinion" in said


# ------------------------------------------------------------ progress


def test_a_long_run_says_share_rate_and_time_left() -> None:
    now_s = [0.0]
    out = io.StringIO()
    shown = Progress(100.0, out, lambda: now_s[0])
    shown.at(1, 10, "a.mp4")
    now_s[0] = 1.9
    shown.at(10, 100, "a.mp4")
    assert out.getvalue() == ""
    now_s[0] = 10.0
    shown.at(25, 250, "a.mp4")
    assert out.getvalue() == "a.mp4  25 %  25.0 pictures/s  0:30 left\n"
    shown.next(50, 500)
    now_s[0] = 30.0
    shown.at(25, 250, "b.mp4")
    assert out.getvalue().endswith("b.mp4  75 %  25.0 pictures/s  0:10 left\n")
