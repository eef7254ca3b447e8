"""A person's Chromium: what ran in it, and somebody who looks at everything.

A payload that runs says so in the console, asks the canary, opens a dialog or writes
storage. All are seen here, whatever frame they are in.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    async_playwright,
)

from tests.attacks.xss.canary import Canary
from tests.chromium import CHROMIUM_FLAGS

VIEWPORT = {"width": 1366, "height": 820}
PATIENCE_MS = 30_000
SETTLE_MS = 400
"""After the last touch, for what runs by a timer, an animation or a request."""

Where = Literal["page", "frame", "network", "dialog", "storage"]
SCRIPT: tuple[Where, ...] = ("page", "frame", "dialog", "storage")
"""Where a script ran; `network` is an address that was asked for, script or not."""

_RAN = re.compile(r"xss-([\w-]+)(?: (true|false))?")
_MARK = re.compile(r"xss-([\w-]+)")

# What a person would touch: within outputs and Markdown of a notebook, and anything of
# a frame or of a page that is not a notebook. Returns places within the viewport that
# have not been touched yet.
_TOUCHABLE = """
(wanted) => {
  const roots = wanted ? [...document.querySelectorAll(wanted)] : [document.body];
  const what = 'a,area,button,input,select,textarea,summary,label,[onclick],' +
    '[tabindex],[onmouseover],[onwheel],[data-commandlinker-command],svg *,math,' +
    'maction,img,video,audio,canvas,p,iframe,dialog,mjx-container a';
  const found = [];
  for (const root of roots) {
    if (!root) continue;
    let left = wanted ? 8 : 80;
    for (const each of root.querySelectorAll(what)) {
      if (each.nbiTouched || !left) continue;
      const box = each.getBoundingClientRect();
      const x = box.x + Math.min(box.width, 400) / 2;
      const y = box.y + Math.min(box.height, 60) / 2;
      if (box.width < 2 || box.height < 2) continue;
      if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) continue;
      each.nbiTouched = true;
      left -= 1;
      const only = wanted || window !== top ? ':not(p,img,iframe)'
        : '[href^="javascript" i],[onclick],summary';
      found.push({x, y, pressed: each.matches(only)});
    }
  }
  return found;
}
"""
_IN_NOTEBOOK = ".jp-OutputArea-output, .jp-RenderedMarkdown, .jp-RenderedHTMLCommon"
_SCROLL = """
(where) => {
  const outer = document.querySelector('.jp-WindowedPanel-outer');
  if (!outer) return false;
  if (where === 'top') { outer.scrollTop = 0; return true; }
  const before = outer.scrollTop;
  outer.scrollTop += outer.clientHeight * 0.8;
  return outer.scrollTop > before + 1;
}
"""


@dataclass
class Hits:
    """Which payloads did something, and where."""

    found: set[tuple[str, Where]] = field(default_factory=set)

    def add(self, payload_id: str, where: Where) -> None:
        """Note one."""
        self.found.add((payload_id, where))

    def ids(self, *where: Where) -> set[str]:
        """Return the payloads that did something, at one of these places."""
        return {one for one, at in self.found if not where or at in where}


class Person:
    """One person's browser profile with one page."""

    def __init__(self, context: BrowserContext, canary: Canary) -> None:
        self.context = context
        self.hits = Hits()
        self._canary = canary
        self.page: Page
        self.address = ""
        self._home = ""

    async def begin(self) -> None:
        """Open an empty page and listen."""
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = await self.context.new_page()
        self._listen(self.page)
        self.context.on("page", self._popup)

    def _listen(self, page: Page) -> None:
        page.on("dialog", self._dialog)
        page.on("console", self._said)

    def _said(self, message: ConsoleMessage) -> None:
        # Only its own words: a browser's complaint may cite a script that did not run.
        if ran := _RAN.fullmatch(message.text):
            self.hits.add(ran.group(1), "frame" if ran.group(2) == "false" else "page")

    async def _dialog(self, dialog: Dialog) -> None:
        if named := _MARK.search(dialog.message):
            self.hits.add(named.group(1), "dialog")
        with suppress(Error):
            # JupyterLab asks before it is left; what is asked otherwise gets a no.
            await (
                dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss()
            )

    async def _popup(self, page: Page) -> None:
        self._listen(page)
        with suppress(Error):
            await page.wait_for_timeout(SETTLE_MS)
            await page.close()

    async def open(self, address: str, ready: str | None = None) -> None:
        """Go to an address and wait until something is there."""
        self.address = address
        for tries_left in (2, 1, 0):
            try:
                await self.page.goto(address)
                if ready:
                    await self.page.locator(ready).first.wait_for()
                break
            except Error:  # what runs in the page may lead it elsewhere meanwhile
                if not tries_left:
                    raise
        self._home = _path(self.page.url)

    async def reload(self, ready: str | None = None) -> None:
        """Load the page anew, as a person who wonders would."""
        await self.open(self.address, ready)

    async def back(self) -> None:
        """Return when a payload has led the page away."""
        if _path(self.page.url) != self._home:
            with suppress(Error):
                await self.page.goto(self.address)
                await self.page.wait_for_timeout(4 * SETTLE_MS)

    async def sweep(self, within: str | None = _IN_NOTEBOOK) -> None:
        """Scroll through the page; point at, click and focus what there is."""
        with suppress(Error):
            await self.page.evaluate(_SCROLL, "top")
        for _ in range(400):
            await self.page.wait_for_timeout(SETTLE_MS / 2)
            await self._touch(within)
            await self.back()
            try:
                if not await self.page.evaluate(_SCROLL, "on"):
                    break
            except Error:
                break
        await self.page.wait_for_timeout(SETTLE_MS)
        await self.collect()

    async def _touch(self, within: str | None) -> None:
        for x, y, pressed in await self._places(within):
            with suppress(Error):
                await self.page.mouse.move(x, y)
                if pressed:
                    await self.page.mouse.click(x, y)
                    await self._leave_dialogs()

    async def _places(self, within: str | None) -> list[tuple[float, float, bool]]:
        found = []
        for frame in self.page.frames:
            top = frame.parent_frame is None
            with suppress(Error):
                offset = {"x": 0.0, "y": 0.0}
                if not top:
                    box = await (await frame.frame_element()).bounding_box()
                    if box is None or not 0 < box["y"] + 1 < VIEWPORT["height"]:
                        continue
                    offset = {"x": box["x"], "y": box["y"]}
                places = await frame.evaluate(_TOUCHABLE, within if top else None)
                for one in places:
                    y = one["y"] + offset["y"]
                    if y < VIEWPORT["height"]:
                        found.append((one["x"] + offset["x"], y, one["pressed"]))
        return found

    async def _leave_dialogs(self) -> None:
        if await self.page.locator(".jp-Dialog").count():
            await self.page.keyboard.press("Escape")

    async def collect(self) -> Hits:
        """Return what was seen so far, storage and requests included."""
        with suppress(Error):
            keys = await self.page.evaluate("Object.keys(localStorage)")
            for key in keys:
                if named := _MARK.fullmatch(key):
                    self.hits.add(named.group(1), "storage")
        for payload_id in self._canary.asked:
            self.hits.add(payload_id, "network")
        return self.hits


def _path(address: str) -> str:
    return address.partition("?")[0].partition("#")[0]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a headless Chromium."""
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path="/usr/bin/chromium",
            chromium_sandbox=False,
            args=list(CHROMIUM_FLAGS),
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def person(browser: Browser, canary: Canary) -> AsyncIterator[Person]:
    """Open one person's browser profile."""
    context = await browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]  # a TypedDict of Playwright's own
    try:
        found = Person(context, canary)
        await found.begin()
        yield found
    finally:
        await context.close()
