"""What the spawner starts: prepares the room, or refuses with one line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbinterview.errors import Forbidden, Unavailable
from nbinterview_server.config import NOTEBOOK, load_copy
from nbinterview_server.launch import ready
from tests.extensions.harness import INTERVIEW, RoomServer, room_config
from tests.extensions.stand_in import StandIn


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[RoomServer]:
    service = StandIn(room_config())
    yield RoomServer(tmp_path, service)
    service.close()


def test_without_its_environment_it_refuses_with_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbinterview_server.launch"],
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("This is not a room: NBINTERVIEW_INTERVIEW")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.asyncio
async def test_the_notebook_is_written_on_the_first_start_only(
    prepared: RoomServer,
) -> None:
    env = await ready(prepared.env())
    notebook = env.work / NOTEBOOK
    assert json.loads(notebook.read_text("utf-8")) == room_config()["template"]
    notebook.write_text("{}", "utf-8")
    await ready(prepared.env())
    assert notebook.read_text("utf-8") == "{}"
    assert env.work.stat().st_mode & 0o077 == 0
    spec = env.directory / "jupyter/data/kernels/nbinterview-python3/kernel.json"
    metadata = json.loads(spec.read_text("utf-8"))["metadata"]
    provisioner = metadata["kernel_provisioner"]["provisioner_name"]
    assert provisioner == "nbinterview-bubblewrap"


@pytest.mark.asyncio
async def test_a_room_starts_again_while_the_service_is_away(
    prepared: RoomServer,
) -> None:
    prepared.service.away = True
    with pytest.raises(Unavailable):
        await ready(prepared.env())
    prepared.service.away = False
    env = await ready(prepared.env())
    prepared.service.away = True
    await ready(prepared.env())
    assert load_copy(env.config_copy).interview == INTERVIEW


@pytest.mark.asyncio
async def test_another_interviews_answer_is_refused(prepared: RoomServer) -> None:
    prepared.service.config["interview"]["id"] = "zzzzzzzzzz"
    with pytest.raises(Unavailable, match="another interview"):
        await ready(prepared.env())


@pytest.mark.asyncio
async def test_a_wrong_token_is_told(prepared: RoomServer) -> None:
    env = {**prepared.env(), "NBINTERVIEW_ROOM_TOKEN": "wrong"}
    with pytest.raises((Forbidden, Unavailable), match="unknown token"):
        await ready(env)


def test_there_is_no_room_where_the_environment_names_none() -> None:
    program = """
import sys, nbinterview_server as server
points = server._jupyter_server_extension_points()
print(points, "nbinterview_server.app" in sys.modules)
"""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
        ],
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[{'module': 'nbinterview_server'}] False", (
        done.stderr
    )
