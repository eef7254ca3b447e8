"""Words that must stay where they are, and the proof that they are there.

A word of another interview's room, one of a template's hidden cells, and one that an
interviewer's page said to the panel alone. Each page of a trial looks for them in every
byte that it receives. A word counts only once a page where it belongs has received it
by the same look: else that nobody else got it would say nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from copy import deepcopy
from typing import Any

import httpx

from nbinterview.service.domain.templates import clean_template
from tests.chaos import history as told
from tests.chaos.history import History
from tests.chaos.pages import CandidatePage, Editor, Panel
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    eventually,
    room_config,
)

HIDDEN = "no-5ec2e7ce1150"
"""Of the template that every room here is made from."""
LOOKED_AT = (
    *("lab", "api/contents?content=1", "api/contents/interview.ipynb?content=1"),
    *("api/sessions", "api/kernels", "lab/api/workspaces", "lab/api/settings"),
    *("nbinterview/api/v1/film", "nbinterview/api/v1/check"),
)
"""What a page may ask its room for, and what only some may."""


def word(of: str, seed: int) -> str:
    """Return a trial's word."""
    return f"no-{random.Random(f'{of} {seed}').randbytes(6).hex()}"


def uploaded() -> dict[str, Any]:
    """Return the template as somebody uploads it, with what a candidate never sees."""
    made: dict[str, Any] = deepcopy(room_config()["template"])
    solution = deepcopy(made["cells"][1])
    solution |= {"id": "solution-1", "source": f"# {HIDDEN}"}
    solution["metadata"] = {"tags": ["solution"]}
    made["cells"].append(solution)
    made["cells"][1]["source"] += f"\n### BEGIN SOLUTION\n# {HIDDEN}\n### END SOLUTION"
    return made


def prepared() -> dict[str, Any]:
    """Return a room's config as the service makes it of that."""
    template, _ = clean_template(uploaded())
    return room_config(template=template)


@asynccontextmanager
async def next_door(room: RoomServer, seed: int) -> AsyncIterator[str]:
    """Have another interview go on, with a word in its notebook and its record."""
    secret, there = word("next door", seed), History()
    there.add("next door", told.SECRET, word=secret, from_who="")
    chance = random.Random(seed)

    def reach() -> RoomServer:
        return room

    def given(who: str, name: str) -> tuple[Any, ...]:
        return reach, who, name, there, chance.getrandbits(32)

    page = CandidatePage(*given(CANDIDATE, "candidate"))
    panel = Panel(*given(INTERVIEWER, "panel"))
    editor = Editor(*given(CANDIDATE, "candidate's notebook"))
    other = Editor(*given(INTERVIEWER, "panel's notebook"))

    def is_there() -> bool:
        got = {fact.who for fact in there.of(told.GOT)}
        return got >= {"panel", "panel's notebook"}

    try:
        for live in (panel, page):
            await live.open()
        for one in (editor, other):
            await one.enter()
            await eventually(lambda one=one: len(one.ids()) >= 2)  # type: ignore[misc]
        editor.type(f"# {secret}\n", 1)
        await page.event({"name": "comment", "text": secret})
        await eventually(is_there)
        yield secret
    finally:
        for one in (editor, other):
            with suppress(Exception):
                await one.quit()
        for live in (page, panel):
            await live.crash()


async def tell_the_panel_alone(panel: Panel, room: RoomServer, secret: str) -> None:
    """Have an interviewer's browser report something; wait until it is on record."""
    head = {"size": 1, "root": "0" * 64}
    await panel.say(
        type="witness", state="broken", seen=head, shown=head, detail=secret
    )

    def is_there() -> bool:
        return secret in str([one.payload for one in room.records("witness")])

    await eventually(is_there)
    panel.history.add("panel", told.PLANTED, word=secret)


async def look_around(room: RoomServer, history: History) -> None:
    """Ask as each person for all that a page may ask its room for, and look at it."""
    for who, name in ((CANDIDATE, "candidate"), (INTERVIEWER, "panel")):
        async with room.client(who) as client:
            answers = await asyncio.gather(*map(client.get, LOOKED_AT))
        for answer in answers:
            history.receive(name, answer.content)
        # At least the notebook was shown.
        assert answers[2].status_code == httpx.codes.OK, answers[2].text
