"""What is typed is kept: in Chromium, with a room that dies, sleeps and refuses."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, expect
from pycrdt import Doc, Text, TransactionEvent

from tests.extensions.harness import BASE, CANDIDATE, INTERVIEWER, RoomServer
from tests.lab.conftest import eventually, start
from tests.lab.link import Link

Enter = Callable[..., Page]

expect.set_options(timeout=30_000)

# How many is not sure: beside each character, JupyterLab writes that there is one.
KEPT = re.compile("Offline. [0-9]+ edits? kept in this browser")


class Via:
    """A room's address through a link."""

    def __init__(self, link: Link) -> None:
        self.url = f"http://127.0.0.1:{link.port}{BASE}"


def cell(page: Page) -> Locator:
    return page.locator(".jp-CodeCell .cm-content").first


def saved(page: Page) -> Locator:
    return page.locator(".jp-nbinterview-Saved")


def stays_saved(page: Page) -> None:
    """Wait until the page has said `Saved` for a second without a break."""
    page.wait_for_function(
        """() => {
            const said = document.querySelector('.jp-nbinterview-Saved');
            const saved = said?.dataset.state === 'saved';
            window.savedSince = saved ? (window.savedSince ?? performance.now()) : null;
            return saved && performance.now() - window.savedSince > 1000;
        }""",
        polling=50,
    )


def write(page: Page, text: str) -> None:
    """Type at the end of the first code cell."""
    cell(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def sources(room: RoomServer) -> list[str]:
    """Return the text of each cell in the notebook's file."""
    path = room.directory / "work" / "interview.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(one["source"]) for one in cells]


def no_questions(page: Page) -> None:
    """Answer the candidate's questions, so that the notebook can be typed in."""
    page.get_by_role("button", name="Start without being watched").click()
    page.get_by_role("dialog").wait_for(state="detached")


def expect_everywhere(room: RoomServer, pages: list[Page], text: str) -> None:
    """The first code cell reads so, on all pages and on disk, and there is one."""
    for page in pages:
        expect(saved(page)).to_have_text("Saved")
        expect(cell(page)).to_have_text(text)
        expect(page.locator(".jp-Cell")).to_have_count(2)
    eventually("the file", lambda: sources(room) == ["# Question 1", text])


def test_a_room_that_is_killed_loses_nothing_and_doubles_nothing(
    room: RoomServer, enter: Enter
) -> None:
    page = enter(room, CANDIDATE)
    no_questions(page)
    other = enter(room, INTERVIEWER)
    write(page, " # one")
    expect(saved(page)).to_have_text("Saved")
    room.kill()
    write(page, " two")
    expect(saved(page)).to_have_text(KEPT)
    status = page.locator(".jp-nbinterview-Told[role=status]").last
    expect(status).to_have_text("Not connected. What you type is kept in this browser.")
    write(page, " three")
    expect(cell(page)).to_have_text("1 + 1 # one two three")
    start(room)
    expect(saved(page)).to_have_text("Saved")
    expect(status).to_have_text("Connected again. Everything is saved.")
    expect_everywhere(room, [page, other], "1 + 1 # one two three")


def test_a_reload_keeps_what_was_typed_without_the_room(
    room: RoomServer, enter: Enter
) -> None:
    page = enter(room, CANDIDATE)
    no_questions(page)
    write(page, " # one")
    expect(saved(page)).to_have_text("Saved")
    room.kill()
    write(page, " two")
    expect(saved(page)).to_have_text(KEPT)
    address = page.url
    page.goto("about:blank")  # gone, while the room is away
    start(room)
    other = enter(room, INTERVIEWER)
    write(other, " other")
    expect(saved(other)).to_have_text("Saved")
    page.goto(address)
    cell(page).wait_for()
    expect(saved(page)).to_have_text("Saved")
    found = cell(page).text_content() or ""
    assert found in ("1 + 1 # one two other", "1 + 1 # one other two")
    expect_everywhere(room, [page, other], found)
    page.reload()
    cell(page).wait_for()
    expect_everywhere(room, [page, other], found)


# Each letter is an edit of its own, and the page is gone before it hears of anything.
TYPE_AND_LEAVE = """
    letters => {
        const content = document.querySelector('.jp-CodeCell .cm-content');
        const { view } = content.cmTile ?? content.cmView;
        for (const letter of letters) {
            const from = view.state.doc.length;
            view.dispatch({ changes: { from, insert: letter } });
        }
        location.replace('about:blank');
    }
"""


def test_what_is_typed_in_the_last_moment_of_a_page_is_kept(
    room: RoomServer, enter: Enter
) -> None:
    page = enter(room, CANDIDATE)
    no_questions(page)
    write(page, " #")
    expect(saved(page)).to_have_text("Saved")
    room.kill()
    write(page, " ")
    expect(saved(page)).to_have_text(KEPT)
    address = page.url
    page.evaluate(TYPE_AND_LEAVE, "abcdefghijklmnopqrstuvwxyz")
    page.wait_for_url("about:blank")
    start(room)
    page.goto(address)
    cell(page).wait_for()
    expect_everywhere(room, [page], "1 + 1 # abcdefghijklmnopqrstuvwxyz")


def frozen(context: BrowserContext, page: Page) -> Callable[[], None]:
    """Put a page to sleep, as a browser does with a laptop's; call to wake it."""
    session = context.new_cdp_session(page)
    session.send("Page.enable")
    session.send("Page.setWebLifecycleState", {"state": "frozen"})

    def wake() -> None:
        session.send("Page.setWebLifecycleState", {"state": "active"})

    return wake


def test_a_page_that_slept_with_unsent_edits_converges(
    room: RoomServer, enter: Enter
) -> None:
    page = enter(room, CANDIDATE)
    no_questions(page)
    other = enter(room, INTERVIEWER)
    expect(saved(page)).to_have_text("Saved")
    room.kill()
    write(page, " # asleep")
    expect(saved(page)).to_have_text(KEPT)
    wake = frozen(page.context, page)
    start(room)
    expect(saved(other)).to_have_text("Saved")
    # A cell of its own meanwhile, and one more that goes again.
    cell(other).click()
    other.keyboard.press("Escape")
    other.keyboard.press("b")
    other.keyboard.press("Enter")
    other.keyboard.type("meanwhile = 2")
    expect(saved(other)).to_have_text("Saved")
    room.kill()
    start(room)
    wake()
    for each in (page, other):
        expect(saved(each)).to_have_text("Saved")
        expect(each.locator(".jp-CodeCell .cm-content")).to_have_text(
            ["1 + 1 # asleep", "meanwhile = 2"]
        )
    # Not stuck on an old copy: each sees what the other types now.
    write(page, "!")
    expect(cell(other)).to_have_text("1 + 1 # asleep!")
    other.locator(".jp-CodeCell .cm-content").last.click()
    other.keyboard.press("Control+End")
    other.keyboard.type("0")
    expect(page.locator(".jp-CodeCell .cm-content").last).to_have_text("meanwhile = 20")
    eventually(
        "the file",
        lambda: sources(room) == ["# Question 1", "1 + 1 # asleep!", "meanwhile = 20"],
    )


def test_a_dead_network_is_noticed_and_a_long_queue_is_soon_sent(
    room: RoomServer, enter: Enter
) -> None:
    edits = 500
    with Link(room.port) as link:
        page = enter(Via(link), CANDIDATE)
        no_questions(page)
        other = enter(room, INTERVIEWER)
        write(page, " # ")
        expect(saved(page)).to_have_text("Saved")
        link.cut()
        write(page, "x")
        # Nothing said that it is dead: the silence did.
        expect(saved(page)).to_have_text(KEPT, timeout=15_000)
        for _ in range(edits - 1):
            page.keyboard.press("y")  # `type` would bring several in one edit
        expect(saved(page)).to_have_text(re.compile("Offline. 50[0-9] edits kept"))
        told = other.locator(".jp-CodeCell .cm-content").first
        link.mend()
        began_s = time.monotonic()
        expect(told).to_have_text("1 + 1 # x" + "y" * (edits - 1), timeout=30_000)
        took_s = time.monotonic() - began_s
        expect(saved(page)).to_have_text("Saved")
        page.goto("about:blank")
    # The goal is 1.5 s on a quiet machine; what stock takes when nothing tells it that
    # its connection is dead is 30 s and more.
    assert took_s < 10, f"{took_s:.2f} s"
    print(f"rejoined with {edits} edits in {took_s:.2f} s")


KEEP = """
async update => {
  const { name } = (await indexedDB.databases()).find(
    each => each.name.startsWith('nbinterview:edits:')
  );
  const opening = indexedDB.open(name);
  await new Promise(done => { opening.onsuccess = done; });
  const transaction = opening.result.transaction('messages', 'readwrite');
  const bytes = Uint8Array.from(atob(update), letter => letter.charCodeAt(0));
  transaction.objectStore('messages').add({ update: bytes });
  await new Promise(done => { transaction.oncomplete = done; });
  opening.result.close();
}
"""
COUNT = """
async () => {
  const { name } = (await indexedDB.databases()).find(
    each => each.name.startsWith('nbinterview:edits:')
  );
  const opening = indexedDB.open(name);
  await new Promise(done => { opening.onsuccess = done; });
  const store = opening.result.transaction('messages').objectStore('messages');
  const counting = store.count();
  await new Promise(done => { counting.onsuccess = done; });
  opening.result.close();
  return counting.result;
}
"""


def hanging_update(text: str) -> str:
    """Return an update that no room can take: its predecessor exists nowhere."""
    doc: Doc[Any] = Doc()
    shared = doc["nowhere"] = Text()
    shared += "predecessor"
    updates: list[bytes] = []

    def note(event: TransactionEvent) -> None:
        updates.append(event.update)

    subscription = doc.observe(note)
    shared += text
    doc.unobserve(subscription)
    return base64.b64encode(updates[0]).decode("ascii")


def test_a_refused_edit_comes_back_as_text_and_never_again(
    room: RoomServer, enter: Enter
) -> None:
    page = enter(room, CANDIDATE)
    no_questions(page)
    write(page, " # one")
    expect(saved(page)).to_have_text("Saved")
    page.evaluate(KEEP, hanging_update("lost = 1"))
    room.kill()
    write(page, " two")
    expect(saved(page)).to_have_text(KEPT)
    page.goto("about:blank")
    start(room)
    page.goto(f"{room.url}lab/tree/interview.ipynb")
    notice = page.locator(".jp-nbinterview-Notice", has_text="were not saved")
    notice.wait_for()
    expect(saved(page)).to_have_text("Not saved")
    excerpt = notice.get_by_role("textbox", name="The text that was not saved")
    expect(excerpt).to_have_value("lost = 1")
    notice.get_by_role("button", name="Copy").click()
    expect(notice.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "lost = 1"
    write(page, "too late")
    assert "too late" not in (cell(page).text_content() or "")
    refused = [record.payload for record in room.records("refused")]
    assert len(refused) == 1, refused
    notice.get_by_role("button", name="Open the notebook again").click()
    again = page.locator(".jp-nbinterview-Notice", has_text="Your text that was not")
    again.wait_for()
    expect(saved(page)).to_have_text("Saved")
    expect(cell(page)).to_have_text("1 + 1 # one two")
    eventually("an empty store", lambda: page.evaluate(COUNT) == 0)
    write(page, "!")
    expect_everywhere(room, [page], "1 + 1 # one two!")
    again.get_by_role("button", name="Close").click()
    page.reload()
    cell(page).wait_for()
    expect(saved(page)).to_have_text("Saved")
    assert again.count() == 0
    assert len(room.records("refused")) == 1


NO_STORE = """
Object.defineProperty(window, 'indexedDB', {
  value: { open: () => { throw new DOMException('no', 'SecurityError'); } }
});
"""


def test_a_browser_that_keeps_nothing_says_so_and_asks_before_leaving(
    room: RoomServer, browser: Browser
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.add_init_script(NO_STORE)
        page.goto(f"{room.url}lab/tree/interview.ipynb?token=is-{INTERVIEWER}")
        cell(page).wait_for()
        write(page, " # one")
        expect(saved(page)).to_have_text("Saved")
        asked: list[str] = []

        def leave(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.accept()

        page.on("dialog", leave)
        stays_saved(page)  # JupyterLab writes a little by itself afterwards
        page.reload()
        cell(page).wait_for()
        expect(saved(page)).to_have_text("Saved")
        assert asked == []  # everything was saved
        room.kill()
        write(page, " two")
        expect(saved(page)).to_have_text(
            re.compile("Offline. [0-9]+ edits on this page only: keep it open")
        )
        start(room)
        expect(saved(page)).to_have_text("Saved")
        room.kill()
        write(page, "!")
        expect(saved(page)).to_contain_text("on this page only")
        with page.expect_event("dialog"):
            page.close(run_before_unload=True)
        assert asked == ["beforeunload"]


def test_the_bar_counts_what_takes_long(room: RoomServer, enter: Enter) -> None:
    page = enter(room, INTERVIEWER)
    # A kernel that starts needs the disk too.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    expect(saved(page)).to_have_text("Saved")
    room.fill_disk(full=True)
    write(page, " # waits")
    expect(saved(page)).to_have_text(re.compile("Saving [0-9]+ edits…"))
    room.fill_disk(full=False)
    expect(saved(page)).to_have_text("Saved")
    write(page, "!")  # the notebook's file is written with the next change
    expect_everywhere(room, [page], "1 + 1 # waits!")


@pytest.mark.parametrize("who", [CANDIDATE, INTERVIEWER])
def test_there_is_one_yjs_on_the_page(room: RoomServer, enter: Enter, who: str) -> None:
    told: list[str] = []
    page = enter(room, who)
    page.on("console", lambda message: told.append(message.text))
    page.reload()
    cell(page).wait_for()
    expect(saved(page)).to_have_text("Saved")
    assert not [text for text in told if "Yjs" in text or "yjs" in text]
