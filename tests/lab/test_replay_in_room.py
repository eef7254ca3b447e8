"""The replay in a real room: for interviewers and reviewers, beside the notebook."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from nbinterview.schemas import check
from tests.extensions.harness import CANDIDATE, INTERVIEWER, REVIEWER, RoomServer
from tests.lab.conftest import eventually

FILM = "nbinterview/api/v1/film"


def ask(room: RoomServer, who: str | None, **headers: str) -> httpx.Response:
    """Ask for the film."""
    if who:
        headers["Authorization"] = f"token is-{who}"
    return httpx.get(room.url + FILM, headers=headers, timeout=60, trust_env=False)


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page, in the theme that it has."""
    directory = os.environ.get("NBINTERVIEW_ARTIFACTS")
    if directory:
        page.screenshot(path=Path(directory) / f"{name}.png")


def type_in_cell(page: Page, text: str) -> None:
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("End")
    page.keyboard.type(text)


def recorded(room: RoomServer, text: str) -> bool:
    film = ask(room, INTERVIEWER).json()
    edits = [step for frame in film["frames"] for step in frame["steps"]]
    typed = "".join(edit.get("inserted", "") for edit in edits)
    return text in typed


def player(page: Page) -> Any:
    return page.locator("#nbinterview-replay")


def slider_ms(page: Page) -> int:
    return int(float(player(page).get_by_role("slider").input_value()))


def test_the_rooms_film_is_for_those_who_judge(
    room: RoomServer, enter: Callable[..., Page]
) -> None:
    enter(room, INTERVIEWER)
    answers = {who: ask(room, who) for who in (INTERVIEWER, REVIEWER, CANDIDATE, None)}
    codes = {who: answer.status_code for who, answer in answers.items()}
    assert codes[INTERVIEWER] == codes[REVIEWER] == 200
    assert codes[CANDIDATE] == 403
    assert codes[None] in (302, 401, 403)
    found = answers[INTERVIEWER]
    film = found.json()
    check({"film": film}, "film")
    assert film["title"] == "Data scientist"
    assert film["people"][CANDIDATE]["display_name"] == "Zoë Müller"
    assert found.headers["Content-Encoding"] == "gzip"
    assert found.headers["Cache-Control"] == "no-store"
    assert found.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    plain = ask(room, INTERVIEWER, **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    # Python may have started in between.
    assert plain.json()["frames"][: len(film["frames"])] == film["frames"]


def test_many_who_ask_at_once_each_get_a_whole_film(
    room: RoomServer, enter: Callable[..., Page]
) -> None:
    enter(room, INTERVIEWER)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(room, REVIEWER), range(6)))
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        check({"film": answer.json()}, "film")


def test_an_interviewer_sees_what_was_typed_and_what_came_since(
    room: RoomServer, interviewer: Callable[[RoomServer], Page]
) -> None:
    page = interviewer(room)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    type_in_cell(page, " + 40")
    eventually("the edit's record", lambda: recorded(room, " + 40"))
    page.get_by_role("button", name="Replay", exact=True).click()
    replay = player(page)
    replay.get_by_role("slider").press("End")
    expect(replay).to_contain_text("1 + 1 + 40")
    expect(replay.get_by_role("textbox")).to_have_count(0)
    # The notebook is still there, beside it.
    expect(page.locator(".jp-NotebookPanel")).to_be_visible()
    keep(page, "room-replay-light")

    replay.get_by_role("slider").press("Home")
    type_in_cell(page, " + 500")
    eventually("the edit's record", lambda: recorded(room, " + 500"))
    expect(replay).not_to_contain_text("+ 500")
    replay.get_by_role("button", name="Load what came since").click()
    expect(replay).to_contain_text("Up to now")
    assert slider_ms(page) == 0
    replay.get_by_role("slider").press("End")
    expect(replay).to_contain_text("1 + 1 + 40 + 500")

    page.get_by_role("button", name="Change between light and dark").click()
    expect(page.locator("body[data-jp-theme-light='false']")).to_be_attached()
    keep(page, "room-replay-dark")

    page.locator(".lm-TabBar-tab", has_text="Replay").locator(
        ".lm-TabBar-tabCloseIcon"
    ).click()
    expect(replay).to_have_count(0)
    expect(page.locator(".jp-NotebookPanel")).to_be_visible()
    ours = ("Security Policy", "TypeError", "replay")
    assert [text for text in complaints if any(word in text for word in ours)] == []


def test_a_flag_leads_to_its_moment(
    room: RoomServer,
    candidate: Callable[..., Page],
    interviewer: Callable[[RoomServer], Page],
) -> None:
    theirs = candidate(room, camera=False)
    for sensor in ("This page", "Copy and paste"):
        theirs.get_by_role("switch", name=sensor).click()
    theirs.get_by_role("button", name="Start with what I agreed to").click()
    theirs.locator(".jp-CodeCell .cm-content").first.click()
    outside = "from elsewhere import an_answer_that_is_longer_than_a_word_or_two\n" * 3
    theirs.evaluate("text => navigator.clipboard.writeText(text)", outside)
    theirs.keyboard.press("Control+V")
    page = interviewer(room)
    page.get_by_role("button", name="Go to the moment").first.click()
    replay = player(page)
    expect(replay.get_by_role("slider")).to_be_visible()
    film = json.loads(ask(room, INTERVIEWER).content)
    [flag] = [mark for mark in film["marks"] if mark["kind"] == "flag"][:1]
    at_flag = lambda: abs(slider_ms(page) - flag["at_ms"]) < 1000  # noqa: E731
    eventually("the flag's moment", at_flag, within_s=15)
    expect(replay).to_contain_text(flag["title"])


def test_a_candidate_has_no_replay(
    room: RoomServer, candidate: Callable[..., Page]
) -> None:
    page = candidate(room)
    expect(page.get_by_role("button", name="Replay", exact=True)).to_have_count(0)
    status = page.evaluate(
        "url => fetch(url, {credentials: 'same-origin'}).then(answer => answer.status)",
        room.url + FILM,
    )
    assert status == 403


def test_an_address_opens_the_replay_at_its_moment(
    room: RoomServer, enter: Callable[..., Page]
) -> None:
    before = enter(room, INTERVIEWER)
    type_in_cell(before, " + 40")
    eventually("the edit's record", lambda: recorded(room, " + 40"))
    page = before.context.new_page()
    # JupyterLab gives a second page another workspace.
    before.close()
    place = f"lab/workspaces/{INTERVIEWER}/tree/interview.ipynb"
    page.goto(f"{room.url}{place}?token=is-{INTERVIEWER}#t=0:00:01")
    slider = player(page).get_by_role("slider")
    expect(slider).to_be_visible(timeout=60_000)
    assert slider_ms(page) == min(1000, int(slider.get_attribute("max") or 0))


@pytest.mark.parametrize("packed", [True, False])
def test_the_maker_says_what_it_was_given_is_no_record(packed: bool) -> None:
    header = {"id": "abcdefghij", "title": "T", "people": []}
    given = json.dumps(header) + "\n" + ("{" if packed else "")
    made = subprocess.run(
        [sys.executable, "-m", "nbinterview_server.filmmaker"],
        input=given.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    if packed:
        assert made.returncode != 0
        assert made.stdout == b""
    else:
        assert json.loads(gzip.decompress(made.stdout))["frames"] == []
