"""From records to the page: what it says, and that no string can change its shape."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.report import model, render, scoring, timeline, words
from nbinterview.report.lanes import Lane, Mark, Span, Window, typing_spans
from nbinterview.report.text import line
from nbinterview_proctor.policy import Policy, accommodate, load
from tests.dashboard import recording
from tests.dashboard.safe_html import assert_harmless, outline

CANDIDATE = recording.CANDIDATE


@pytest.fixture(scope="module")
def view() -> model.ReportView:
    """The report of the recorded interview."""
    records, notebook = recording.record_interview()
    slim = [model.slim(record.wire()) for record in records]
    return model.build(recording.interview(), slim, notebook)


def lane(view: model.ReportView, key: str) -> Lane:
    return next(lane for lane in view.lanes if lane.key == key)


def test_the_header_says_who_when_and_under_which_policy(
    view: model.ReportView,
) -> None:
    assert (view.candidate, view.interviewers) == ("Ada Example", "Grace Sample")
    assert view.started == "20 November 2026, 14:00 UTC"
    assert view.policy == "standard (version 2)"
    assert view.allows == "documentation"
    assert ("nbinterview", "0.1.0") in view.versions


def test_every_flag_comes_with_its_evidence(view: model.ReportView) -> None:
    assert [flag.rule for flag in view.flags] == [
        "nobody",
        "multiple_faces",
        "looking_away",
        "external_paste",
        "tab_hidden",
    ]
    away = view.flags[2]
    assert away.source == "claimed by the browser"
    assert dict(away.evidence)["head turned sideways, at most"].startswith("50")
    assert away.warned_s is not None
    assert away.end_s is not None
    assert away.start_s < away.warned_s < away.flagged_s < away.end_s
    assert "Thinking" in away.innocent
    assert dict(away.evidence)["the notebook then"] == "nothing was typed or run"


def test_a_flag_says_its_evidence_in_a_sentence(view: model.ReportView) -> None:
    idle = "meanwhile nothing was typed or run"
    assert [flag.summary for flag in view.flags] == [
        f"47 s, {idle}.",
        f"20 s, 2 faces, {idle}.",
        f"2 min, turned 50° to the side, {idle}, last in cell 2.",
        f"420 characters, {idle}, last in cell 2.",
        f"18 s, {idle}, last in cell 2.",
    ]


def test_the_candidates_words_stand_beside_the_flag(view: model.ReportView) -> None:
    nobody, away = view.flags[0], view.flags[2]
    assert [one.text for one in nobody.said] == ["There was a parcel at the door."]
    assert nobody.said[0].at_s == pytest.approx(112, abs=1)
    [answer] = away.said
    assert answer.text.startswith("My second monitor")
    assert (answer.at_s, answer.day) == (None, "21 November 2026, 09:00 UTC")
    assert [one.text for one in view.said] == [
        "The light here is poor today.",
        "Thank you for the interview.",
    ]


def test_every_decision_is_kept_and_the_last_one_stands(
    view: model.ReportView,
) -> None:
    first, last = view.flags[2].decisions
    assert (first.words, first.stands) == ("Upheld", False)
    assert (last.words, last.stands) == ("Set aside", True)
    assert (last.by, last.reason) == ("Rita Reviewer", "The monitor explains it.")
    assert not any(flag.decisions for flag in view.flags if flag.rule != "looking_away")


def test_what_did_not_count_is_listed_with_its_reason(view: model.ReportView) -> None:
    found = [(one.title, one.because) for one in view.episodes]
    tab, away = "Left the interview's tab", "Head turned far aside of the screen"
    assert found == [
        (tab, "it was over before it counted"),
        (away, "it was over before it counted"),
        ("More than one display", "watching was paused"),
        (tab, "the question allows it"),
        ("More than one display", "it is only recorded under this policy"),
    ]
    assert [one.text for one in view.episodes[0].said] == [
        "A message from my bank, sorry."
    ]


def test_what_the_candidate_was_told_is_shown_quiet_or_not(
    view: model.ReportView,
) -> None:
    assert [one.quiet for one in view.told[:3]] == [True, True, False]
    html = render.report_page(view)
    assert "<td>quietly</td>" in html
    assert html.count("A message from my bank") == 1


def test_calibration_pauses_and_allowances_are_told(view: model.ReportView) -> None:
    [calibration] = view.calibrations
    assert calibration.who.startswith("good:")
    assert [(one.who, one.what, one.detail) for one in view.watching] == [
        ("Grace Sample", "paused the watching", "A short break."),
        (
            "Grace Sample",
            "the question allows neither documentation nor AI",
            "",
        ),
        (
            "Grace Sample",
            "watching goes on",
            "You may look at the documentation.",
        ),
        ("Grace Sample", "the question allows documentation", ""),
    ]
    [paused] = lane(view, "paused").spans
    assert paused.end_s - paused.start_s == pytest.approx(6, abs=0.1)


def test_the_timeline_shows_when_the_page_was_left(view: model.ReportView) -> None:
    hidden = [s for s in lane(view, "focus").spans if s.state == "hidden"]
    lasted_s = [span.end_s - span.start_s for span in hidden]
    assert lasted_s == pytest.approx([4, 18, 16], abs=0.1)
    [paste] = lane(view, "focus").marks
    assert paste.label == "pasted 420 characters from outside"


def test_nobody_is_not_found_where_the_camera_could_not_measure(
    view: model.ReportView,
) -> None:
    """Seven dark seconds show no face, and say nothing about who was there."""
    nobody = [s for s in lane(view, "faces").spans if s.state == "none"]
    unclear = [s for s in lane(view, "camera").spans if s.state == "unmeasurable"]
    dark = unclear[-1]
    assert not any(s.start_s > dark.start_s + 0.5 for s in nobody)
    assert any(s.end_s - s.start_s >= 40 for s in nobody)


def test_typing_is_shown_by_its_author(view: model.ReportView) -> None:
    typing = [lane for lane in view.lanes if lane.key.startswith("typing")]
    assert [lane.title for lane in typing] == [
        "Typing: Ada Example",
        "Typing: Grace Sample",
    ]
    assert all(lane.source == "seen by the server" for lane in typing)
    assert sum(len(lane.spans) for lane in typing) == 4


def test_what_a_page_writes_by_itself_is_no_typing() -> None:
    window = Window(0, 60)
    opened = {
        "kind": "document",
        "author": "p-aaaaaaaaaa",
        "at_s": 5.0,
        "payload": {"edit": {}},
    }
    assert typing_spans([opened], window, "p-aaaaaaaaaa") == []
    edited = {**opened, "payload": {"edit": {"inserted_chars": 1}}}
    assert len(typing_spans([edited], window, "p-aaaaaaaaaa")) == 1


def test_runs_name_person_cell_status_and_duration(view: model.ReportView) -> None:
    assert [(r.who, r.cell, r.status, r.took_s) for r in view.runs] == [
        ("Ada Example", "cell 2", "error", 0.12),
        ("Ada Example", "cell 2", "ok", 0.64),
    ]


def test_consent_and_its_withdrawal_are_listed(view: model.ReportView) -> None:
    camera = [e.what for e in view.consents if e.who == "Camera" and not e.detail]
    assert camera == ["agreed", "taken back"]
    assert [s.consent for s in view.sensors] == ["taken back", "agreed", "agreed"]
    assert view.sensors[0].unmeasurable != "0% (0 s)"


def test_the_score_adds_up_item_by_item(view: model.ReportView) -> None:
    assert view.score is not None
    total = sum(float(item.points) for item in view.score.items)
    assert float(view.score.total) == pytest.approx(total, abs=0.01)
    assert view.score.known_error == "not measured on people yet"
    assert view.score.interval == "not measured on people yet"
    flags = {item.title: item.flags for item in view.score.items}
    assert flags["Nobody in front of the camera"] == 1


def test_what_adds_no_points_is_in_the_score_with_its_reason(
    view: model.ReportView,
) -> None:
    assert view.score is not None
    told = {item.title: item for item in view.score.items}
    tab = told["Left the interview's tab"]
    assert tab.flags == 1
    assert tab.not_counted == [
        "1 not counted, 4.0 s: it was over before it counted",
        "1 not counted, 16 s: the question allows it",
    ]
    away = told["Head turned far aside of the screen"]
    assert (away.flags, away.points) == (0, "0.00")
    assert "1 not counted, 2 min: a reviewer set it aside" in away.not_counted


def test_imported_error_rates_stand_in_the_score_and_beside_the_flags() -> None:
    records, notebook = recording.record_interview()
    slim = [model.slim(record.wire()) for record in records]
    rate = {
        "false_episodes": 2,
        "honest_hours": 10.0,
        "found": 8,
        "cheats": 10,
        "subjects": 12,
        "source": "Recordings of March",
        "engine_version": "2.0",
    }
    rates = dict.fromkeys(load("standard")["findings"], rate)
    interview = {**recording.interview(), "error_rates": rates}
    view = model.build(interview, slim, notebook)
    assert view.flags[0].known_error == (
        "Measured on 12 people, engine 2.0: 0.200 false flags in an honest hour (95 %: "
        "0.024 to 0.722); found 8 of 10 (95 %: 49% to 94%). Source: Recordings of "
        "March."
    )
    assert view.score is not None
    assert " to " in view.score.interval
    nobody = view.score.items[0]
    low, high = map(float, nobody.interval.split(" to "))
    assert 0 < low < high <= float(nobody.points)
    assert nobody.expected.startswith("by mistake to be expected in this time: 0.0")
    assert view.score.items[3].expected == ""
    html = render.report_page(view)
    assert "not measured on people yet" not in html.split('id="replay"')[1]


def test_base_rates_are_bayes() -> None:
    shown = [(row.right, row.innocent_per_1000) for row in scoring.base_rates()]
    assert shown == [
        ("14%", "98"),
        ("30%", "95"),
        ("46%", "48"),
        ("68%", "19"),
        ("82%", "18"),
    ]


def test_an_old_record_is_shown_as_ever() -> None:
    """One that version 1 made: its names, its policy, its findings, its score."""
    path = Path(model.__file__).parents[1] / "samples/recorded.jsonl.gz"
    header, *records = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    interview = {**header["interview"], "people": header["people"], "state": "ended"}
    slim = [model.slim(record) for record in records]
    view = model.build(interview, slim, None)
    assert view.policy == "standard (version 1)"
    assert [(flag.rule, flag.title) for flag in view.flags] == [
        ("no_face", "Nobody in front of the camera"),
        ("multiple_faces", "More than one face in the camera picture"),
        ("looking_away", "Head turned away from the screen for long"),
        ("external_paste", "Pasted text from outside the notebook"),
        ("tab_hidden", "Left the interview's tab"),
    ]
    assert view.score is not None
    assert (view.score.total, len(view.score.items)) == ("11.68", 9)
    assert sum(item.flags for item in view.score.items) == 5
    assert view.calibrations[0].who.startswith("rough:")
    assert (view.episodes, view.said, view.watching) == ([], [], [])
    assert_harmless(render.report_page(view))


def test_score_and_sensors_agree_about_what_was_measured() -> None:
    """Somebody who leaves before anything was learned is found all the same."""
    room = recording.Recorder(load("standard"))
    room.write("interview.state", {"state": "open"})
    room.event("consent", sensor="camera", granted=True)
    room.event("camera", state="on")
    room.event("watch", state="started")
    room.watch(1)
    room.watch(60, faces=0)
    room.write("interview.state", {"state": "ended"})
    slim = [model.slim(record.wire()) for record in room.records]
    view = model.build(recording.interview(), slim, recording.template())
    assert [flag.rule for flag in view.flags] == ["nobody"]
    assert view.score is not None
    told = {item.title: item.measured for item in view.score.items}
    assert told["Nobody in front of the camera"] in view.sensors[0].measured
    assert told["Head turned far aside of the screen"] == "not measurable"
    assert told["Code tried to reach the network"] == "1 min 01 s"


@pytest.mark.parametrize(
    "taken",
    [{"sensors_off": ["camera"]}, {"findings_off": ["nobody", "looking_away"]}],
)
def test_what_was_taken_away_reads_like_what_was_not_agreed_to(
    taken: dict[str, Any],
) -> None:
    """The table has the same lines, whatever the reason why nothing was measured."""
    whole = Policy.from_dict(load("standard"))
    told = []
    for policy in (whole, accommodate(whole, taken)):
        room = recording.Recorder(policy.to_dict())
        started = {"versions": {}, "policy": policy.to_dict(), "sandbox": {}}
        room.write("room.started", started)
        room.write("interview.state", {"state": "open"})
        room.event("consent", sensor="camera", granted=False)
        room.event("watch", state="started")
        room.watch(30, frames=False)
        room.write("interview.state", {"state": "ended"})
        slim = [model.slim(record.wire()) for record in room.records]
        interview = {**recording.interview(), "policy": policy.to_dict()}
        view = model.build(interview, slim, recording.template())
        assert view.score is not None
        told.append(view.score)
    declined, taken_away = told
    assert taken_away == declined
    assert taken_away.items[0].measured == "not measurable"


def test_a_record_without_a_known_policy_has_no_score() -> None:
    records, notebook = recording.record_interview()
    slim = [model.slim(record.wire()) for record in records[1:]]
    view = model.build({**recording.interview(), "policy": {}}, slim, notebook)
    assert view.score is None
    assert "There is no score" in render.report_page(view)


@pytest.mark.parametrize(
    ("verdict", "link"),
    [("", "Run all from the top"), ("It could not be checked.", "Cell by cell")],
)
def test_the_check_is_one_click_away(
    view: model.ReportView, verdict: str, link: str
) -> None:
    html = render.report_page(view, None, render.Check("/checks", verdict))
    assert f'<a href="/checks">{link}</a>' in html
    assert verdict in html
    assert "from the top" not in render.report_page(view)


def test_an_interview_without_records_has_a_page() -> None:
    bare = {"id": recording.INTERVIEW, "title": "T", "state": "scheduled"}
    html = render.report_page(model.build(bare, [], None))
    assert "No flag was raised" in html
    assert_harmless(html)


def test_a_sample_is_marked_in_both_views() -> None:
    sample = recording.interview(sample=True)
    assert "sample" in render.list_page(model.list_rows([sample]), "/")
    assert "This is a sample" in render.report_page(model.build(sample, [], None))


def test_the_list_shows_date_length_and_flags() -> None:
    [row] = model.list_rows([recording.interview()])
    assert (row.candidate, row.date) == ("Ada Example", "20 November 2026, 14:00 UTC")
    assert (row.length, row.flags, row.state) == ("6 min 23 s", "4", "ended")


@pytest.mark.parametrize(
    ("state", "words"),
    [("open", "Open now"), ("ended", "Ended"), ("surprising", "Unknown")],
)
def test_a_state_is_said_as_on_the_staffs_page(state: str, words: str) -> None:
    interview = {**recording.interview(), "state": state}
    assert f">{words}</span>" in render.list_page(model.list_rows([interview]), "/")
    assert f">{words}</span>" in render.report_page(model.build(interview, [], None))


def test_people_arrive_with_a_browser_in_words(view: model.ReportView) -> None:
    entered = [e.detail for e in view.arrivals if e.what == "entered the room"]
    assert entered == ["Firefox on Linux", "Firefox on Linux"]
    assert "Mozilla" not in render.report_page(view)


def test_the_page_says_that_a_person_decides(view: model.ReportView) -> None:
    html = render.report_page(view)
    assert "A person decides." in html
    assert html.count("Known error: not measured on people yet.") >= len(view.flags)
    assert "7 in 10 are innocent" in html
    assert_harmless(html)


def test_every_link_and_label_of_the_page_leads_somewhere(
    view: model.ReportView,
) -> None:
    elements = outline(render.report_page(view))
    ids = [v for _, attributes in elements for n, v in attributes if n == "id"]
    assert len(ids) == len(set(ids))
    for _, attributes in elements:
        for name, value in attributes:
            if name == "href" and value.startswith("#"):
                assert value[1:] in ids
            if name in ("aria-labelledby", "for"):
                assert value in ids


# --------------------------------------------------------------- hostile strings


def with_everywhere(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an interview and slim records with `text` wherever one can be put."""
    start = recording.START.timestamp()
    interview = recording.interview()
    interview["title"] = text
    interview["people"] = [
        {**person, "display_name": text} for person in recording.PEOPLE
    ]
    interview["arrivals"] = [{**interview["arrivals"][0], "browser": text}]
    interview["answers"] = [
        {"episode_id": episode, "text": text, "at": text} for episode in (None, text)
    ]
    decision = {"decision": "upheld", "reason": text, "by": text, "at": text}
    interview["decisions"] = [{"episode_id": text, **decision}]
    event = {"boot_id": recording.BOOT, "client_seq": 1}
    flag = {"episode_id": text, "rule": text, "title": text, "evidence": {text: text}}
    comment = {"name": "comment", "episode_id": text, "text": text}
    payloads: list[tuple[str, str, Mapping[str, Any]]] = [
        ("room.started", "room", {"versions": {text: text}, "policy": {"name": text}}),
        ("person.joined", CANDIDATE, {"connection": text, "browser": text}),
        (
            "event",
            CANDIDATE,
            {**event, "event": {"name": "detector", "state": "failed", "reason": text}},
        ),
        (
            "event",
            CANDIDATE,
            {
                **event,
                "event": {
                    "name": "clipboard",
                    "action": "paste",
                    "chars": 1,
                    "cell_id": text,
                    "origin": "external",
                },
            },
        ),
        ("kernel", "kernel", {"state": text, "detail": text}),
        ("gap", "room", {"what": text, "state": "began", "detail": text}),
        ("refused", CANDIDATE, {"what": text, "reason": text}),
        ("warning", "room", {"episode_id": text, "rule": text, "text": text}),
        ("nudge", "room", {"episode_id": text, "rule": text, "text": text}),
        ("flag", "room", flag),
        ("episode", "room", {**flag, "episode_id": "e", "because": text}),
        ("event", CANDIDATE, {**event, "event": comment}),
        ("calibration", "room", {"quality": text, "detail": text}),
        ("watching", recording.INTERVIEWER, {"paused": True, "reason": text}),
        ("sensor", "room", {"sensor": "camera", "state": "measuring", "detail": text}),
        (
            "execution.requested",
            CANDIDATE,
            {"execution_id": text, "cell_id": text, "code": text},
        ),
        (
            "execution.finished",
            "kernel",
            {"execution_id": text, "status": text, "duration_ms": 5},
        ),
        ("interview.state", "room", {"state": "ended"}),
    ]
    records = [
        {
            "seq": seq,
            "at_s": start + seq,
            "kind": kind,
            "author": author,
            "payload": payload,
        }
        for seq, (kind, author, payload) in enumerate(payloads, start=1)
    ]
    return interview, records


visible = st.one_of(
    st.text(min_size=1, max_size=80),
    st.sampled_from(
        [
            "<script>attacked()</script>",
            '"><img src=x onerror=attacked()>',
            "' onmouseover='attacked()",
            "</title></svg><script>attacked()</script>",
            "</pre></li></ol></section>",
            "javascript:attacked()",
            "{{ words }}{% raw %}",
            "<!-- -->",
            "]]><x>",
            "\u202eevil\u2066",
            "&lt;script&gt;",
            "x" * 79,
        ]
    ),
).filter(lambda text: line(text).strip("…") not in {"", "claimed_by", *words.RULES})


@settings(deadline=None)
@given(visible)
def test_no_string_changes_the_shape_of_the_report(text: str) -> None:
    expected = outline(
        render.report_page(model.build(*with_everywhere("harmless"), None))
    )
    html = render.report_page(model.build(*with_everywhere(text), None))
    assert_harmless(html)
    assert outline(html) == expected


@settings(deadline=None)
@given(visible)
def test_no_string_changes_the_shape_of_the_list(text: str) -> None:
    def shape(words: str) -> list[str]:
        interview, _ = with_everywhere(words)
        interview["id"] = words
        html = render.list_page(model.list_rows([interview]), "?")
        assert_harmless(html)
        return [tag for tag, _ in outline(html)]

    assert shape(text) == shape("harmless")


KINDS = [
    "room.started",
    "interview.state",
    "person.joined",
    "person.left",
    "event",
    "observations",
    "sensor",
    "document",
    "execution.requested",
    "execution.finished",
    "kernel",
    "warning",
    "warning.cleared",
    "flag",
    "flag.closed",
    "nudge",
    "episode",
    "calibration",
    "watching",
    "gap",
    "refused",
    "unknown",
]
NAMES = [
    "state",
    "sensor",
    "event",
    "name",
    "frames",
    "faces",
    "episode_id",
    "started_at",
    "ended_at",
    "evidence",
    "versions",
    "policy",
    "duration_ms",
    "execution_id",
    "cell_id",
    "connection",
    "browser",
    "granted",
    "focused",
    "chars",
    "text",
    "rule",
    "title",
    "duration_s",
    "claimed_by",
    "because",
    "allows",
    "paused",
    "reason",
    "quality",
    "doing",
    "decision",
    "at",
]
json_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        [
            "camera",
            "consent",
            "comment",
            "upheld",
            "open",
            "ended",
            "2026-11-20T14:00:00.000000Z",
            "9999-12-31T23:59:59-23:59",
            "",
        ]
    )
    | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), json_value, st.integers(-5, 5)), max_size=12
    ),
    st.dictionaries(
        st.sampled_from(
            [
                *("id", "title", "people", "policy", "arrivals", "opened_at", "record"),
                *("answers", "decisions", "allows", "error_rates"),
            ]
        ),
        json_value,
    ),
)
def test_any_json_in_the_record_gives_a_harmless_page(
    payloads: list[tuple[str, Any, int]], interview: dict[str, Any]
) -> None:
    wires = [
        {
            "seq": seq,
            "time": f"2026-11-20T14:00:{30 + seq + jitter:02}.000000Z",
            "kind": kind,
            "author": CANDIDATE,
            "payload": payload,
        }
        for seq, (kind, payload, jitter) in enumerate(payloads)
    ]
    records = [model.slim(wire) for wire in wires]
    assert_harmless(render.report_page(model.build(interview, records, None)))
    assert_harmless(render.list_page(model.list_rows([interview]), "?"))


# -------------------------------------------------------------------- timeline


@pytest.mark.parametrize("length_s", [5, 59, 600, 3600, 7 * 3600, 90 * 3600])
def test_the_axis_has_a_readable_number_of_ticks(length_s: float) -> None:
    assert 1 <= length_s / timeline.tick_step(length_s) <= 13


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=5),
    st.floats(1, 1e5),
)
def test_nothing_is_drawn_outside_the_lanes(
    times: list[tuple[float, float]], length_s: float
) -> None:
    spans = [Span(a, b, "typing", "x") for a, b in times]
    marks = [Mark(a, "flag", "1", "flag-1") for a, _ in times]
    html = timeline.svg([Lane("l", "Lane", "source", spans, marks)], length_s)
    for tag, attributes in outline(html):
        found = dict(attributes)
        if tag == "rect" and found.get("class", "").startswith("span"):
            left, width = float(found["x"]), float(found["width"])
            assert left >= timeline.GUTTER - 0.01
            assert left + width <= timeline.WIDTH - timeline.RIGHT + 0.11
        if tag == "circle":
            assert timeline.GUTTER <= float(found["cx"]) <= timeline.WIDTH
