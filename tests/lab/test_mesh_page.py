"""One's own picture with the mesh over it, which stays on one's own page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Page

from tests.extensions.harness import RoomServer
from tests.lab.test_room_page import agree_and_start

Candidate = Callable[..., Page]

LANDMARKS = 478
#: Keeps what the measuring worker hands over and what is sent by any socket.
SPY = """() => {
  window.meshes = [];
  window.sent = [];
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data)
      : new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
    sent.push([...bytes]);
    return send.call(this, data);
  };
  const Real = window.Worker;
  window.Worker = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (data?.type === 'mesh') meshes.push([...data.points]);
      });
    }
  };
}"""
#: How many of the last mesh's points have a dot of the canvas's own colour on them.
DOTTED = """() => {
  const canvas = document.querySelector('.jp-nbinterview-Mesh canvas');
  const points = meshes.at(-1);
  if (!canvas.width || !points?.length) return 0;
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  let dotted = 0;
  for (let at = 0; at < points.length; at += 2) {
    const x = Math.round(points[at] * width), y = Math.round(points[at + 1] * height);
    dotted += data[4 * (y * width + x) + 3] > 0;
  }
  return dotted;
}"""


def numbers(message: Any) -> Iterator[list[Any]]:
    """Yield every list in a message."""
    if isinstance(message, dict):
        for value in message.values():
            yield from numbers(value)
    elif isinstance(message, list):
        yield message
        for value in message:
            yield from numbers(value)


def test_the_mesh_is_drawn_on_ones_own_page_and_never_sent(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room)
    posted: list[bytes] = []
    page.on("request", lambda request: posted.append(request.post_data_buffer or b""))
    page.evaluate(SPY)  # before there is a worker
    agree_and_start(page, "Camera")
    page.get_by_role("button", name="Watching: camera").click()
    page.get_by_role("button", name="What is measured, and my record").click()
    page.locator("#nbinterview-record .jp-nbinterview-Mesh").wait_for()
    page.wait_for_function(f"() => ({DOTTED})() > {0.9 * LANDMARKS}")
    page.wait_for_function("() => meshes.length >= 10")
    page.locator(".jp-SideBar.jp-mod-right .lm-TabBar-tab").first.click()  # folds it
    page.wait_for_function(
        "() => document.querySelector('.jp-nbinterview-Mesh video').srcObject === null"
    )
    page.evaluate("meshes.seen = meshes.length")
    page.wait_for_timeout(1500)
    assert page.evaluate("meshes.length - meshes.seen") <= 1  # one was on its way

    sent = [bytes(each) for each in page.evaluate("sent")]
    observed = [json.loads(each) for each in sent if b'"observations"' in each]
    assert sum(len(each["frames"]) for each in observed) >= 10
    for each in observed:
        assert max(map(len, numbers(each))) <= 16
    # Neither as numbers nor as they lie in memory.
    points = page.evaluate("meshes.flat().filter((_, i) => i % 97 === 0)")
    raw = page.evaluate(
        "meshes.map(m => [...new Uint8Array(Float32Array.from(m.slice(0, 8)).buffer)])"
    )
    needles = [*map(bytes, raw), *(repr(point).encode() for point in points)]
    for each in [*sent, *posted]:
        assert not any(needle in each for needle in needles)
