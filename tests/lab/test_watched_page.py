"""What a candidate sees of the watching and says to it, and what interviewers do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from nbinterview_proctor import policy
from tests.extensions.harness import RoomServer
from tests.lab.conftest import eventually
from tests.lab.test_room_page import agree_and_start, told

Candidate = Callable[..., Page]
Interviewer = Callable[[RoomServer], Page]
MakeRoom = Callable[..., RoomServer]

PLACES = (
    "centre",
    "top_left",
    "top_right",
    "bottom_right",
    "bottom_left",
    "keyboard",
    "notes",
)
# Playwright's pages always have the focus: say otherwise, as another window would.
LEAVE = "document.hasFocus = () => false; window.dispatchEvent(new Event('blur'))"
RETURN = "delete document.hasFocus; window.dispatchEvent(new Event('focus'))"
SCRIPT = """() => {
  const content = document.querySelector('.jp-CodeCell .cm-content');
  const { view } = content.cmTile ?? content.cmView;
  view.dispatch({ changes: { from: 0, insert: 'import os\\n' } });
}"""
NAMELESS = """() => [...document.querySelectorAll(
    'button, input, textarea, select, summary, [role=switch], video')]
  .filter(each => each.offsetParent !== null)
  .filter(each => each.closest('[class*=nbinterview]:not(body)'))
  .filter(each => !(each.ariaLabel || each.textContent.trim() || each.labels?.length
    || each.getAttribute('aria-labelledby') || each.title))
  .map(each => each.outerHTML)"""
FAINT = """() => {
  const luma = ([r, g, b]) => [r, g, b]
    .map(each => each / 255)
    .map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const ground = each => {
    for (let node = each; node; node = node.parentElement) {
      const found = numbers(getComputedStyle(node).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const each of document.querySelectorAll('[class*=nbinterview]:not(body) *')) {
    const own = [...each.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || each.offsetParent === null || each.disabled) continue;
    if (each.closest('.jp-nbinterview-Avatar, svg')) continue;
    const [a, b] = [luma(numbers(getComputedStyle(each).color)), luma(ground(each))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([each.outerHTML.slice(0, 120), ratio]);
  }
  return faint;
}"""


def assert_readable(page: Page) -> None:
    """Everything of ours has a name and is told apart from what it stands on."""
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(FAINT) == []


def quick(**changes: dict[str, Any]) -> dict[str, Any]:
    """Return the standard policy with other times of some findings."""
    data = policy.load("standard")
    findings = {
        name: {**finding, **changes.get(name, {})}
        for name, finding in data["findings"].items()
    }
    return {**data, "findings": findings}


def to_places(page: Page) -> None:
    page.get_by_role("switch", name="Camera").click()
    page.get_by_role("button", name="Continue to the camera check").click()
    page.get_by_text("One face found").wait_for()
    page.get_by_role("button", name="Continue: look at a few places").click()
    page.get_by_role("heading", name="Look at a few places").wait_for()


def test_places_are_looked_at_by_the_clock_and_it_is_said_how_well(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    panel = interviewer(room)
    page = candidate(room)
    to_places(page)
    assert_readable(page)
    page.get_by_role("button", name="Begin").click()
    page.locator(".jp-nbinterview-Stage-dot[data-target=top_left]").wait_for()
    assert_readable(page)
    page.get_by_role("button", name="Start the interview").wait_for()
    page.get_by_role("heading", name="That went well").wait_for()
    assert page.get_by_role("button", name="Once more").is_visible()
    page.get_by_role("button", name="Start the interview").click()
    page.get_by_role("button", name="Watching: camera").wait_for()
    said = told(room, "calibration")
    assert [each.get("target") for each in said if "target" in each] == list(PLACES)
    assert [said[0]["state"], said[-1]["state"]] == ["began", "finished"]
    [calibration] = room.records("calibration")
    assert calibration.facts["quality"] == "good"
    assert not calibration.facts.get("rehearsal")
    panel.get_by_text("Good: screen, keyboard and notes are known").wait_for()


def test_places_are_looked_at_by_keyboard_alone_and_can_be_left_out(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room)
    to_places(page)
    page.keyboard.press("Tab")  # from the heading: leave it out, own pace, begin
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    status = page.locator(".jp-nbinterview-Stage [role=status]")
    status.get_by_text("middle of the screen").wait_for()
    status.get_by_text("Press the space bar").wait_for()
    assert told(room, "calibration") in ([], [{"state": "began"}])
    page.keyboard.press("Space")
    status.get_by_text("top left corner").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Watching: camera").wait_for()
    eventually(
        "what was said",
        lambda: (
            [each.get("target", each["state"]) for each in told(room, "calibration")]
            == ["began", "centre", "skipped"]
        ),
    )


def test_a_nudge_is_quiet_private_and_waits_for_a_pause(
    make_room: MakeRoom, candidate: Candidate, interviewer: Interviewer
) -> None:
    times = {
        "nudge": "Focus is elsewhere, which may be fine.",
        "nudge_after_s": 1.0,
        "warn_after_s": 3.0,
        "flag_after_s": 4.0,
        "notice_s": 0.5,
    }
    room = make_room(policy=quick(window_left=times))
    panel = interviewer(room)
    page = candidate(room)
    agree_and_start(page, "This page")
    page.get_by_role("button", name="Watching: focus").wait_for()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.type("x")
    page.evaluate(LEAVE)
    line = page.locator(".jp-nbinterview-Nudge")
    assert line.get_attribute("aria-live") == "polite"
    line.get_by_text("Focus is elsewhere").wait_for()
    assert_readable(page)
    assert page.evaluate("document.activeElement.closest('.cm-content') !== null")
    assert page.get_by_role("dialog").count() == 0
    panel.locator("#nbinterview-panel [data-kind=flag]").wait_for()
    page.evaluate(RETURN)
    assert "Focus is elsewhere" not in panel.locator("#nbinterview-panel").inner_text()
    # Their own log has all of it, and an answer goes beside the flag.
    page.get_by_role("button", name="Watching: focus").click()
    page.get_by_role("button", name="What is measured, and my record").click()
    record = page.locator("#nbinterview-record")
    record.get_by_text("Flagged: a person will look at it").wait_for()
    record.get_by_role("button", name="Your answer to").click()
    record.get_by_role("textbox", name="Your answer to").fill("The door bell rang.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    flag = panel.locator("#nbinterview-panel [data-kind=flag]")
    flag.get_by_text("The door bell rang.").wait_for()
    record.get_by_text("The door bell rang.").wait_for()
    assert_readable(page)
    assert_readable(panel)


def test_ones_own_picture_is_played_only_while_it_is_looked_at(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room)
    agree_and_start(page, "Camera")
    page.get_by_role("button", name="Watching: camera").click()
    page.get_by_role("button", name="What is measured, and my record").click()
    picture = page.locator("#nbinterview-record .jp-nbinterview-Mesh")
    picture.wait_for()
    page.get_by_text("1 face · brightness").wait_for()
    drawn = """() => {
      const canvas = document.querySelector('.jp-nbinterview-Mesh canvas');
      if (!canvas.width) return false;
      const { data } = canvas.getContext('2d').getImageData(
        0, 0, canvas.width, canvas.height);
      return data.some(each => each > 0);
    }"""
    page.wait_for_function(drawn)
    page.keyboard.press("Escape")
    plays = "document.querySelector('.jp-nbinterview-Mesh video').srcObject !== null"
    assert page.evaluate(plays)
    page.locator(".jp-SideBar.jp-mod-right .lm-TabBar-tab").first.click()  # folds it
    page.wait_for_function(f"() => !({plays})")


def test_an_interviewer_pauses_the_watching_and_allows_things(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    panel = interviewer(room)
    page = candidate(room)
    agree_and_start(page, "This page", "Copy and paste")
    page.get_by_role("button", name="Watching: focus, clipboard").wait_for()
    panel.get_by_role("checkbox", name="Documentation").click()
    panel.get_by_role("button", name="Pause watching").click()
    page.get_by_role("button", name="Watching is paused").wait_for()
    page.evaluate("navigator.clipboard.writeText('import torch'.repeat(10))")
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+v")
    eventually("the text", lambda: told(room, "typing"))
    assert told(room, "typing")[0]["pasted"] == 120
    assert told(room, "clipboard") == []
    panel.get_by_role("button", name="Watch again").click()
    page.get_by_role("button", name="Watching: focus, clipboard").wait_for()
    page.keyboard.press("Control+End")
    page.evaluate("navigator.clipboard.writeText('import jax'.repeat(12))")
    page.keyboard.press("Control+v")
    summary = panel.locator(".jp-nbinterview-Episodes summary")
    summary.wait_for()
    assert panel.locator("#nbinterview-panel [data-kind=flag]").count() == 0
    summary.click()
    panel.get_by_text("Recorded; the question allows it").wait_for()
    assert_readable(panel)
    actions = [
        (record.facts["paused"], record.facts["allows"])
        for record in room.records("watching")
    ]
    assert actions == [
        (False, []),
        (False, ["documentation"]),
        (True, ["documentation"]),
        (False, ["documentation"]),
    ]


def test_the_questions_say_what_is_what(room: RoomServer, candidate: Candidate) -> None:
    page = candidate(room)
    assert_readable(page)
    page.locator("summary", has_text="All of it in plain words").click()
    words = page.locator(".jp-nbinterview-Page-words li")
    assert words.count() == len(
        policy.words(policy.Policy.from_dict(policy.load("standard")))
    )
    call = page.locator(".jp-nbinterview-Sensor", has_text="Camera for a call")
    assert call.get_by_role("switch").count() == 0
    assert "no call of its own" in call.inner_text()
    book = page.locator(".jp-nbinterview-Sensor", has_text="Your notebook")
    assert "recorded, never flagged" in book.inner_text()


def test_typing_is_told_by_the_way_it_came(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room)
    agree_and_start(page, "This page")
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("total = 12\nif total:\ntota")
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    page.keyboard.press("Tab")
    completer = page.locator(".jp-Completer .jp-Completer-item")
    if completer.first.is_visible():
        page.keyboard.press("Enter")
    page.keyboard.press("Control+z")
    page.keyboard.insert_text("naïve 数")  # as an input method does: no key

    def sums() -> dict[str, int]:
        found: dict[str, int] = {}
        for event in told(room, "typing"):
            for way in ("typed", "composed", "completed", "pasted", "restored"):
                found[way] = found.get(way, 0) + event[way]
        return found

    eventually("the input method", lambda: sums().get("composed") == 7)

    def inserted() -> int:
        return sum(
            record.facts.get("edit", {}).get("inserted_chars", 0)
            for record in room.records("document")
            if record.author != "room"
        )

    # What the page explains is what the room saw come in: nothing more, nothing less.
    eventually("the sums", lambda: sum(sums().values()) == inserted())
    assert sums()["typed"] >= len("total = 12\nif total:\ntota")
    before = sum(sums().values())
    # Text that no hand brought, 5 s after the last key: it is in the document and
    # explained by nothing.
    page.wait_for_timeout(5_500)
    page.evaluate(SCRIPT)
    eventually("a script's text", lambda: inserted() == before + 10)
    page.keyboard.type("y")
    eventually("the next key", lambda: sum(sums().values()) == before + 1)
