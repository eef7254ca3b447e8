"""What a page says of the record: gaps, storage, a second tab, witness, receipt."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import Download, Page

from nbinterview.ledger.bundle import Contents, write_bundle
from nbinterview.ledger.checkpoints import Checkpoint, PlatformKey
from nbinterview.ledger.records import Record
from nbinterview.ledger.verify import Findings, read_receipt, verify
from tests.extensions.harness import INTERVIEWER, RoomServer
from tests.lab.conftest import Enter, eventually, start
from tests.lab.pictures import keep as keep_picture
from tests.lab.test_room_page import agree_and_start, told
from tests.lab.test_watched_page import assert_readable

Candidate = Callable[..., Page]
Interviewer = Callable[[RoomServer], Page]

PANEL = "#nbinterview-panel"


def fact(panel: Page, name: str) -> Any:
    """Return the line of the panel about one thing."""
    return panel.locator(f"{PANEL} [data-fact={name}]")


def watched(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> tuple[Page, Page]:
    """Return the pages of a candidate who is watched and of their interviewer."""
    panel = interviewer(room)
    page = candidate(room)
    agree_and_start(page, "This page")
    fact(panel, "watched").get_by_text("Each second").wait_for()
    return page, panel


def go_dark(page: Page) -> None:
    page.get_by_role("button", name="Change between light and dark").click()
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")


def test_a_gap_is_shown_at_once_with_its_cause_by_day_and_by_night(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    page, panel = watched(room, candidate, interviewer)
    assert fact(panel, "watched").get_attribute("data-tone") == "good"
    page.context.set_offline(True)
    line = panel.locator(f"{PANEL} [data-kind=gap][data-open=true]")
    line.wait_for()
    assert fact(panel, "watched").get_attribute("data-tone") == "attention"
    read_out = panel.locator(f"{PANEL} [role=status]").first
    assert "No proof of watching" in (read_out.text_content() or "")
    assert_readable(panel)
    keep_picture(panel, "gap-light")
    go_dark(panel)
    assert_readable(panel)
    keep_picture(panel, "gap-dark")
    page.context.set_offline(False)
    line.wait_for(state="detached")
    over = panel.locator(f"{PANEL} [data-kind=gap]")
    cause = room.records("gap")[-1].facts["cause"]
    assert over.get_attribute("data-cause") == cause
    fact(panel, "watched").get_by_text("without in all").wait_for()
    # Whoever comes later sees it too.
    panel.reload()
    panel.locator(f"{PANEL} [data-cause={cause}]").wait_for()


def test_a_second_tab_asks_whether_to_go_on_there(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    page, panel = watched(room, candidate, interviewer)
    other = page.context.new_page()
    other.goto(page.url)
    dialog = other.get_by_role(
        "dialog", name="This interview is open in another tab or on another device"
    )
    dialog.wait_for()
    assert page.locator(".jp-nbinterview-Elsewhere-dialog").count() == 0
    fact(panel, "pages").get_by_text("2 are open; one of them counts").wait_for()
    assert_readable(other)
    keep_picture(other, "second-tab-light")
    # By keyboard alone, and nothing behind the question can be reached.
    other.keyboard.press("Escape")
    dialog.wait_for()
    for _ in range(4):
        other.keyboard.press("Tab")
        assert other.evaluate(
            "document.activeElement === document.body || "
            "document.activeElement.closest('dialog') !== null"
        )
    button = dialog.get_by_role("button", name="Go on here")
    button.focus()
    other.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    page.get_by_role(
        "dialog", name="You went on in another tab or on another device"
    ).wait_for()
    eventually(
        "the lease on record",
        lambda: (
            [one.facts["state"] for one in room.records("lease")][-2:]
            == ["second", "taken"]
        ),
    )
    # And back again; the room moves it once a second at most.
    page.wait_for_timeout(1_500)
    page.get_by_role("button", name="Go on here").click()
    page.locator(".jp-nbinterview-Elsewhere-dialog").wait_for(state="detached")
    other.get_by_role("button", name="Go on here").wait_for()
    other.close()
    fact(panel, "pages").wait_for(state="detached")


def test_a_room_that_cannot_write_says_so_to_its_interviewers(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    page, panel = watched(room, candidate, interviewer)
    room.fill_disk(full=True)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.type("x = 1")
    alarm = panel.locator(f"{PANEL} [data-alarm=storage]")
    alarm.wait_for()
    assert "cannot write its record" in (alarm.text_content() or "")
    chip = panel.get_by_role("alert").get_by_role("button")
    chip.get_by_text("Not being saved").wait_for()
    keep_picture(panel, "storage-light")
    go_dark(panel)
    assert_readable(panel)
    keep_picture(panel, "storage-dark")
    room.fill_disk(full=False)
    alarm.wait_for(state="detached")
    chip.wait_for(state="detached")


def verified(
    room: RoomServer, records: list[Record], heads: list[Checkpoint], kept: Download
) -> Findings:
    """Return what `nbinterview verify` finds in these records with a kept receipt."""
    service, platform = room.service, room.service.platform
    bundle = room.directory / "bundle.zip"
    fitting = [one for one in heads if one.size <= len(records)]
    contents = Contents(
        service.config["interview"]["id"],
        records,
        made_at=records[-1].time,
        checkpoints=fitting,
        certificates=service.certificates,
        platform_keys=[PlatformKey(platform.public, platform.key_id, records[0].time)],
    )
    write_bundle(bundle, contents)
    return verify(
        bundle,
        receipt=read_receipt(Path(kept.path())),
        platform_keys=[platform.public],
    )


def cut_back(room: RoomServer, to_seq: int) -> None:
    """Make a room's record shorter behind its back, at its service's too."""
    with closing(sqlite3.connect(room.directory / "journal.sqlite")) as db:
        db.execute("DELETE FROM records WHERE seq > ?", (to_seq,))
        db.execute("DELETE FROM checkpoints WHERE size > ?", (to_seq,))
        db.commit()
    del room.service.records[to_seq:]
    heads = room.service.checkpoints
    heads[:] = [one for one in heads if one.size <= to_seq]


def test_a_record_that_was_rewritten_behind_its_back_is_found_out(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    page, panel = watched(room, candidate, interviewer)
    record = fact(panel, "record")
    record.get_by_text("Saved and witnessed").wait_for()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.type("x = 1")
    eventually("a longer record", lambda: len(room.records()) > 12)
    page.context.close()
    seen = eventually("a pause in it", lambda: unchanged(room))
    eventually("all of it witnessed", lambda: witnessed_size(panel) >= seen)
    room.kill()
    honest, heads = room.records(), list(room.service.checkpoints)
    cut_back(room, seen - 3)
    start(room)  # it signs with its own key, what is left and what comes
    alarm = panel.locator(f"{PANEL} [data-alarm=witness]")
    alarm.wait_for()
    assert "not the one that this browser saw" in (alarm.text_content() or "")
    panel.get_by_role("alert").get_by_role(
        "button", name="The record was changed"
    ).wait_for()
    keep_picture(panel, "witness-light")
    go_dark(panel)
    assert_readable(panel)
    keep_picture(panel, "witness-dark")
    # It is on record with both heads, told once, and stays over a reload.
    found = eventually("the witness's word", lambda: room.records("witness"))
    assert found[0].facts["state"] == "broken"
    assert found[0].facts["seen"]["size"] >= seen
    panel.reload()
    panel.locator(f"{PANEL} [data-alarm=witness]").wait_for()
    assert len(room.records("witness")) == 1
    # The proof can be kept: the very head that this browser had seen.
    with panel.expect_download() as kept:
        panel.get_by_role("button", name="Keep the proof").click()
    receipt = json.loads(Path(kept.value.path()).read_text("utf-8"))
    assert receipt["checkpoint"]["root"] == found[0].facts["seen"]["root"]
    # It holds for the record as it was, and not for the one in its place.
    findings = verified(room, honest, heads, kept.value)
    assert findings.ok, findings.why
    now = eventually(
        "as many records again",
        lambda: len(all_now := room.records()) > seen and all_now,
    )
    heads = room.service.checkpoints
    eventually("their head", lambda: heads and heads[-1].size >= len(now))
    findings = verified(room, now, heads, kept.value)
    assert not findings.ok
    assert "receipt" in findings.why
    # Another browser saw nothing before, and accuses nobody.
    other = interviewer(room)
    fact(other, "record").get_by_text("Saved and witnessed").wait_for()
    assert other.locator("[data-alarm]").count() == 0


def unchanged(room: RoomServer) -> int:
    """Return how many records there are, if there are no more of them after a while."""
    before = len(room.records())
    time.sleep(1)
    return before if len(room.records()) == before else 0


def witnessed_size(panel: Page) -> int:
    """Return how many records this browser keeps the head of."""
    size: int = panel.evaluate(
        """() => Object.keys(localStorage)
          .filter(name => name.startsWith('nbinterview:witness:'))
          .map(name => JSON.parse(localStorage[name]).seen?.checkpoint.size ?? 0)
          .reduce((most, size) => Math.max(most, size), 0)"""
    )
    return size


def test_a_room_that_is_only_restarted_is_accused_of_nothing(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    _page, panel = watched(room, candidate, interviewer)
    fact(panel, "record").get_by_text("Saved and witnessed").wait_for()
    before = witnessed_size(panel)
    room.kill()
    start(room)
    eventually("it goes on", lambda: witnessed_size(panel) > before)
    assert panel.locator("[data-alarm]").count() == 0
    assert room.records("witness") == []


def test_a_browser_that_cannot_check_signatures_says_so(
    room: RoomServer, enter: Enter
) -> None:
    panel = enter(room, INTERVIEWER)
    panel.add_init_script(
        """const { importKey } = SubtleCrypto.prototype;
        SubtleCrypto.prototype.importKey = function (form, key, kind, ...rest) {
          return kind === 'Ed25519'
            ? Promise.reject(new DOMException('', 'NotSupportedError'))
            : importKey.call(this, form, key, kind, ...rest);
        };"""
    )
    panel.reload()
    fact(panel, "record").get_by_text("this browser cannot witness it").wait_for()
    panel.get_by_text("Can the record be changed later?").click()
    panel.get_by_text("it checks no Ed25519 signatures").wait_for()


def test_the_candidate_takes_a_receipt_along(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    page, _panel = watched(room, candidate, interviewer)
    eventually("Start", lambda: told(room, "watch"))
    room.service.config["interview"]["state"] = "ended"
    card = page.locator(".jp-nbinterview-Notice", has_text="Your receipt")
    card.wait_for()
    keep_picture(page, "receipt-light")
    go_dark(page)
    keep_picture(page, "receipt-dark")
    with page.expect_download() as kept:
        card.get_by_role("button", name="Save my receipt").click()
    receipt = json.loads(Path(kept.value.path()).read_text("utf-8"))
    records = room.records()
    assert receipt["checkpoint"]["size"] == len(records)
    findings = verified(room, records, room.service.checkpoints, kept.value)
    assert findings.ok, findings.why
    assert any("receipt" in one for one in findings.checked)
    assert kept.value.suggested_filename == (
        f"receipt-{receipt['interview']}-{len(records)}.json"
    )
