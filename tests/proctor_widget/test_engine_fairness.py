"""Version 2: private nudges first, what excuses a finding, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from nbinterview.schemas import check
from nbinterview_proctor import engine, replay
from nbinterview_proctor.policy import Policy, load
from tests.proctor_widget.engine_looks import PLACES, consented, look_around
from tests.proctor_widget.engine_sim import (
    CANDIDATE,
    INTERVIEWER,
    STANDARD,
    Page,
    leave_tab,
    outcomes,
    recorded,
)

STRICT = Policy.from_dict(load("strict"))
LEFT: dict[str, Any] = {"faces": 0, "frame_diff": 6.0, "person": 0.03}
HIDDEN: dict[str, Any] = {"faces": 0, "frame_diff": 6.0, "person": 0.9}
BESIDE: dict[str, Any] = {
    "faces": 2,
    "second_box": [0.02, 0.3, 0.22, 0.3],
    "second_mesh_residual": 0.03,
}


def found(
    page: Page, policy: Policy = STANDARD, *kinds: str
) -> list[tuple[str, dict[str, Any]]]:
    """What is said of findings, but for clearing."""
    wanted = kinds or ("nudge", "warning", "flag", "episode")
    said = [(one.kind, one.payload) for one in outcomes(page, policy)]
    for kind, payload in said:
        if kind == "episode":
            check(payload, "live", "Episode")
    return [(kind, payload) for kind, payload in said if kind in wanted]


def steps(page: Page, policy: Policy = STANDARD) -> list[tuple[str, str]]:
    return [(kind, payload["rule"]) for kind, payload in found(page, policy)]


def flags(page: Page, policy: Policy = STANDARD) -> list[str]:
    return [payload["rule"] for _, payload in found(page, policy, "flag")]


def episodes(page: Page, policy: Policy = STANDARD) -> list[tuple[str, str]]:
    return [
        (payload["rule"], payload["because"])
        for _, payload in found(page, policy, "episode")
    ]


def ended(page: Page) -> Page:
    return page.room("interview.state", state="ended")


# ------------------------------------------------------------ old records


def test_an_old_record_folds_to_what_it_said() -> None:
    """The same findings in the same order, within a second; names as they are now."""
    journal = recorded()
    own = [r for r in journal if r["kind"] in engine.OWN_KINDS]
    others = [r for r in journal if r["kind"] not in engine.OWN_KINDS]
    (started,) = [r for r in journal if r["kind"] == "room.started"]
    policy = Policy.from_dict(started["payload"]["policy"])
    told = list(replay.told(policy, others))
    assert [one.kind for _, one in told] == [r["kind"] for r in own]
    for (at_s, one), record in zip(told, own, strict=True):
        before, now = record["payload"], one.payload
        assert abs(at_s - replay.fact(record).at_s) < 1.1
        for key in ("sensor", "state", "text", "title", "yaw_deg", "frames"):
            if key in before:
                assert now[key] == before[key]
        if "rule" in before:
            assert now["rule"] == before["rule"].replace("no_face", "nobody")
        evidence = dict(before.get("evidence", {}))
        lasted_s = evidence.pop("duration_s", None)
        if lasted_s is not None:
            assert now["evidence"]["duration_s"] == pytest.approx(lasted_s, abs=0.1)
        assert evidence.items() <= now.get("evidence", {}).items()


def test_an_old_record_under_today_s_policy_says_nothing_it_cannot_know() -> None:
    rescored = replay.rescore(recorded(), STANDARD)
    rules = {f["rule"] for f in replay.flags(rescored)}
    assert "nobody" not in rules  # nobody was asked for a second opinion then


# ------------------------------------------------------------ escalation


def test_first_a_nudge_then_a_warning_then_a_flag() -> None:
    page = Page().started().see(20).see(60, **LEFT).see(5)
    assert steps(page) == [(kind, "nobody") for kind in ("nudge", "warning", "flag")]


def test_somebody_whose_face_is_hidden_is_never_a_finding() -> None:
    page = Page().started().see(20).see(600, hz=2, **HIDDEN).see(5)
    assert steps(page) == []
    details = [o.payload["detail"] for o in outcomes(page, STANDARD) if
               o.kind == "sensor" and o.payload["sensor"] == "camera"]  # fmt: skip
    assert any("not counted against you" in detail for detail in details)


def test_a_nudge_that_helped_leaves_a_record_of_a_short_episode() -> None:
    page = ended(Page().started().see(20).see(8, **LEFT).see(10))
    assert steps(page) == [("nudge", "nobody"), ("episode", "nobody")]
    assert episodes(page) == [("nobody", "short")]


def test_what_is_shorter_than_worth_recording_leaves_nothing() -> None:
    page = ended(Page().started().see(20).see(3, **LEFT).see(10))
    assert steps(page) == []


def test_nudges_do_not_come_again_and_again() -> None:
    page = Page().started().see(20)
    for _ in range(5):
        page.see(6, **LEFT).see(5)
    nudges = [one for one in steps(page) if one[0] == "nudge"]
    assert len(nudges) == 1


def test_the_nudge_s_words_come_from_the_policy() -> None:
    page = Page().started().see(20).see(8, **BESIDE)
    ((_, nudge), *_) = found(page, STANDARD, "nudge")
    assert nudge["text"] == STANDARD.rules["multiple_faces"].nudge
    assert set(nudge) == {"episode_id", "rule", "text"}


# ------------------------------------------------------------ repetition


def glances(page: Page, times: int, lasting: int = 8, between: int = 10) -> Page:
    for _ in range(times):
        page.see(lasting, hz=5, yaw=50).see(between, hz=5)
    return page


def test_many_short_looks_aside_are_one_finding_after_a_warning() -> None:
    page = glances(Page().started().see(10), 16)
    said = found(page)
    kinds = [kind for kind, _ in said if kind in ("warning", "flag")]
    assert kinds == ["warning", "flag"]
    (flag,) = [payload for kind, payload in said if kind == "flag"]
    assert flag["evidence"]["repeat"] is True
    assert flag["evidence"]["parts"] > 5
    total_s = STANDARD.rules["looking_away"].repeat
    assert total_s is not None
    assert flag["evidence"]["duration_s"] >= total_s.total_s - 0.01


def test_a_few_looks_aside_are_none() -> None:
    page = ended(glances(Page().started().see(10), 4))
    assert flags(page) == []
    assert episodes(page) == [("looking_away", "short")] * 4


def test_looks_aside_far_apart_do_not_add_up() -> None:
    page = glances(Page().started().see(10), 12, lasting=6, between=60)
    assert flags(page) == []


def test_visits_to_another_tab_add_up_too() -> None:
    page = Page().started().see(10)
    for _ in range(5):
        leave_tab(page, 7).see(60, hz=2)
    assert "tab_hidden" in flags(page)
    once = leave_tab(Page().started().see(10), 7).see(60, hz=2)
    assert flags(once) == []


def test_after_a_flag_by_repetition_the_count_begins_anew() -> None:
    page = glances(Page().started().see(10), 13)
    assert flags(page) == ["looking_away"]
    assert flags(glances(page, 4)) == ["looking_away"]


# ------------------------------------------------------------ what excuses


def allowing(page: Page, *allows: str, paused: bool = False) -> Page:
    return page.room("watching", INTERVIEWER, paused=paused, allows=list(allows))


@pytest.mark.parametrize("allows", ["documentation", "ai"])
def test_what_the_question_allows_is_recorded_and_never_flagged(allows: str) -> None:
    page = allowing(Page().started().see(10), allows)
    leave_tab(page, 60).see(10)
    page.event(name="clipboard", action="paste", chars=900, origin="external").see(10)
    assert steps(page) == [("episode", "tab_hidden"), ("episode", "external_paste")]
    assert {because for _, because in episodes(page)} == {"allowed"}


def test_what_is_no_longer_allowed_counts_again() -> None:
    page = allowing(Page().started().see(10), "ai").see(5)
    allowing(page)
    leave_tab(page, 40).see(10)
    assert flags(page) == ["tab_hidden"]


def test_what_was_allowed_when_it_began_stays_excused() -> None:
    page = allowing(Page().started().see(10), "documentation")
    page.event(name="visibility", state="hidden").beat(5)
    allowing(page).beat(30).event(name="visibility", state="visible").see(10)
    assert steps(page) == [("episode", "tab_hidden")]


def test_paused_time_never_counts() -> None:
    page = allowing(Page().started().see(20).see(10, **LEFT), paused=True)
    page.see(120, hz=2, **LEFT)
    allowing(page).see(10, **LEFT).see(5)
    assert flags(page) == []
    assert ("nobody", "paused") in episodes(page)
    page.see(60, **LEFT)
    assert flags(page) == ["nobody"]


def test_a_paste_while_paused_is_none() -> None:
    page = allowing(Page().started().see(5), paused=True)
    page.event(name="clipboard", action="paste", chars=900, origin="external").see(2)
    assert found(allowing(page).see(5)) == []


def test_the_sensors_say_that_the_watching_is_paused() -> None:
    page = allowing(Page().started().see(10), paused=True).see(2)
    told = [o.payload for o in outcomes(page, STANDARD) if o.kind == "sensor"]
    assert {one["state"] for one in told[-3:]} == {"waiting"}
    assert all("paused" in one["detail"] for one in told[-3:])


@pytest.mark.parametrize("cause", ["dialog", "permission", "share"])
def test_a_dialog_suspends_the_focus_findings_and_a_moment_after(cause: str) -> None:
    page = Page().started().event(name="fullscreen", active=True).see(10)
    page.event(name="window_focus", focused=False, cause=cause)
    page.event(name="visibility", state="hidden")
    page.event(name="fullscreen", active=False).beat(40)
    page.event(name="visibility", state="visible")
    page.event(name="window_focus", focused=True).beat(1)
    page.event(name="fullscreen", active=True).see(10)
    assert steps(page, STRICT) == []


def test_no_dialog_suspends_for_long() -> None:
    page = Page().started().see(10)
    page.event(name="window_focus", focused=False, cause="dialog")
    page.event(name="visibility", state="hidden").beat(200)
    assert flags(page) == ["tab_hidden"]


def test_a_click_into_a_frame_does_not_hide_a_tab_that_is_left() -> None:
    page = Page().started().see(10)
    page.event(name="window_focus", focused=False, cause="frame").see(60, hz=2)
    assert steps(page) == []
    page.event(name="visibility", state="hidden").beat(40)
    assert flags(page) == ["tab_hidden"]


def test_a_second_display_is_recorded_and_no_more() -> None:
    page = Page().started().event(name="display", extended="yes").see(300, hz=2)
    assert episodes(ended(page)) == [("second_display", "recorded_only")]
    unknown = Page().event(name="display", extended="unknown").started().see(60, hz=2)
    assert steps(ended(unknown)) == []


# ------------------------------------------------------------ context


def typing(page: Page, **sums: int) -> Page:
    ways = ("typed", "composed", "completed", "pasted", "dropped", "restored")
    told = {way: sums.get(way, 0) for way in ways}
    return page.event(name="typing", cell_id="cell-7", **told)


def writes(page: Page, chars: int, author: str = CANDIDATE, **edit: int) -> Page:
    edits = {"inserted_chars": chars, **edit}
    return page.room("document", author, path="x.ipynb", update="", edit=edits)


def away_while(page: Page, seconds: int, **head: Any) -> list[str]:
    """Flags of a head turned so under the short times of a test's own policy."""
    return flags(page.see(seconds, **head).see(5), SHARP)


def _sharp() -> Policy:
    """Return a policy that calls every direction far aside at once."""
    rule = STANDARD.rules["looking_away"]
    angles = MappingProxyType(
        {"yaw_deg": 20.0, "pitch_up_deg": 20.0, "pitch_down_deg": 25.0}
    )
    sharp = replace(
        rule,
        enter=angles,
        leave=angles,
        warn_after_s=2.0,
        flag_after_s=5.0,
        notice_s=1.0,
    )
    rules = MappingProxyType({**STANDARD.rules, "looking_away": sharp})
    return replace(STANDARD, format=1, rules=rules)


SHARP = _sharp()


def test_looking_down_while_typing_is_no_event_and_otherwise_it_is() -> None:
    page = Page().started().see(10)
    for _ in range(20):
        typing(page, typed=4).see(1, pitch=40)
    assert flags(page, SHARP) == []
    assert away_while(Page().started().see(10), 20, pitch=40) == ["looking_away"]


def test_typing_does_not_excuse_looking_aside() -> None:
    page = Page().started().see(10)
    for _ in range(20):
        typing(page, typed=4).see(1, yaw=50)
    assert flags(page, SHARP) == ["looking_away"]


def runs(page: Page, author: str = CANDIDATE, name: str = "run-1") -> Page:
    return page.room("execution.requested", author, execution_id=name, cell_id="c")


@pytest.mark.parametrize("finished", [True, False])
def test_looking_up_while_something_runs_or_just_ran_is_no_event(
    finished: bool,
) -> None:
    page = runs(Page().started().see(10))
    if finished:
        page.see(1).room("execution.finished", "kernel", execution_id="run-1")
    assert away_while(page, 12, pitch=-35) == []
    assert away_while(Page().started().see(10), 12, pitch=-35) == ["looking_away"]


def test_an_interviewer_s_run_excuses_nothing() -> None:
    page = runs(Page().started().see(10), INTERVIEWER)
    assert away_while(page, 12, pitch=-35) == ["looking_away"]


@pytest.mark.parametrize(
    ("work", "doing"),
    [
        pytest.param(lambda p: typing(p, composed=8), "typing", id="dictating"),
        pytest.param(lambda p: writes(p, 3), "typing", id="writing"),
        pytest.param(runs, "running", id="running"),
        pytest.param(lambda p: writes(p, 3, INTERVIEWER), "idle", id="others write"),
        pytest.param(lambda p: p, "idle", id="nothing"),
    ],
)
def test_the_evidence_says_what_the_notebook_was_doing(
    work: Callable[[Page], Page], doing: str
) -> None:
    page = Page().started().see(10)
    for _ in range(70):
        work(page).see(1, hz=5, **BESIDE)
    ((_, flag),) = found(page.see(5), STANDARD, "flag")
    assert flag["evidence"]["doing"] == doing
    assert flag["evidence"]["faces"] == 2
    assert flag["evidence"]["repeat"] is False


def test_the_evidence_names_the_cell_that_was_worked_in() -> None:
    page = typing(Page().started().see(10), typed=3).see(30, **BESIDE)
    ((_, flag),) = found(page, STANDARD, "flag")
    assert flag["evidence"]["cell_id"] == "cell-7"


# ------------------------------------------------------------ the notebook


def joined(author: str = CANDIDATE, role: str = "candidate") -> Page:
    return Page().room("person.joined", author, role=role).started().see(5)


def test_text_that_the_page_explains_is_no_finding() -> None:
    page = joined()
    for way in ("typed", "composed", "completed", "pasted", "dropped", "restored"):
        writes(page, 300).see(1)
        typing(page, **{way: 300}).see(12)
    assert "unexplained_text" not in [rule for _, rule in steps(ended(page))]


def test_text_from_nowhere_is_recorded_and_under_strict_it_is_a_flag() -> None:
    page = typing(joined(), typed=5).see(30)
    writes(page, 400).see(20)
    assert episodes(ended(page)) == [("unexplained_text", "recorded_only")]
    assert flags(page, STRICT) == ["unexplained_text"]
    ((_, flag),) = found(page, STRICT, "flag")
    assert flag["evidence"]["chars"] == 400
    assert flag["evidence"]["claimed_by"] == "server"


@pytest.mark.parametrize(
    "honest",
    [
        pytest.param(lambda p: writes(p, 900, INTERVIEWER), id="an interviewer's"),
        pytest.param(lambda p: writes(p, 900, "room"), id="the room's own"),
        pytest.param(lambda p: writes(p, 900, inserted_cells=1), id="a moved cell"),
        pytest.param(lambda p: writes(p, 100), id="a line"),
    ],
)
def test_other_text_is_no_finding(honest: Callable[[Page], Page]) -> None:
    page = typing(joined(), typed=5).see(5)
    assert flags(honest(page).see(30), STRICT) == []


def test_a_page_that_never_told_of_typing_explains_nothing_and_is_not_blamed() -> None:
    assert flags(writes(joined(), 900).see(30), STRICT) == []


def test_the_page_s_word_may_come_somewhat_later_or_earlier() -> None:
    page = typing(joined(), typed=5).see(5)
    typing(page, pasted=500).see(1)
    writes(page, 500).see(15)
    writes(page, 500).see(2)
    typing(page, pasted=500).see(20)
    assert flags(page, STRICT) == []


def late(page: Page, since: int, by_s: float) -> Page:
    """What the page said from this record on arrives later; its own clock stands."""
    for record in page.records[since:]:
        record["at_s"] += by_s
    return page


@pytest.mark.parametrize("by_s", [2.0, 3.5, 4.5, 8.0, 25.0])
def test_on_a_slow_line_the_page_is_heard_before_texts_are_compared(
    by_s: float,
) -> None:
    page = writes(typing(joined(), typed=5).see(10, hz=1), 320)
    since = len(page.records)
    typing(page.see(1, hz=1), completed=320).see(60, hz=1)
    assert flags(late(page, since, by_s), STRICT) == []


@pytest.mark.parametrize("by_s", [0.0, 2.0, 4.5, 8.0])
def test_text_from_nowhere_is_found_on_a_slow_line_too(by_s: float) -> None:
    page = writes(typing(joined(), typed=5).see(20, hz=1), 400)
    since = len(page.records)
    page.see(60, hz=1)
    assert flags(late(page, since, by_s), STRICT) == ["unexplained_text"]


def test_a_second_page_that_lags_is_waited_for_too() -> None:
    """Text may come from either of a candidate's pages."""
    page = typing(joined(), typed=5)
    other = typing(Page("00000000-0000-4000-8000-000000000002", 5.0), typed=1)
    writes(page.see(10, hz=1), 320).see(20, hz=1)
    typing(other.beat(11), completed=320).beat(20)
    late(other, 3, 4.5)
    both = sorted([*page.records, *other.records], key=lambda record: record["at_s"])
    page.records = both
    assert flags(page, STRICT) == []


def test_a_document_may_be_slower_than_the_page_s_word_on_it() -> None:
    page = typing(typing(joined(), typed=5).see(5), pasted=500).see(8)
    assert flags(writes(page, 500).see(30), STRICT) == []


def test_what_comes_after_a_silence_is_not_compared() -> None:
    page = typing(joined(), typed=5).see(5)
    page.room("gap", what="live", state="began", detail="").wait(60)
    writes(page, 900).wait(1).room("gap", what="live", state="ended", detail="")
    assert flags(page.see(20), STRICT) == []


@pytest.mark.parametrize("detail", ["network", "process"])
def test_attempts_of_a_candidate_s_run_are_recorded_and_no_more(detail: str) -> None:
    page = runs(joined())
    page.room("kernel", "kernel", state="attempt", detail=detail, count=3,
              execution_id="run-1", cell_id="c")  # fmt: skip
    page.room("execution.finished", "kernel", execution_id="run-1").see(10)
    assert episodes(page) == [(f"{detail}_attempt", "recorded_only")]
    ((_, episode),) = found(page)
    assert episode["evidence"]["attempts"] == 3


def test_attempts_of_an_interviewer_s_run_are_nobody_s() -> None:
    page = runs(joined(), INTERVIEWER, "run-9")
    page.room("kernel", "kernel", state="attempt", detail="network", count=1,
              execution_id="run-9", cell_id="c").see(10)  # fmt: skip
    assert found(page) == []


def journal(page: Page, policy: Policy = STANDARD) -> list[Any]:
    """The records of a page and, between them, what the engine says."""
    state, written = engine.initial(policy), list[Any]()
    for record in page.records:
        state, said = engine.step(state, replay.fact(record))
        written.append(record)
        written += [engine.Fact(o.kind, o.payload, record["at_s"]) for o in said]
    return written


def test_how_long_was_measured_leaves_out_what_was_not() -> None:
    page = Page().started().see(20).see(30, hz=2, **HIDDEN)
    allowing(page, paused=True).see(100, hz=2)
    ended(allowing(page).see(20)).wait(50).room("person.left")
    measured = replay.measured(STANDARD, journal(page))
    assert measured["unexplained_text"] == pytest.approx(70, abs=1)
    assert measured["tab_hidden"] == pytest.approx(70, abs=1)
    assert measured["nobody"] == pytest.approx(40, abs=8)
    assert measured["looking_away"] < measured["nobody"]


def test_the_notebook_is_watched_where_every_sensor_was_declined() -> None:
    page = Page()
    for sensor in STANDARD.sensors:
        page.event(name="consent", sensor=sensor, granted=False)
    page.event(name="watch", state="started").beat(60)
    measured = replay.measured(STANDARD, journal(ended(page)))
    assert measured["unexplained_text"] == pytest.approx(60, abs=1)
    assert measured["tab_hidden"] == measured["nobody"] == 0


def test_rescoring_writes_what_the_room_would_have_written() -> None:
    page = ended(leave_tab(Page().started().see(10), 40).see(10))
    rescored = replay.rescore(page.records, STANDARD)
    own = [r for r in journal(page) if isinstance(r, engine.Fact)]
    assert rescored == own
    (flag,) = replay.flags(rescored)
    check(flag, "live", "Flag")
    assert flag["ended_at"] is not None


# ------------------------------------------------------------ a slow device


def test_a_slow_device_is_measured_and_says_so() -> None:
    page = Page().started().see(10)
    for _ in range(5):
        page.now_s += 1
        page.send([], rate_hz=1.0)
    page.see(10)
    told = [o.payload for o in outcomes(page, STANDARD) if o.kind == "sensor"]
    assert any("less often" in one["detail"] for one in told)


def test_a_slow_device_finds_short_looks_aside_all_the_same() -> None:
    page = Page().started().see(20, hz=2)
    for _ in range(16):
        page.see(6, hz=2, yaw=50).see(6, hz=2)
    assert flags(page) == ["looking_away"]


# ------------------------------------------------------------ looks aside


def looks(page: Page, *yaws: float) -> Page:
    for yaw in yaws:
        page.see(5, hz=5, yaw=yaw).see(7, hz=5)
    return page


def test_looks_to_one_place_add_up_and_thoughts_all_over_do_not() -> None:
    one_place = looks(Page().started().see(10), *[50, 46] * 7)
    both_sides = looks(Page().started().see(10), *[50, -50] * 5)
    all_over = looks(Page().started().see(10), *[20, 30, 40, 50, 60] * 3)
    assert "looking_away" in flags(one_place)
    assert flags(both_sides) == []
    assert flags(all_over) == []


def call_elsewhere(page: Page) -> Page:
    """The call's picture is on another screen, 30 degrees aside."""
    for _ in range(20):
        page.see(5, hz=5, yaw=30).see(7, hz=5)
    return page


@pytest.mark.parametrize("extended", ["yes", "unknown"])
def test_looks_at_another_screen_do_not_add_up_where_nobody_showed_where_it_is(
    extended: str,
) -> None:
    page = Page().started().event(name="display", extended=extended).see(10)
    assert flags(call_elsewhere(page)) == []
    assert "looking_away" in flags(call_elsewhere(Page().started().see(10)))


def test_who_showed_where_the_other_screen_is_may_look_there_only() -> None:
    places = {**PLACES, "other_screen": (35, 0)}
    known = look_around(consented(), places=places).event(
        name="display", extended="yes"
    )
    known.event(name="watch", state="started").see(5)
    assert flags(call_elsewhere(known)) == []
    assert "looking_away" in flags(looks(known, *[-50] * 14))


def not_said_by_the_browser(*, denies: bool, rehearsal: bool = False) -> Page:
    """Places looked at where the browser does not know of another screen or none."""
    page = consented().event(name="display", extended="unknown")
    page.event(name="calibration", state="began", rehearsal=rehearsal)
    for target, (yaw, pitch) in {**PLACES, "other_screen": (0.0, 0.0)}.items():
        page.event(name="calibration", state="target", target=target)
        if denies and target == "other_screen":
            page.event(name="calibration", state="left_out", target=target)
            break
        page.see(0.5).see(2, yaw=yaw, pitch=pitch)
    page.event(name="calibration", state="finished", rehearsal=rehearsal)
    return page.event(name="watch", state="started").see(10)


def test_who_says_that_there_is_no_other_screen_is_believed_by_the_rule_too() -> None:
    assert "looking_away" in flags(call_elsewhere(not_said_by_the_browser(denies=True)))


def test_who_looked_at_this_screen_when_asked_for_another_has_not_shown_it() -> None:
    waited = not_said_by_the_browser(denies=False)
    assert flags(call_elsewhere(waited)) == []


def test_a_word_in_practice_or_against_the_browser_counts_for_nothing() -> None:
    practised = not_said_by_the_browser(denies=True, rehearsal=True)
    assert flags(call_elsewhere(practised)) == []
    corrected = not_said_by_the_browser(denies=True)
    corrected.event(name="display", extended="yes")
    assert flags(call_elsewhere(corrected)) == []


def test_who_repeats_is_nudged_before_the_warning() -> None:
    said = found(looks(Page().started().see(10), *[50] * 14))
    steps = [kind for kind, told in said if told.get("rule") == "looking_away"]
    assert steps.index("nudge") < steps.index("warning") < steps.index("flag")


def test_two_long_looks_are_no_repeat() -> None:
    page = Page().started().see(10)
    for _ in range(3):  # somebody who listens to a screen reader
        page.see(40, hz=5, yaw=40).see(20, hz=5)
    assert flags(page) == []


def test_a_face_lost_while_turned_is_still_turned_until_it_is_read_again() -> None:
    page = Page().started().see(20, hz=5)
    for _ in range(12):
        page.see(1, hz=5, yaw=45).see(4, hz=5, faces=0, person=0.9)
        page.see(1, hz=5, yaw=45).see(4, hz=5)
    said = found(page)
    assert "looking_away" in [p["rule"] for kind, p in said if kind == "flag"]


def test_a_face_lost_while_facing_the_screen_is_only_not_measurable() -> None:
    page = Page().started().see(20, hz=5)
    for _ in range(30):
        page.see(4, hz=5, faces=0, person=0.9).see(3, hz=5)
    assert steps(ended(page)) == []


def test_no_flag_is_raised_by_a_frame_that_cannot_be_read() -> None:
    """Turned, then lost for good: what was seen is recorded, and nothing more."""
    page = Page().started().see(20).see(2, yaw=45)
    page.see(300, hz=2, faces=0, person=0.9)
    assert flags(ended(page)) == []


def test_eyes_far_aside_are_told_where_the_calibration_is_good() -> None:
    eyes: dict[str, Any] = {"iris_left": 0.5, "iris_right": 0.5}
    aside: dict[str, Any] = {"iris_left": 0.75, "iris_right": 0.75}
    known = look_around(consented(), **eyes).event(name="watch", state="started")
    known.see(5, **eyes).see(120, **aside)
    rough = Page().started().see(10, **eyes).see(120, **aside)
    assert flags(known) == ["looking_away"]
    assert flags(rough) == []
