"""The other pages: people in a room, files by address, service, report and replay."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Error

from tests.attacks.xss.browser import Person, chromium, person
from tests.attacks.xss.canary import Canary
from tests.attacks.xss.payloads import Payload
from tests.attacks.xss.run import Outcome
from tests.attacks.xss.stages import READY, cell_of, empty_notebook, stage
from tests.custody.clients import Client
from tests.dashboard.stage import Made, Stage
from tests.dashboard.stage import stage as platform
from tests.extensions.harness import CANDIDATE, INTERVIEWER
from tests.extensions.harness import person as person_of_config

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VIEWERS = ("files", "view", "nbconvert/html", "edit", "lab/tree", "doc/tree")
"""Routes that show a file to whoever opens them."""
PAGES_MS = 1500


async def in_room(payloads: Sequence[Payload]) -> Outcome:
    """Show people, a title and a kernel whose names are payloads, all of them there."""
    canary = Canary()
    names = {
        f"p-hostile22{letter}": one.filled(canary.url)["text"][:200]
        for letter, one in zip(LETTERS, payloads, strict=False)
    }
    title = " ".join(names.values())
    template = empty_notebook("nbinterview-python3")
    template["metadata"]["kernelspec"]["display_name"] = title
    template["metadata"]["title"] = title
    people = [
        person_of_config(CANDIDATE, next(iter(names.values())), "candidate", "#1565c0"),
        person_of_config(INTERVIEWER, "Ida Ek", "interviewer", "#2e7d32"),
        *(
            person_of_config(who, n, "interviewer", "#2e7d32")
            for who, n in names.items()
        ),
    ]
    interview = {
        "id": "abcdefghij",
        "title": title,
        "state": "open",
        "page_url": "http://nbinterview.invalid/interviews/abcdefghij",
    }
    changes = {"people": people, "interview": interview, "template": template}
    try:
        async with AsyncExitStack() as stack:
            browser = await stack.enter_async_context(chromium())
            made = await stack.enter_async_context(
                stage("ours", browser, canary, **changes)
            )
            staff = await stack.enter_async_context(made.interviewer())
            for who in (CANDIDATE, *names):
                client = Client(made.server, who)
                await client.connect()
                stack.push_async_callback(client.leave)
            await staff.sweep()
            await _hover_all(staff)
            await staff.reload(READY)
            await _hover_all(staff)
            hits = await staff.collect()
            return Outcome({one.id for one in payloads}, hits=hits)
    finally:
        canary.close()


async def _hover_all(staff: Person) -> None:
    await staff.page.wait_for_timeout(PAGES_MS)
    for one in await staff.page.locator("[title], [aria-label]").all():
        with suppress(Error):
            await one.hover(timeout=300, force=True)
    await staff.collect()


async def by_file(kind: str, payloads: Sequence[Payload]) -> Outcome:
    """Open files that lie beside the notebook by every address that shows one."""
    canary = Canary()
    try:
        async with chromium() as browser, stage(kind, browser, canary) as made:
            work = made.server.directory / "work"
            names = []
            for one in payloads:
                content = one.filled(canary.url)
                names.append(content["name"].replace("/", "\u2215"))
                (work / names[-1]).write_text(content["text"], "utf-8")
            async with made.interviewer() as staff:
                for name in names:
                    for viewer in VIEWERS:
                        address = str(
                            httpx.URL(f"{made.server.url}{viewer}/").join(name)
                        )
                        with suppress(Error):
                            await staff.open(f"{address}?token=is-{INTERVIEWER}")
                            await staff.page.wait_for_timeout(300)
                hits = await staff.collect()
            return Outcome({one.id for one in payloads}, hits=hits)
    finally:
        canary.close()


def _shares(payloads: Sequence[Payload], count: int) -> Iterator[list[Payload]]:
    for number in range(count):
        yield list(payloads[number::count])


def notebook_of(payloads: Sequence[Payload], canary: str) -> dict[str, Any]:
    """Return a notebook that holds these payloads."""
    found = empty_notebook("python3")
    for payload in payloads:
        content = payload.filled(canary)
        cell = cell_of(payload, content)
        later = content.get("later", {})
        if "trusted" in later:
            cell["metadata"] = {**cell["metadata"], "trusted": later["trusted"]}
        if "outputs" in later:
            cell["outputs"] = later["outputs"]
        found["cells"].append(cell)
    return found


async def in_pages(names: Sequence[Payload], records: Sequence[Payload]) -> Outcome:
    """Visit service, replay and report of interviews named and filled by payloads."""
    canary = Canary()
    outcome = Outcome()
    loop = asyncio.get_running_loop()
    directory = Path(tempfile.mkdtemp(prefix="nbi-xss-"))
    running = platform(directory)
    # The stage waits in its own way, and would stop this loop.
    with ThreadPoolExecutor(1) as thread:
        scene: Stage = await loop.run_in_executor(thread, running.__enter__)
        try:
            async with chromium() as browser:
                shares = _shares(records, len(names))
                for name, share in zip(names, shares, strict=True):
                    found = await loop.run_in_executor(
                        thread, _made, scene, name, share, canary
                    )
                    outcome.take(found[1])
                    if found[0] is not None:
                        await _visit(browser, canary, scene, found[0], outcome)
        finally:
            await loop.run_in_executor(thread, running.__exit__, None, None, None)
            canary.close()
    return outcome


def _made(
    scene: Stage, name: Payload, share: Sequence[Payload], canary: Canary
) -> tuple[Made | None, Outcome]:
    text = name.filled(canary.url)["text"]
    outcome = Outcome({name.id, *(one.id for one in share)})
    try:
        made = scene.make(title=text, candidate=text, interviewer=text)
    except AssertionError:  # the service does not take such a name: try it without
        outcome.refused.add(name.id)
        made = scene.make(title="A title", candidate="Ada", interviewer="Grace")
    try:
        scene.ship(made, notebook_of(share, canary.url))
    except Exception as error:  # noqa: BLE001  # pycrdt and nbformat raise many kinds
        if len(share) == 1:
            outcome.failed[share[0].id] = f"{type(error).__name__}: {error}"[:200]
            return made, outcome
    else:
        return made, outcome
    # One of them cannot be written into a document at all: those that can, stay.
    held = []
    for one in share:
        try:
            check_notebook(notebook_of([one], canary.url))
            held.append(one)
        except Exception:  # noqa: BLE001
            outcome.refused.add(one.id)
    scene.ship(made, notebook_of(held, canary.url))
    return made, outcome


def check_notebook(notebook: dict[str, Any]) -> None:
    """Raise what a Yjs document raises that cannot hold this notebook."""
    from jupyter_ydoc import YNotebook

    YNotebook().set(json.loads(json.dumps(notebook)))


async def _visit(
    browser: Browser, canary: Canary, scene: Stage, made: Made, outcome: Outcome
) -> None:
    service = scene.addresses.service_url
    seen = {
        "interviewer": [
            service,
            f"{service}interviews/{made.id}",
            f"{service}interviews/{made.id}/replay",
        ],
        "reviewer": [scene.report_url, scene.report_of(made.id)],
    }
    for role, addresses in seen.items():
        async with person(browser, canary) as staff:
            await staff.open(made.links[role])
            await staff.sweep(None)
            await staff.page.get_by_role("button", name="Continue").click()
            await staff.page.wait_for_load_state()
            for address in addresses:
                await staff.open(address, "h1")
                await staff.page.wait_for_timeout(PAGES_MS)
                await staff.sweep(None)
                await _play(staff)
            outcome.hits.found |= (await staff.collect()).found


async def _play(staff: Person) -> None:
    """Move a replay to its end, where all of the notebook is shown."""
    for slider in (await staff.page.get_by_role("slider").all())[:1]:
        with suppress(Error):
            await slider.press("End", timeout=1000)
            await staff.page.wait_for_timeout(PAGES_MS)
            await staff.sweep(None)
