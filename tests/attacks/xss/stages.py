"""A room of ours and a stock server, filled with the same payloads by a candidate."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Route

from nbinterview_server.config import NOTEBOOK
from tests.attacks.xss.browser import Person, person
from tests.attacks.xss.canary import Canary
from tests.attacks.xss.payloads import Payload
from tests.custody.clients import Client
from tests.custody.stock import StockServer
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    eventually,
    kernel_python,
    room_config,
)
from tests.extensions.stand_in import StandIn
from tests.extensions.test_documents import awareness
from tests.extensions.test_execution import cells

READY = ".jp-Notebook .jp-Cell"
RUN_S = 60.0
ASKED_S = 1.0


class StockForLab(StockServer):
    """Stock JupyterLab with collaboration, its kernel with a candidate's packages."""

    def __init__(self, directory: Path, *, notebook: dict[str, Any]) -> None:
        super().__init__(directory, notebook=notebook, lab=True)
        kernels = directory / "jupyter" / "data" / "kernels" / "python3"
        kernels.mkdir(parents=True)
        command = [kernel_python(), "-m", "ipykernel_launcher", "-f"]
        spec = {
            "argv": [*command, "{connection_file}"],
            "display_name": "Python 3",
            "language": "python",
        }
        (kernels / "kernel.json").write_text(json.dumps(spec), "utf-8")

    def config(self) -> dict[str, dict[str, Any]]:
        """Return the configuration, without our own extensions of the page."""
        changed = super().config()
        changed["LabApp"] = {"news_url": None, "check_for_updates_class": NEVER}
        return changed

    async def prepare(self) -> None:
        """Write the configuration, and leave out what stock does not have."""
        await super().prepare()
        labconfig = self.directory / "jupyter" / "config" / "labconfig"
        labconfig.mkdir(parents=True, exist_ok=True)
        off = {
            "@datalayer/jupyter-server-nbmodel": True,
            "@voila-dashboards/jupyterlab-preview": True,
            "@jupyterlab/apputils-extension:announcements": True,
        }
        text = json.dumps({"disabledExtensions": off})
        (labconfig / "page_config.json").write_text(text, "utf-8")


NEVER = "jupyterlab.NeverCheckForUpdate"


def empty_notebook(kernel: str) -> dict[str, Any]:
    """Return a notebook with one cell."""
    return {
        "cells": [code_cell("first", "1 + 1")],
        "metadata": {"kernelspec": {"name": kernel, "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def code_cell(cell_id: str, source: str) -> dict[str, Any]:
    """Return a code cell that may fail without ending a run of all cells."""
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {"tags": ["raises-exception"]},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def source_of(content: dict[str, Any]) -> str:
    """Return code that shows this content when it is run."""
    if "code" in content:
        return str(content["code"])
    data, metadata = content["data"], content.get("metadata", {})
    return (
        "from IPython.display import display\n"
        f"display({data!r}, metadata={metadata!r}, raw=True)"
    )


def cell_of(payload: Payload, content: dict[str, Any]) -> dict[str, Any]:
    """Return the cell that brings a payload into a notebook."""
    if payload.way in ("kernel", "widget"):
        return code_cell(payload.id, source_of(content))
    if "source" in content:
        found = {"cell_type": "markdown", "metadata": {"trusted": True}, **content}
    elif "cell" in content:
        found = dict(content["cell"])
    else:
        output = {
            "output_type": "display_data",
            "data": content["data"],
            "metadata": content.get("metadata", {}),
        }
        found = {
            **code_cell(payload.id, f"# {payload.id}"),
            "outputs": [output],
            "metadata": {"trusted": True},
        }
    return {"id": payload.id, "metadata": {}, **found}


class Stage:
    """A server whose notebook a candidate fills and an interviewer looks at."""

    name: str

    def __init__(self, server: RoomServer, browser: Browser, canary: Canary) -> None:
        self.server, self.browser, self.canary = server, browser, canary
        self.refused: set[str] = set()
        """Payloads that the server did not take; the others it took or corrected."""

    def address(self, who: str) -> str:
        """Return where a person opens the notebook."""
        return f"{self.server.url}lab/workspaces/{who}/tree/{NOTEBOOK}?token=is-{who}"

    @asynccontextmanager
    async def interviewer(self, who: str = INTERVIEWER) -> AsyncIterator[Person]:
        """Sign an interviewer in and open the notebook."""
        async with person(self.browser, self.canary) as found:
            await found.open(self.address(who), READY)
            yield found

    async def fill(self, payloads: Sequence[Payload]) -> None:
        """Bring payloads in, by their ways."""
        client = Client(self.server, CANDIDATE)
        await client.connect()
        try:
            # What asks for input goes last: in stock, nothing runs after it.
            ordered = sorted(payloads, key=_asks)
            for payload in ordered:
                client = await self._bring(client, payload)
        finally:
            await client.leave()
        await self.run([one for one in ordered if one.way in ("kernel", "widget")])

    async def _bring(self, client: Client, payload: Payload) -> Client:
        """Write one payload; return the page to go on with."""
        content = payload.filled(self.canary.url)
        try:
            if payload.way == "awareness":
                state = content["state"]
                message = awareness(client.doc.client_id, 1000, state)
                assert client._connection is not None
                await client._connection.send(message)
                return client
            write(client, cell_of(payload, content))
            if "later" in content or "notebook" in content:
                await asyncio.sleep(0.05)
                write_later(client, content)
        except (TypeError, ValueError, KeyError, AttributeError):
            # This client's library cannot write such a thing at all.
            self.refused.add(payload.id)
            return client
        return await self._goes_on(client, payload)

    async def _goes_on(self, client: Client, payload: Payload) -> Client:
        """Wait until the write is taken; come back by a new page when it was not."""
        if not client.keeps:
            await asyncio.sleep(0.01)
            return client
        await eventually(lambda: not client.unsaved or client.closed)
        if client.closed is None:
            return client
        self.refused.add(payload.id)
        await client.leave()
        fresh = Client(self.server, CANDIDATE)
        await fresh.connect()
        return fresh

    async def run(self, payloads: Iterable[Payload]) -> None:
        """Run the cells of these payloads as the candidate."""
        raise NotImplementedError


class Ours(Stage):
    """A room."""

    name = "ours"

    async def run(self, payloads: Iterable[Payload]) -> None:
        """Run them over the room's route; each must have been run."""
        wanted = [one for one in payloads if one.id not in self.refused]
        if not wanted:
            return
        async with cells(self.server) as notebook:
            for payload in wanted:
                code = source_of(payload.filled(self.canary.url))
                result = await asyncio.wait_for(notebook.run(code, payload.id), RUN_S)
                if "status" not in result:  # it asks for input; nobody answers
                    await asyncio.sleep(ASKED_S)
                    where = f"api/kernels/{notebook.kernel}/interrupt"
                    await notebook.client.post(where)
                    continue
                assert result["status"] in ("ok", "error"), (payload.id, result)


class Stock(Stage):
    """Stock JupyterLab and jupyter-collaboration: there, the candidate's page runs."""

    name = "stock"

    async def run(self, payloads: Iterable[Payload]) -> None:
        """Run all cells in the candidate's own page."""
        ids = [one.id for one in payloads]
        if not ids:
            return
        # What runs in the candidate's own page counts for nobody.
        async with person(self.browser, self.canary) as candidate:
            await candidate.context.route(f"{self.canary.url}/**", _abort)
            await candidate.open(self.address(CANDIDATE), READY)
            page = candidate.page
            await page.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
            await page.get_by_role("menuitem", name="Run", exact=True).click()
            await page.get_by_text("Run All Cells", exact=True).click()
            reader = Client(self.server, INTERVIEWER)
            await reader.connect()
            try:
                with suppress(AssertionError):
                    await eventually(lambda: _ran(reader, ids[-1]), within_s=RUN_S)
            finally:
                await reader.leave()


def _asks(payload: Payload) -> bool:
    return "input(" in str(payload.content.get("code", ""))


async def _abort(route: Route) -> None:
    await route.abort()


def _ran(reader: Client, cell_id: str) -> bool:
    for cell in reader.notebook.ycells:
        if cell["id"] == cell_id:
            return cell["execution_count"] is not None
    return False


def write(client: Client, cell: dict[str, Any]) -> None:
    """Insert a cell at the end, in one transaction."""
    made = client.notebook.create_ycell(cell)
    client.notebook.ycells.append(made)


def write_later(client: Client, content: dict[str, Any]) -> None:
    """Write what comes after the cell: its trust, its outputs, the notebook's own."""
    later = dict(content.get("later", {}))
    with client.doc.transaction():
        cell = client.notebook.ycells[-1]
        if "trusted" in later:
            cell["metadata"]["trusted"] = later["trusted"]
        for output in later.get("outputs", []):
            cell["outputs"].append(output)
        if "notebook" in content:
            metadata = client.notebook._ymeta["metadata"]
            for key, value in content["notebook"].items():
                metadata[key] = value


@asynccontextmanager
async def stage(
    kind: str, browser: Browser, canary: Canary, **changes: Any
) -> AsyncIterator[Stage]:
    """Start a server of this kind, `ours` or `stock`."""
    directory = Path(tempfile.mkdtemp(prefix="nbi-xss-"))
    found: Stage
    service: StandIn | None = None
    if kind == "ours":
        template = empty_notebook("nbinterview-python3")
        service = StandIn(room_config(**{"template": template, **changes}))
        found = Ours(RoomServer(directory / "r", service), browser, canary)
    else:
        notebook = empty_notebook("python3")
        found = Stock(StockForLab(directory / "s", notebook=notebook), browser, canary)
    try:
        await found.server.start()
        yield found
    finally:
        found.server.kill() if kind == "stock" else found.server.stop()
        if service:
            service.close()
        shutil.rmtree(directory, ignore_errors=True)
