"""Cells run on the server, in the sandbox, and every run is on record."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pycrdt import Array, Doc

from nbinterview.ledger.records import Record
from nbinterview_server.config import NOTEBOOK
from tests.extensions.harness import (
    CANDIDATE,
    DEADLINE_S,
    INTERVIEWER,
    REVIEWER,
    DocumentPage,
    RoomServer,
    document,
    document_path,
    eventually,
    live,
)

pytestmark = pytest.mark.asyncio

SESSION = {
    "path": NOTEBOOK,
    "type": "notebook",
    "name": NOTEBOOK,
    "kernel": {"name": "nbinterview-python3"},
}


class Cells:
    """Runs code in the answer cell as JupyterLab's page does."""

    def __init__(self, client: httpx.AsyncClient, kernel: str, room_id: str) -> None:
        self.client = client
        self.kernel = kernel
        self._room_id = room_id

    async def ask(self, code: str, cell_id: str = "answer-1") -> httpx.Response:
        metadata = {
            "cell_id": cell_id,
            "document_id": self._room_id,
            "document_path": NOTEBOOK,
            "record_timing": False,
        }
        body = {"code": code, "metadata": metadata}
        return await self.client.post(f"api/kernels/{self.kernel}/execute", json=body)

    async def run(
        self, code: str, cell_id: str = "answer-1", *, within_s: float = DEADLINE_S
    ) -> dict[str, Any]:
        queued = await self.ask(code, cell_id)
        assert queued.status_code == 202, queued.text
        return await self.result(queued, within_s=within_s)

    async def result(
        self, queued: httpx.Response, *, within_s: float = DEADLINE_S
    ) -> dict[str, Any]:
        where = queued.headers["Location"].lstrip("/")

        async def done() -> dict[str, Any] | None:
            answer = await self.client.get(where)
            found: dict[str, Any] = answer.json()
            return found if answer.status_code != 202 else None

        found: dict[str, Any] = await eventually(done, within_s=within_s)
        return found


@asynccontextmanager
async def cells(room: RoomServer, who: str = CANDIDATE) -> AsyncIterator[Cells]:
    path = await document_path(room, who)
    room_id = path.split("?")[0].rsplit("/", 1)[1]
    async with room.client(who) as client:
        session = await client.post("api/sessions", json=SESSION)
        assert session.status_code == 201, session.text
        yield Cells(client, session.json()["kernel"]["id"], room_id)


def outputs(page: DocumentPage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.notebook.ycells[1]["outputs"].to_py()
    return found


async def test_a_run_is_recorded_and_its_output_is_in_the_document(
    room: RoomServer,
) -> None:
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        result = await notebook.run("print('seen by both')\n6 * 7")
        assert result["status"] == "ok"
        await eventually(lambda: len(outputs(page)) == 2)
        assert outputs(page)[1]["data"]["text/plain"] == "42"
    requested = room.records("execution.requested")[-1]
    finished = room.records("execution.finished")[-1]
    assert requested.author == CANDIDATE
    assert requested.facts["code"] == "print('seen by both')\n6 * 7"
    assert requested.facts["cell_id"] == "answer-1"
    assert finished.facts["execution_id"] == requested.facts["execution_id"]
    assert finished.facts["status"] == "ok"
    assert finished.facts["outputs"] == 2
    assert finished.facts["output_bytes"] > 0
    assert finished.facts["execution_count"] == result["execution_count"]
    between = [
        one.author
        for one in room.records("document")
        if requested.seq < one.seq < finished.seq
    ]
    assert "kernel" in between


async def test_a_run_outlives_the_page(room: RoomServer) -> None:
    async with cells(room) as notebook:
        await notebook.ask("import time; time.sleep(1); print('went on')")

    asked = room.records("execution.requested")[-1].facts["execution_id"]

    def went_on() -> bool:
        finished = room.records("execution.finished")
        return asked in [one.facts["execution_id"] for one in finished]

    await eventually(went_on)
    async with document(room, CANDIDATE) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        assert outputs(page)[0]["text"] == "went on\n"


async def test_the_kernel_is_in_the_sandbox(room: RoomServer) -> None:
    probe = f"""
import os, socket
found = [os.getenv("NBINTERVIEW_ROOM_TOKEN"), os.path.exists({str(room.directory)!r})]
try:
    socket.create_connection(("127.0.0.1", {room.port}), 2)
    found.append("network")
except OSError:
    pass
found
"""
    async with cells(room) as notebook:
        result = await notebook.run(probe)
        assert "[None, False]" in result["outputs"]
    layers = room.records("kernel")[0].facts["layers"]
    assert layers["seccomp"] is True


async def test_interrupting_says_who(room: RoomServer) -> None:
    async with cells(room) as notebook, room.client(INTERVIEWER) as interviewer:
        queued = await notebook.ask("print('on'); import time; time.sleep(60)")
        async with document(room, CANDIDATE) as page:
            await eventually(lambda: len(page.sources()) >= 2)
            await eventually(lambda: outputs(page))
            answer = await interviewer.post(f"api/kernels/{notebook.kernel}/interrupt")
            assert answer.status_code == 204
        result = await notebook.result(queued)
        assert result["status"] == "error"
        assert "KeyboardInterrupt" in result["outputs"]
    record = room.records("kernel")[-1]
    assert (record.author, record.facts["state"]) == (INTERVIEWER, "interrupted")


async def test_restarting_ends_what_runs_and_what_waits(room: RoomServer) -> None:
    async with cells(room) as notebook:
        first = await notebook.ask("print('on'); import time; time.sleep(60)")
        second = await notebook.ask("'never'", "another")
        await asyncio.sleep(0)
        answer = await notebook.client.post(f"api/kernels/{notebook.kernel}/restart")
        assert answer.status_code == 200
        assert "restarted" in (await notebook.result(first))["outputs"]
        await notebook.result(second)
        assert (await notebook.run("1 + 1"))["execution_count"] == 1
    states = [one.facts["status"] for one in room.records("execution.finished")]
    assert states[-3:] == ["error", "aborted", "ok"]
    assert "restarted" in [one.facts["state"] for one in room.records("kernel")]


async def test_a_dead_kernel_is_noticed_told_and_replaced(room: RoomServer) -> None:
    async with cells(room) as notebook, live(room, INTERVIEWER) as watcher:
        await watcher.hello()
        result = await notebook.run("import os, signal; os.kill(os.getpid(), 9)")
        assert result["status"] == "error"
        assert "Python stopped by itself" in result["outputs"]

        async def died() -> dict[str, Any] | None:
            message = await watcher.hear("kernel")
            return message if message["state"] == "died" else None

        message = await eventually(died)
        assert "Python stopped by itself" in message["detail"]
        assert (await notebook.run("2 + 2"))["status"] == "ok"
    died_record = [x for x in room.records("kernel") if x.facts["state"] == "died"]
    assert died_record[-1].author == "kernel"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"code": "1", "server": {"url": "http://127.0.0.1:1"}}, "server"),
        ({"code": "1", "metadata": {"cell_id": "a", "evil": 1}}, "metadata.evil"),
        ({"metadata": {}}, "code"),
        ({"code": 1}, "code"),
        ([], "code"),
    ],
)
async def test_unknown_fields_are_refused(
    room: RoomServer, body: Any, field: str
) -> None:
    before = len(room.records("execution.requested"))
    async with cells(room) as notebook:
        answer = await notebook.client.post(
            f"api/kernels/{notebook.kernel}/execute", json=body
        )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["field"] == field
    assert len(room.records("execution.requested")) == before


async def test_an_unknown_kernel_is_not_found(room: RoomServer) -> None:
    async with room.client(CANDIDATE) as client:
        answer = await client.post(
            "api/kernels/00000000-0000-4000-8000-000000000000/execute",
            json={"code": "1"},
        )
    assert answer.status_code == 404
    assert answer.json()["status"] == 404


async def test_a_reviewer_cannot_run(room: RoomServer) -> None:
    async with cells(room) as notebook, room.client(REVIEWER) as reviewer:
        path = f"api/kernels/{notebook.kernel}/execute"
        answer = await reviewer.post(path, json={"code": "1"})
        assert answer.status_code == 403


async def test_there_is_one_kernel_of_one_kind(room: RoomServer) -> None:
    async with cells(room) as notebook:
        client = notebook.client
        for body, status in [
            ({**SESSION, "kernel": {"name": "python3"}}, 400),
            ({**SESSION, "path": "other/evil.ipynb"}, 400),
            ({**SESSION, "type": "console"}, 400),
            ({**SESSION, "cwd": "/"}, 400),
            ({**SESSION, "path": "made-up"}, 409),
        ]:
            answer = await client.post("api/sessions", json=body)
            assert answer.status_code == status, answer.text
            assert answer.json()["message"]
        sessions = (await client.get("api/sessions")).json()
        assert len(sessions) == 1
        path = f"api/sessions/{sessions[0]['id']}"
        for change, status in [
            ({"path": NOTEBOOK}, 200),
            ({"path": "other.ipynb"}, 400),
            ({"kernel": {"name": "nbinterview-python3"}}, 409),
        ]:
            answer = await client.patch(path, json=change)
            assert answer.status_code == status, answer.text


async def test_the_kernels_channel_runs_no_code(room: RoomServer) -> None:
    """What goes through the kernel's websocket would not be on record."""
    async with cells(room) as notebook:
        await notebook.run("ran = False")
        path = f"api/kernels/{notebook.kernel}/channels"
        async with room.socket(CANDIDATE, path) as channel:
            for kind, content in [
                ("execute_request", {"code": "ran = True", "silent": False}),
                ("kernel_info_request", {}),
            ]:
                await channel.send(message(kind, content))
            async with asyncio.timeout(20):
                while "kernel_info_reply" not in str(await channel.recv()):
                    pass
        assert "False" in (await notebook.run("ran"))["outputs"]


def message(kind: str, content: dict[str, Any]) -> str:
    """Return a message of the kernel protocol, as a page sends it."""
    header = {
        "msg_id": kind,
        "username": "",
        "session": "s",
        "msg_type": kind,
        "version": "5.3",
        "date": "2026-01-01T00:00:00Z",
    }
    whole = {
        "channel": "shell",
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }
    return json.dumps(whole)


async def test_without_a_sandbox_there_is_no_kernel_and_the_page_says_why(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room, bwrap="/nonexistent/bwrap")
    async with room.client(CANDIDATE) as client, live(room, CANDIDATE) as page:
        await page.hello()
        answer = await client.post("api/sessions", json=SESSION)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "/nonexistent/bwrap" in answer.json()["message"]
        told = await page.hear("kernel")
        assert told["state"] == "refused"
        assert "/nonexistent/bwrap" in told["detail"]
    record = room.records("kernel")[-1]
    assert (record.author, record.facts["state"]) == (CANDIDATE, "refused")


# ------------------------------------------------------------------ the timeline


def finished(room: RoomServer, execution_id: str) -> Record | None:
    """Return the end of a run, when it is on record."""
    for one in room.records("execution.finished"):
        if one.facts["execution_id"] == execution_id:
            return one
    return None


async def test_a_run_ends_after_its_outputs_are_on_record(room: RoomServer) -> None:
    code = "from IPython.display import display\n"
    code += "for n in range(20): print('line', n); display(n)\nraise ValueError('last')"
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        await notebook.run(code)
        asked = room.records("execution.requested")[-1]
        ended = finished(room, asked.facts["execution_id"])
        assert ended is not None
        await eventually(lambda: len(outputs(page)) == 41)
        assert outputs(page)[-1]["evalue"] == "last"
    replayed: Doc[Any] = Doc()
    for one in room.records("document"):
        if one.seq < ended.seq:
            replayed.apply_update(base64.b64decode(one.facts["update"]))
    answer = replayed.get("cells", type=Array)[1]
    kinds = [one["output_type"] for one in answer["outputs"].to_py()]
    assert kinds == ["stream", "display_data"] * 20 + ["error"]


async def test_many_small_prints_are_few_changes_of_the_same_text(
    room: RoomServer,
) -> None:
    code = "import sys\nfor n in range(3000):\n print(n, 'é', flush=True)\n"
    code += "print('to err', file=sys.stderr)\n'the result'"
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        result = await notebook.run(code)
        assert result["status"] == "ok"
        await eventually(lambda: len(outputs(page)) == 3)
        out, err, end = outputs(page)
    assert out["text"] == "".join(f"{n} é\n" for n in range(3000))
    assert (err["name"], err["text"]) == ("stderr", "to err\n")
    assert end["data"]["text/plain"] == "'the result'"
    asked = room.records("execution.requested")[-1]
    ended = finished(room, asked.facts["execution_id"])
    assert ended is not None
    assert ended.facts["outputs"] >= 3000
    changes = [
        one
        for one in room.records("document")
        if one.author == "kernel" and asked.seq < one.seq < ended.seq
    ]
    ran_s = ended.facts["duration_ms"] / 1000
    assert len(changes) < 20 * max(1.0, ran_s + 1.0)


async def test_a_progress_bar_is_shown_as_a_terminal_would(room: RoomServer) -> None:
    code = r"""
import time
for n in range(30):
    print("\r" + "█" * n + f" {n}", end="", flush=True)
    time.sleep(0.02)
print("\rdone\b\b" + " " * 40)
print("after")
"""
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        await notebook.run(code)
        await eventually(lambda: "after" in str(outputs(page)))
        (shown,) = outputs(page)
    assert shown["text"].startswith("do ")
    assert shown["text"].endswith("\nafter\n")
    assert "\r" not in shown["text"]


async def test_equal_outputs_are_all_shown(room: RoomServer) -> None:
    code = "from IPython.display import display\ndisplay(1)\ndisplay(1)\ndisplay(1)"
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        await notebook.run(code)
        await eventually(lambda: len(outputs(page)) == 3)


async def test_a_display_is_updated_where_it_stands(room: RoomServer) -> None:
    show = (
        "from IPython.display import display\n"
        "print('before')\n"
        "shown = display({'text/plain': 'at 0 %'}, raw=True, display_id=True)\n"
        "print('after')\n"
        "shown.update({'text/plain': 'at 50 %'}, raw=True)\n"
    )

    def shows(text: str) -> bool:
        kinds = [one["output_type"] for one in outputs(page)]
        return (
            kinds == ["stream", "display_data", "stream"]
            and outputs(page)[1]["data"]["text/plain"] == text
        )

    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        result = await notebook.run(show)
        await eventually(lambda: shows("at 50 %"))
        assert "at 50 %" in result["outputs"]
        await notebook.run("shown.update({'text/plain': 'done'}, raw=True)", "other")
        await eventually(lambda: shows("done"))
        assert "display_id" not in str(outputs(page))


async def test_the_time_of_a_run_is_without_the_kernels_start(
    make_room: Callable[..., RoomServer],
) -> None:
    """A restarted kernel takes a second until it answers."""
    room = await asyncio.to_thread(make_room)
    async with cells(room) as notebook:
        path = f"api/kernels/{notebook.kernel}/restart"
        restarting = asyncio.create_task(notebook.client.post(path))
        began_s = time.monotonic()
        await notebook.run("1")
        took_ms = 1000 * (time.monotonic() - began_s)
        await restarting
    payload = room.records("execution.finished")[-1].facts
    assert payload["duration_ms"] < took_ms / 2


# ------------------------------------------------------------------ questions


async def asked_for(notebook: Cells, queued: httpx.Response) -> dict[str, Any]:
    """Wait for the question of a cell."""
    where = queued.headers["Location"].lstrip("/")

    async def question() -> dict[str, Any] | None:
        answer = await notebook.client.get(where)
        found: dict[str, Any] = answer.json()
        return found["input_request"] if answer.status_code == 300 else None

    found: dict[str, Any] = await eventually(question)
    return found


async def test_an_answer_is_on_record_before_the_kernel_has_it(
    room: RoomServer,
) -> None:
    code = "found = input('Which join? ')\nimport time; print(time.time())\nfound"
    async with cells(room) as notebook, room.client(INTERVIEWER) as other:
        queued = await notebook.ask(code)
        question = await asked_for(notebook, queued)
        assert question == {"prompt": "Which join? ", "password": False}
        path = f"api/kernels/{notebook.kernel}/input"
        answer = await other.post(path, json={"input": "outer, naïve"})
        assert answer.status_code == 201
        again = await notebook.client.post(path, json={"input": "too late"})
        assert again.status_code == 409
        result = await notebook.result(queued)
    record = room.records("execution.input")[-1]
    asked = room.records("execution.requested")[-1]
    assert record.author == INTERVIEWER
    assert dict(record.facts) == {
        "execution_id": asked.facts["execution_id"],
        "prompt": "Which join? ",
        "value": "outer, naïve",
        "password": False,
    }
    (printed, shown) = json.loads(result["outputs"])
    assert "outer, naïve" in shown["data"]["text/plain"]
    assert record.at_s < float(printed["text"])


async def test_a_password_is_not_on_record(room: RoomServer) -> None:
    code = "from getpass import getpass\nlen(getpass('Secret: '))"
    async with cells(room) as notebook:
        queued = await notebook.ask(code)
        assert (await asked_for(notebook, queued))["password"] is True
        path = f"api/kernels/{notebook.kernel}/input"
        await notebook.client.post(path, json={"input": "hunter22"})
        assert "'8'" in str(json.loads((await notebook.result(queued))["outputs"]))
    record = room.records("execution.input")[-1]
    assert record.facts["password"] is True
    assert "value" not in record.facts
    assert "hunter22" not in str(room.records())


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"input": "x" * 65_537}, 413, "input"),
        ({"input": 7}, 400, "input"),
        ({"value": "x"}, 400, "input"),
        ({"input": "x", "evil": 1}, 400, "evil"),
        ({"input": "\ud800"}, 400, None),
    ],
)
async def test_what_is_no_answer_is_refused_and_can_be_given_again(
    room: RoomServer, body: dict[str, Any], status: int, field: str | None
) -> None:
    async with cells(room) as notebook, room.client(REVIEWER) as reviewer:
        queued = await notebook.ask("input()")
        await asked_for(notebook, queued)
        path = f"api/kernels/{notebook.kernel}/input"
        before = len(room.records("execution.input"))
        refused = await notebook.client.post(path, content=json.dumps(body))
        assert refused.status_code == status, refused.text
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json().get("field") == field
        assert (await reviewer.post(path, json={"input": "1"})).status_code == 403
        assert len(room.records("execution.input")) == before
        answer = await notebook.client.post(path, json={"input": "x" * 65_536})
        assert answer.status_code == 201
        assert (await notebook.result(queued))["status"] == "ok"


async def test_an_interrupted_question_asks_nobody_any_more(room: RoomServer) -> None:
    async with cells(room) as notebook:
        queued = await notebook.ask("input('never answered')")
        await asked_for(notebook, queued)
        await notebook.client.post(f"api/kernels/{notebook.kernel}/interrupt")

        async def over() -> bool:
            return finished(room, asked) is not None

        asked = room.records("execution.requested")[-1].facts["execution_id"]
        await eventually(over)
        assert (await notebook.result(queued))["status"] == "error"
        answer = await notebook.client.post(
            f"api/kernels/{notebook.kernel}/input", json={"input": "x"}
        )
        assert answer.status_code == 409
        assert (await notebook.run("6 * 7"))["status"] == "ok"


async def test_the_kernels_channel_takes_no_answer(room: RoomServer) -> None:
    """What goes through the kernel's websocket would not be on record."""
    async with cells(room) as notebook:
        path = f"api/kernels/{notebook.kernel}/channels"
        async with room.socket(CANDIDATE, path) as channel:
            queued = await notebook.ask("input()")
            await asked_for(notebook, queued)
            forged = json.loads(message("input_reply", {"value": "forged"}))
            await channel.send(json.dumps({**forged, "channel": "stdin"}))
            await eventually(
                lambda: (
                    "input_reply"
                    in [one.facts.get("field") for one in room.records("refused")]
                )
            )
        await notebook.client.post(
            f"api/kernels/{notebook.kernel}/input", json={"input": "true"}
        )
        assert "'true'" in (await notebook.result(queued))["outputs"]


# -------------------------------------------------------------- kernels' lives


@pytest.mark.parametrize(
    ("death", "words"),
    [
        ("import os; os._exit(3)", "Python stopped by itself"),
        ("x = bytearray(64 << 30); x[::4096] = b'1' * (16 << 20)", "memory"),
    ],
)
async def test_a_death_is_recorded_with_its_reason_and_python_comes_back(
    room: RoomServer, death: str, words: str
) -> None:
    async with cells(room) as notebook:
        before = len(room.records("kernel"))
        result = await notebook.run(death)
        if result["status"] == "error" and "MemoryError" in result["outputs"]:
            return  # refused to Python before it could use it: it lives
        assert words in result["outputs"]
        await eventually(lambda: len(room.records("kernel")) >= before + 2)
        died, restarted = room.records("kernel")[before : before + 2]
        assert (died.author, died.facts["state"]) == ("kernel", "died")
        assert words in died.facts["detail"]
        assert (restarted.author, restarted.facts["state"]) == ("room", "restarted")
        assert (await notebook.run("2 + 2"))["status"] == "ok"


async def test_who_restarted_and_who_stopped_is_on_record(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    async with cells(room) as notebook, room.client(INTERVIEWER) as interviewer:
        await notebook.run("1")
        path = f"api/kernels/{notebook.kernel}"
        running = await notebook.ask("import time; time.sleep(60)")
        assert (await interviewer.post(f"{path}/restart")).status_code == 200
        await notebook.result(running)
        assert (await notebook.client.delete(path)).status_code == 403
        assert (await interviewer.delete(path)).status_code == 204
    lives = [(one.author, one.facts["state"]) for one in room.records("kernel")]
    assert lives == [
        (CANDIDATE, "started"),
        (INTERVIEWER, "restarted"),
        (INTERVIEWER, "stopped"),
    ]


async def test_a_large_request_is_refused_in_words(room: RoomServer) -> None:
    async with cells(room) as notebook:
        answer = await notebook.ask("#" * (9 << 20))
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
