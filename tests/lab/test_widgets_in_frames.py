"""ipywidgets in output frames: real Chromium, real kernel, two people."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page

from nbinterview_server.headers import page_policy
from tests.extensions.harness import CANDIDATE, INTERVIEWER, RoomServer
from tests.lab.conftest import eventually

Enter = Callable[..., Page]

CONTROLS = """
import ipywidgets as w
from IPython.display import display
slider = w.IntSlider(value=3, description='amount')
text = w.Text(value='typed', description='name')
choice = w.Dropdown(options=['red', 'green'], description='colour')
check = w.Checkbox(value=False, description='sure')
label = w.Label('nothing yet')
button = w.Button(description='Press')
log = w.Output()
def pressed(_):
    label.value = f'pressed at {slider.value}'
    with log:
        print('printed in', slider.value)
button.on_click(pressed)
with log:
    print('from the cell')
tab = w.Tab([w.HTML('<b>bold</b>'), w.IntProgress(value=4, max=10)], titles=['A', 'B'])
display(w.VBox([slider, w.HBox([text, choice]), check, button, label, log, tab,
                w.Accordion([w.FloatText(2.5)], titles=['more'])]))
"""

INTERACT = """
from ipywidgets import interact
@interact(x=(0, 10))
def f(x=4):
    print('square is', x * x)
"""

HOSTILE = """
import ipywidgets as w, traitlets
from IPython.display import display
run = "window.top.postMessage('ran','*');document.title='ran';globalThis.ran=1"
bad = f'<img src=x onerror="{run}"><script>{run}</script><svg onload="{run}"></svg>'
bad += f'<iframe srcdoc="<script>parent.ran=1</script>"></iframe>'
bad += f'<a href="javascript:{run}">a</a>'
class Esm(w.DOMWidget):
    _model_name = traitlets.Unicode('AnyModel').tag(sync=True)
    _view_name = traitlets.Unicode('AnyView').tag(sync=True)
    _model_module = traitlets.Unicode('anywidget').tag(sync=True)
    _view_module = traitlets.Unicode('anywidget').tag(sync=True)
    _esm = traitlets.Unicode('export default {render() {' + run + '}}').tag(sync=True)
    _css = traitlets.Unicode('body { display: none }').tag(sync=True)
class Url(Esm):
    _model_module = traitlets.Unicode('data:text/javascript,' + run).tag(sync=True)
class Proto(Esm):
    _model_module = traitlets.Unicode('__proto__').tag(sync=True)
    _model_name = traitlets.Unicode('constructor').tag(sync=True)
out = w.Output()
out.outputs = ({'output_type': 'display_data', 'data': {'text/html': bad},
                'metadata': {}},)
slider = w.IntSlider(description=bad, description_allow_html=True)
slider.style.comm.send({'method': 'update', 'buffer_paths': [], 'state': {
    'handle_color': 'url(javascript:' + run + ')'}})
slider.layout.width = 'expression(' + run + ')'
radio = w.Checkbox(description=bad, description_allow_html=True)
display(w.VBox([w.Label('all shown'), w.HTML(bad), w.HTMLMath(bad), out, slider, radio,
                w.Button(description=bad, tooltip=bad, icon='x" onclick="' + run),
                w.ToggleButtons(options=[bad], icons=['x"><img src=x onerror=' + run]),
                w.Image(value=bad.encode(), format='svg+xml'),
                w.Image(value=b'javascript:' + run.encode(), format='url'),
                Esm(), Url(), Proto(), w.Label('end of it')]))
"""


def run(page: Page, code: str) -> None:
    """Put code into the first cell and run it."""
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


def open_room(enter: Enter, room: RoomServer, who: str) -> Page:
    page = enter(room, who, camera=False)
    if who == CANDIDATE:
        page.get_by_role("button", name="Start without being watched").click()
    return page


def controls(page: Page) -> FrameLocator:
    return page.frame_locator(".jp-nbinterview-Framed iframe").first


def test_controls_work_for_both_and_are_there_again_after_a_reload(
    room: RoomServer, enter: Enter, tmp_path: Path
) -> None:
    mine = open_room(enter, room, CANDIDATE)
    theirs = open_room(enter, room, INTERVIEWER)
    run(mine, CONTROLS)
    for page in (mine, theirs):
        controls(page).get_by_text("amount").wait_for()
        controls(page).get_by_text("from the cell").wait_for()
    handle = controls(mine).locator(".noUi-handle").first
    handle.focus()
    for _ in range(4):
        mine.keyboard.press("ArrowRight")
    readout = controls(theirs).locator(".widget-readout").first
    eventually("the slider's move", lambda: readout.inner_text() == "7")
    controls(theirs).get_by_role("button", name="Press").click()
    for page in (mine, theirs):
        controls(page).get_by_text("pressed at 7").wait_for()
        controls(page).get_by_text("printed in 7").wait_for()
    controls(mine).locator("select").first.select_option("green")
    controls(mine).locator("input[type=checkbox]").check()
    box = controls(theirs).locator("input[type=checkbox]")
    eventually("the tick", box.is_checked)
    mine.reload()
    controls(mine).get_by_text("pressed at 7").wait_for()
    controls(mine).get_by_text("printed in 7").wait_for()
    assert controls(mine).locator("select").first.input_value() == "green"
    mine.screenshot(path=tmp_path / "controls.png")
    said = eventually("the record", lambda: room.records("widget"))
    assert {one.author for one in said} <= {CANDIDATE, INTERVIEWER}
    data = [json.loads(one["data"]) for r in said for one in r.payload["messages"]]
    assert {"method": "update", "state": {"value": 7}, "buffer_paths": []} in data
    # What was printed in the widget is no output of the cell.
    assert "from the cell" not in mine.locator(".jp-OutputArea").first.inner_text()


def test_interact_prints_where_it_should(room: RoomServer, enter: Enter) -> None:
    mine = open_room(enter, room, CANDIDATE)
    theirs = open_room(enter, room, INTERVIEWER)
    run(mine, INTERACT)
    for page in (mine, theirs):
        controls(page).get_by_text("square is 16").wait_for()
    controls(mine).locator(".noUi-handle").first.focus()
    mine.keyboard.press("ArrowRight")
    for page in (mine, theirs):
        controls(page).get_by_text("square is 25").wait_for()
        assert controls(page).get_by_text("square is 16").count() == 0


def test_a_widgets_state_runs_nothing(
    room: RoomServer, enter: Enter, tmp_path: Path
) -> None:
    mine = open_room(enter, room, CANDIDATE)
    run(mine, HOSTILE)
    eventually("a run", lambda: room.records("execution.finished"))
    assert room.records("execution.finished")[-1].facts["status"] == "ok"
    theirs = open_room(enter, room, INTERVIEWER)
    for page in (mine, theirs):
        shown = controls(page)
        shown.get_by_text("all shown").wait_for()
        shown.get_by_text("end of it").wait_for()
        page.wait_for_load_state("networkidle")
        for frame in page.frames:
            assert frame.evaluate("globalThis.ran") is None
            assert frame.title() != "ran"
        # Beside the frame's own scripts, which are in its head.
        acting = "script, iframe, [onerror], [onload], [onclick]"
        assert shown.locator("#output").locator(acting).count() == 0
    theirs.screenshot(path=tmp_path / "hostile.png")


def test_the_camera_is_measured_without_blobs_of_code(
    room: RoomServer, enter: Enter
) -> None:
    """The widget's code comes from our own static route, and no policy lets others."""
    page = open_room(enter, room, INTERVIEWER)
    served: list[str] = []
    page.on("response", lambda one: served.append(one.url))
    found = page.evaluate(
        """async () => {
            const broken = [];
            document.addEventListener('securitypolicyviolation',
                event => broken.push(event.effectiveDirective));
            const url = URL.createObjectURL(new Blob(['postMessage(1)']));
            try { new Worker(url); } catch {}
            await import(url).catch(() => null);
            await new Promise(done => setTimeout(done, 300));
            return broken;
        }"""
    )
    assert "worker-src" in found
    assert any(one.startswith("script-src") for one in found)
    policy = dict(
        part.strip().split(" ", 1) for part in page_policy("").split(";") if " " in part
    )
    for directive in ("script-src", "worker-src"):
        assert "blob:" not in policy[directive]


@pytest.mark.parametrize("path", ["worker.js"])
def test_the_workers_file_is_ours(room: RoomServer, enter: Enter, path: str) -> None:
    page = open_room(enter, room, INTERVIEWER)
    found = page.evaluate(
        """async path => {
            const config = JSON.parse(
                document.getElementById('jupyter-config-data').textContent);
            const url = `${config.baseUrl}nbinterview/static/`
                + `${config.nbinterviewVersion}/${path}`;
            const answer = await fetch(url);
            return [answer.status, answer.headers.get('content-type')];
        }""",
        path,
    )
    assert found == [200, "text/javascript"]
