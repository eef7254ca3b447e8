"""What people do in the platform's pages, and what its record says about it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from nbinterview.cli import Service
from nbinterview.home import Addresses, Home
from tests.e2e.harness import Platform, wait_for
from tests.e2e.story import notebook_is_open

FAKE_CAMERA = "--use-fake-device-for-media-stream"
SENSORS = ("Camera", "This page", "Copy and paste")
# Sign-in at the hub is this cookie; reading a page may set others.
SIGNED_IN = "jupyterhub-hub-login"
# Keeps the tracks that the page opened where a test can ask them how they are.
_KEEP_TRACKS = """
    window.openedTracks = [];
    const media = navigator.mediaDevices;
    const open = media?.getUserMedia.bind(media);
    if (open) {
        media.getUserMedia = async wanted => {
            const stream = await open(wanted);
            window.openedTracks.push(...stream.getTracks());
            return stream;
        };
    }
"""


def notebook_file(path: Path, cells: Iterable[dict[str, Any]]) -> Path:
    """Write a notebook as JupyterLab saves it."""
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"id": f"cell-{number}", "metadata": {}, **cell}
            for number, cell in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def code(source: str = "", **more: Any) -> dict[str, Any]:
    """Return a code cell."""
    empty: dict[str, Any] = {"execution_count": None, "outputs": []}
    return {"cell_type": "code", "source": source, **empty, **more}


@dataclass(frozen=True)
class Made:
    """An interview that the command line made."""

    platform: Platform
    id: str
    notes: list[str]
    invitations: list[dict[str, Any]]

    @classmethod
    def by(cls, platform: Platform, template: Path, *options: str) -> Made:
        """Make one."""
        found = platform.cli(
            *("interview", "create", "--template", str(template)), *options, "--json"
        )
        return cls(platform, found["id"], found["notes"], found["invitations"])

    def invitation(self, name: str) -> dict[str, Any]:
        """Return the invitation of a person."""
        [found] = [each for each in self.invitations if each["name"] == name]
        return found

    def records(self, *kinds: str, after_seq: int = 0) -> list[dict[str, Any]]:
        """Return what the service holds by now."""
        home = Home(self.platform.home)
        ports = json.loads((home.path / "run.json").read_text("utf-8"))["ports"]
        service = Service(
            Addresses.from_env(ports).service_api, home.secret("operator_token")
        )
        whole = b"".join(service.download(f"/interviews/{self.id}/record"))
        lines = [json.loads(line) for line in whole.splitlines()[1:]]
        return [
            line
            for line in lines
            if line["seq"] > after_seq and (not kinds or line["kind"] in kinds)
        ]

    def last_seq(self) -> int:
        """Return how far the service's record goes."""
        return max((line["seq"] for line in self.records()), default=0)

    def told(self, name: str, after_seq: int = 0) -> list[dict[str, Any]]:
        """Return what the candidate's page told of one kind, without the kind."""
        events = [
            record["payload"]["event"]
            for record in self.records("event", after_seq=after_seq)
        ]
        return [
            {key: value for key, value in event.items() if key != "name"}
            for event in events
            if event["name"] == name
        ]

    def eventually(self, what: str, ask: Callable[[], Any]) -> Any:
        """Wait until something has reached the service."""
        return wait_for(f"{what} in the record", ask, timeout_s=20, every_s=0.5)

    def arrivals(self, reader: str) -> list[dict[str, Any]]:
        """Return who came by link, as the report tells this person."""
        home = Home(self.platform.home)
        ports = json.loads((home.path / "run.json").read_text("utf-8"))["ports"]
        api = Addresses.from_env(ports).service_api

        def call(path: str, key: str, body: object = None) -> Any:
            data = None if body is None else json.dumps(body).encode()
            headers = {
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
            }
            request = urllib.request.Request(api + path, data, headers)
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)

        wanted = {"hub_name": reader, "interview": self.id}
        ticket = call("/tickets", home.secret("report_key"), wanted)["ticket"]
        found: list[dict[str, Any]] = call(f"/report/interviews/{self.id}", ticket)[
            "arrivals"
        ]
        return found


def part(platform: Platform, module: str) -> psutil.Process | None:
    """Return the process of one of the platform's parts, if it runs."""
    for child in psutil.Process(platform.process.pid).children():
        # One that has just ended has no command line any more.
        with suppress(psutil.NoSuchProcess):
            if module in child.cmdline():
                return child
    return None


def is_signed_in(context: BrowserContext) -> bool:
    """Return whether the hub knows who uses this browser."""
    return any(cookie["name"] == SIGNED_IN for cookie in context.cookies())


def browser_of_candidate(
    browser: Browser, *allowed: str, **options: Any
) -> BrowserContext:
    """Return a browser profile that allows pages this and nothing else."""
    context = browser.new_context(
        permissions=["clipboard-read", "clipboard-write", *allowed],
        viewport={"width": 1366, "height": 860},
        **options,
    )
    context.set_default_timeout(30_000)
    context.add_init_script(_KEEP_TRACKS)
    return context


def enter_room(context: BrowserContext, link: str) -> Page:
    """Follow an invitation until the notebook is there."""
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").or_(
        page.get_by_role("button", name="Continue")
    ).click()
    notebook_is_open(page)
    return page


def tracks(page: Page) -> list[str]:
    """Return the state of every camera track that this page ever opened."""
    found: list[str] = page.evaluate(
        "window.openedTracks.map(track => track.readyState)"
    )
    return found


def run(page: Page, number: int, source: str) -> Locator:
    """Write and run the n-th code cell; return the cell."""
    cell = page.locator(".jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    return cell


def output(cell: Locator, text: str) -> Locator:
    """Return where a cell shows this."""
    return cell.locator(".jp-OutputArea-output", has_text=text)
