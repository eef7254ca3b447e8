"""ReplayWidget: the kernel's side, and the built front end in Chromium."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from nbinterview.errors import Invalid
from nbinterview.replay_widget import ReplayWidget
from nbinterview.schemas import check
from nbinterview_hub.sample import samples

# anywidget's side of a model, as far as a front end sees it.
MODEL = """
window.saved = [];
const heard = {};
window.model = {
  traits: { film: {}, at_ms: 0 },
  get: key => model.traits[key],
  set: (key, value) => { model.traits[key] = value; },
  save_changes: () => { saved.push(model.traits.at_ms); },
  on: (name, act) => { heard[name] = act; },
  off: name => { delete heard[name]; },
  fromKernel: (key, value) => { model.traits[key] = value; heard[`change:${key}`](); },
};
"""


@pytest.fixture(scope="module")
def widget() -> ReplayWidget:
    """The shipped recording."""
    [packed] = Path(str(samples())).glob("*.jsonl.gz")
    return ReplayWidget.of_record(packed)


def test_a_record_becomes_a_film(widget: ReplayWidget) -> None:
    state: dict[str, Any] = widget.get_state()
    check({"film": state["film"]}, "film")
    assert state["film"]["title"] == "A look at some wine"
    assert state["at_ms"] == 0


def test_a_moment_is_gone_to_in_words(widget: ReplayWidget) -> None:
    widget.go_to("1:02")
    assert widget.at_ms == 62_000
    widget.go_to("9:00:00")
    assert widget.at_ms == widget.film["duration_ms"]
    for wrong in ("", "1:2:3:4", "now", "-3"):
        with pytest.raises(Invalid):
            widget.go_to(wrong)


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"{", b"\x1f\x8bnot gzip", b"\xff\xfe", b"[1]\n[2]"):
        wrong = tmp_path / "wrong.jsonl"
        wrong.write_bytes(content)
        with pytest.raises(Invalid):
            ReplayWidget.of_record(wrong)


def test_page_and_kernel_go_to_moments_together(
    widget: ReplayWidget, chromium: Browser
) -> None:
    page = chromium.new_page()
    page.set_content("<div id='place'></div>")
    page.add_style_tag(content=str(widget._css))
    page.evaluate(f"() => {{ {MODEL} }}")
    module = json.dumps(str(widget._esm))
    page.evaluate(
        f"""async () => {{
          const file = new Blob([{module}], {{ type: 'text/javascript' }});
          const url = URL.createObjectURL(file);
          const {{ default: front }} = await import(url);
          window.away = front.render({{ model, el: document.getElementById('place') }});
        }}"""
    )
    slider = page.get_by_role("slider")
    # It may be shown before it has a film.
    expect(slider).to_have_count(0)
    page.evaluate("film => model.fromKernel('film', film)", widget.film)
    expect(slider).to_be_visible()
    page.evaluate("() => model.fromKernel('at_ms', 57000)")
    expect(slider).to_have_value("57000")
    slider.press("End")
    assert page.evaluate("() => saved.at(-1)") == widget.film["duration_ms"]
    page.evaluate("() => away()")
    expect(slider).to_have_count(0)
    page.close()
