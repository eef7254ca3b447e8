"""A candidate's real page falls silent in several ways: the room says when and why."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Self

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.extensions.harness import BASE, CANDIDATE, INTERVIEWER, RoomServer
from tests.lab.conftest import PAGE_TIMEOUT_MS, eventually
from tests.lab.link import Link
from tests.lab.test_room_page import SENSORS, agree_and_start, told

BEAT_S = 1.0
SEEN_WITHIN_S = 3.0
"""After the first beat that did not come."""
ROUNDING_S = 0.2
"""Two clocks are read, and the record's has milliseconds."""

# The camera that the page opens, where a test can reach it.
KEEP_CAMERA = """
const devices = navigator.mediaDevices;
const open = devices.getUserMedia.bind(devices);
devices.getUserMedia = async wanted => {
  const stream = await open(wanted);
  window.cameraOfTest = stream.getVideoTracks()[0];
  return stream;
};
"""
KEPT = """
async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  const kept = [];
  for (const name of names.filter(each => each.startsWith('nbinterview:'))) {
    const db = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = reject;
    });
    if (db.objectStoreNames.contains('messages')) {
      const asked = db.transaction('messages').objectStore('messages').getAll();
      kept.push(...await new Promise(resolve => {
        asked.onsuccess = () => resolve(asked.result);
      }));
    }
    db.close();
  }
  return kept.filter(each => 'boot_id' in each).map(each => each.message);
}
"""


class Panel:
    """An interviewer's end of the live socket, in a thread: what came, and when."""

    def __init__(self, room: RoomServer) -> None:
        self._room = room
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._is_there = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_there.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._task is not None
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        self._task = self._loop.create_task(self._listen())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    async def _listen(self) -> None:
        async with self._room.socket(INTERVIEWER, "nbinterview/api/v1/live") as line:
            boot_id = "00000000-0000-4000-8000-00000000000a"
            await line.send(json.dumps({"type": "hello", "boot_id": boot_id}))
            async for text in line:
                self.heard.append((time.time(), json.loads(text)))
                self._is_there.set()

    def gaps(self, state: str) -> list[tuple[float, dict[str, Any]]]:
        """Return the gaps that were told of in this state, and when."""
        return [
            (at_s, message["gap"])
            for at_s, message in self.heard
            if message["type"] == "gap" and message["gap"]["state"] == state
        ]

    def last_began(self, number: int) -> dict[str, Any]:
        """Return the gap of this number, which was told of in time."""
        began = eventually("a gap", lambda: self.gaps("began")[number - 1 : number])
        [(at_s, gap)] = began
        assert isinstance(gap, dict)
        proved_s = datetime.fromisoformat(gap["started_at"]).timestamp()
        assert at_s - proved_s <= BEAT_S + SEEN_WITHIN_S + ROUNDING_S, gap
        return gap

    def ended(self, gap: dict[str, Any], within_s: float = 40) -> dict[str, Any]:
        """Return the last word on this gap."""

        def word() -> list[dict[str, Any]]:
            found = [one for _, one in self.gaps("ended")]
            return [one for one in found if one["gap_id"] == gap["gap_id"]]

        [last] = eventually("the end of a gap", word, within_s)
        return dict(last)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a room as its candidate, in a profile of its own or in one that is given."""
    contexts: list[BrowserContext] = []

    def go(url: str, context: BrowserContext | None = None) -> Page:
        if context is None:
            context = browser.new_context(
                permissions=["camera"], viewport={"width": 1366, "height": 820}
            )
            contexts.append(context)
            context.set_default_timeout(PAGE_TIMEOUT_MS)
            context.add_init_script(KEEP_CAMERA)
        page = context.new_page()
        # A workspace of its own for each tab, else JupyterLab moves the second one.
        name = f"{CANDIDATE}-{len(context.pages)}"
        page.goto(
            f"{url}lab/workspaces/{name}/tree/interview.ipynb?token=is-{CANDIDATE}"
        )
        page.locator(".jp-CodeCell .cm-content").first.wait_for()
        return page

    yield go
    for context in contexts:
        context.close()


def beats(room: RoomServer) -> int:
    """Return how many beats are on record."""
    found = [one.facts.get("beats") for one in room.records("observations")]
    return max((each["last"] for each in found if each), default=0)


def on_record(room: RoomServer) -> list[tuple[str, str]]:
    """Return the gaps on record that ended, with their cause."""
    return [
        (one.facts["gap_id"], one.facts["cause"])
        for one in room.records("gap")
        if one.facts["state"] == "ended"
    ]


def renderers(browser: Browser) -> list[int]:
    """Return the processes in which the browser's pages run."""
    devtools = browser.new_browser_cdp_session()
    found = devtools.send("SystemInfo.getProcessInfo")["processInfo"]
    devtools.detach()
    return [each["id"] for each in found if each["type"] == "renderer"]


def signal_all(pids: list[int], by: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, by)


def heart(page: Page) -> Any:
    """Return the worker that beats."""
    return eventually(
        "a worker that beats",
        lambda: [one for one in page.workers if one.url.endswith("/heartbeat.js")],
    )[-1]


def test_killed_workers_a_still_camera_and_a_lost_one_are_gaps_with_their_cause(
    room: RoomServer, visit: Callable[..., Page]
) -> None:
    with Panel(room) as panel:
        page = visit(room.url)
        agree_and_start(page, *SENSORS)
        eventually("beats", lambda: beats(room) > 3)
        seen = [
            one.facts["beats"]["frames_seen"]
            for one in room.records("observations")
            if "beats" in one.facts
        ]
        assert seen == sorted(seen)
        assert seen[-1] > 0
        time.sleep(2 * SEEN_WITHIN_S)  # an honest page has no gap
        assert panel.gaps("began") == []

        killed = heart(page)
        killed.evaluate("self.close()")
        gap = panel.last_began(1)
        assert gap["cause"] == "worker"
        # The page makes another one, whose beats count on.
        assert panel.ended(gap)["cause"] == "worker"
        page.wait_for_timeout(100)  # Playwright hears of it
        assert heart(page) is not killed
        number = beats(room)
        eventually("beats again", lambda: beats(room) > number)

        # The detector's own worker: pictures come, and none is measured.
        [detector] = [one for one in page.workers if one.url.endswith("/worker.js")]
        detector.evaluate("self.close()")
        gap = panel.last_began(2)
        assert gap["cause"] == "worker", gap
        assert panel.ended(gap)["cause"] == "worker"
        failed = [one for one in told(room, "detector") if one["state"] == "failed"]
        assert ["did not answer" in one["reason"] for one in failed] == [True]

        # stop() fires no `ended`: only the counts say that there are no pictures.
        page.evaluate("cameraOfTest.stop()")
        gap = panel.last_began(3)
        assert gap["cause"] == "camera", gap
        # The browser takes the camera away, as when it is pulled out.
        page.evaluate("cameraOfTest.dispatchEvent(new Event('ended'))")
        eventually("lost", lambda: {"state": "lost"} in told(room, "camera"))
        page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        assert panel.ended(gap)["cause"] == "camera"
        assert [cause for _, cause in on_record(room)] == [
            "worker",
            "worker",
            "camera",
        ]


def test_a_page_that_stands_still_is_offline_or_loads_again_has_gaps_with_their_cause(
    room: RoomServer, browser: Browser, visit: Callable[..., Page]
) -> None:
    with Panel(room) as panel, Link(room.port) as link:
        page = visit(f"http://127.0.0.1:{link.port}{BASE}")
        agree_and_start(page, "This page")
        eventually("beats", lambda: beats(room) > 3)
        assert panel.gaps("began") == []

        # Page and worker stop and go on, as when a computer sleeps.
        pids = renderers(browser)
        signal_all(pids, signal.SIGSTOP)
        try:
            gap = panel.last_began(1)
        finally:
            signal_all(pids, signal.SIGCONT)
        assert panel.ended(gap)["cause"] == "frozen"

        # One gap, however short: it is told when it begins only if it lasts.
        page.reload()
        page.get_by_role("button", name="Watching: focus").wait_for()
        eventually("the second gap", lambda: len(on_record(room)) == 2)

        number = len(panel.gaps("began"))
        link.cut()
        gap = panel.last_began(number + 1)
        kept = eventually("messages kept", lambda: page.evaluate(KEPT))
        assert {message["type"] for message in kept} == {"observations"}
        link.mend()
        page.evaluate("dispatchEvent(new Event('online'))")
        assert panel.ended(gap)["cause"] == "offline"
        eventually("an empty store", lambda: not page.evaluate(KEPT))

        causes = [cause for _, cause in on_record(room)]
        assert causes == ["frozen", "reloaded", "offline"]
        page.goto("about:blank")  # before its link goes


def test_a_second_tab_does_not_count_until_it_is_wanted_and_then_the_first_does_not(
    room: RoomServer, visit: Callable[..., Page]
) -> None:
    with Panel(room) as panel:
        first = visit(room.url)
        agree_and_start(first, "Camera")
        eventually("beats", lambda: beats(room) > 2)
        second = visit(room.url, first.context)
        elsewhere = second.locator(".jp-nbinterview-Elsewhere dialog")
        elsewhere.wait_for()
        told_s = time.time()
        states = [one.facts["state"] for one in room.records("lease")]
        assert states == ["taken", "second"]
        assert second.evaluate("window.cameraOfTest ?? null") is None
        number = beats(room)
        eventually("the first tab's beats", lambda: beats(room) > number + 2)
        assert panel.gaps("began") == []

        elsewhere.get_by_role("button", name="Go on here").click()
        second.get_by_role("button", name="Watching: camera").wait_for()
        first.locator(".jp-nbinterview-Elsewhere dialog").wait_for()
        assert first.evaluate("cameraOfTest.readyState") == "ended"
        last = eventually("taken", lambda: room.records("lease")[2:])[0].payload
        assert last["state"] == "taken"
        heard = [
            at_s
            for at_s, one in panel.heard
            if one["type"] == "lease" and one["state"] == "second"
        ]
        assert heard[0] <= told_s + 2
        number = len(room.records("observations"))
        eventually(
            "the second tab's beats",
            lambda: any(
                "beats" in one.facts and one.facts["boot_id"] == last["boot_id"]
                for one in room.records("observations")[number:]
            ),
        )
        # What the first tab's page told after it was left is on no record.
        later = room.records("observations")[number + 1 :]
        assert {one.facts["boot_id"] for one in later} <= {last["boot_id"]}
        assert {"state": "off"} not in told(room, "camera")


def test_what_one_tab_kept_is_not_sent_by_the_other_and_is_once_it_is_gone(
    room: RoomServer, visit: Callable[..., Page]
) -> None:
    page = visit(room.url)
    agree_and_start(page, "This page")
    eventually("beats", lambda: beats(room) > 1)
    [first] = {one.facts["boot_id"] for one in room.records("observations")}
    # Two messages of it that the room never acknowledged, as after a lost network.
    page.evaluate(
        """async ([name, author, boot, seq]) => {
          const db = await new Promise(resolve => {
            const opening = indexedDB.open(name);
            opening.onsuccess = () => resolve(opening.result);
          });
          const put = db.transaction('messages', 'readwrite').objectStore('messages');
          for (const at of [1, 0]) {
            put.add({ boot_id: boot, client_seq: seq + at, author, message: {
              type: 'event', boot_id: boot, client_seq: seq + at, monotonic_ms: 1,
              event: { name: 'display', extended: at ? 'yes' : 'no' }
            } });
          }
          await new Promise(resolve => { put.transaction.oncomplete = resolve; });
        }""",
        [f"nbinterview:{room.url}", CANDIDATE, first, 1_000_000],
    )
    second = visit(room.url, page.context)
    second.locator(".jp-nbinterview-Elsewhere dialog").wait_for()
    time.sleep(2)

    def kept() -> list[str]:
        """What came of those two; pages say by themselves what displays they have."""
        events = [one.facts for one in room.records("event")]
        mine = [one for one in events if one["boot_id"] == first]
        late = [one for one in mine if one["client_seq"] >= 1_000_000]
        return [one["event"]["extended"] for one in late]

    assert kept() == []
    page.close()
    eventually("what it kept", lambda: len(kept()) == 2)
    assert kept() == ["no", "yes"]
    eventually("an empty store", lambda: not second.evaluate(KEPT))
