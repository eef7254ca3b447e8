"""`nbinterview replay` and the routes behind it, with the recorded sample."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest

from nbinterview.schemas import check
from tests.service.hub_process import RunningHub
from tests.service.service_process import environment, running_service

SAMPLE = Path(str(files("nbinterview") / "samples/recorded.jsonl.gz"))


@pytest.fixture(scope="module")
def service(
    hub: RunningHub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHub]:
    with running_service(hub, tmp_path_factory.mktemp("service") / "log"):
        yield hub


@pytest.fixture(scope="module")
def sample(service: RunningHub) -> str:
    """The id of the imported sample."""
    run = _run(service, "record", "import", str(SAMPLE), "--sample", "--json")
    found: str = json.loads(run.stdout)["id"]
    return found


def _run(service: RunningHub, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nbinterview.cli", *arguments],
        env=environment(service),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _get(service: RunningHub, path: str, **headers: str) -> httpx.Response:
    token = service.home.secret("operator_token")
    return httpx.get(
        f"{service.addresses.service_api}{path}",
        headers={"Authorization": f"Bearer {token}", **headers},
        trust_env=False,
        timeout=30,
    )


def _sources(text: str) -> dict[str, str]:
    return {one["id"]: "".join(one["source"]) for one in json.loads(text)["cells"]}


def test_a_moment_is_written_and_agrees_with_the_record(
    service: RunningHub, sample: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.ipynb"
    run = _run(service, "replay", sample, "--at", "00:00:16", "-o", str(out))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"Wrote {out}: 00:00:16, record ")
    found = nbformat.read(out, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(found, version=4, version_minor=5)
    sources = _sources(out.read_text("utf-8"))
    # Typed by then, and not yet.
    assert "plt.scatter" in sources["answer-2"]
    assert sources["answer-1"] == ""
    told = {one.id: one.metadata.nbinterview["provenance"] for one in found.cells}
    assert [one["origin"] for one in told["welcome"]] == ["template"]
    assert [one["origin"] for one in told["answer-2"]] == ["typed"]
    checked = _run(service, "replay", sample, "--check", str(out))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "agrees with the record" in checked.stdout


def test_a_changed_file_does_not_agree(
    service: RunningHub, sample: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.ipynb"
    assert _run(service, "replay", sample, "-o", str(out)).returncode == 0
    loaded = json.loads(out.read_bytes())
    told = loaded["cells"][7]["metadata"]["nbinterview"]["provenance"]
    assert [one["origin"] for one in told] == ["interviewer", "typed", "pasted"]
    told[2]["origin"] = "typed"
    out.write_text(json.dumps(loaded), "utf-8")
    run = _run(service, "replay", sample, "--check", str(out))
    assert run.returncode == 1
    assert "Cell 8 (answer-3), stretch 3: the notebook says 69 characters typed" in (
        run.stderr
    )


def test_plain_to_standard_output(service: RunningHub, sample: str) -> None:
    run = _run(service, "replay", sample, "-o", "-", "--plain")
    assert (run.returncode, run.stderr) == (0, "")
    assert "nbinterview" not in json.loads(run.stdout)["metadata"]
    answer = _get(service, f"/report/interviews/{sample}/notebook").json()
    expected = {one["id"]: one["source"] for one in answer["cells"]}
    assert _sources(run.stdout) == expected


def test_a_file_is_replaced_only_when_asked(
    service: RunningHub, sample: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.ipynb"
    out.write_text("mine", "utf-8")
    run = _run(service, "replay", sample, "-o", str(out))
    assert (run.returncode, out.read_text("utf-8")) == (1, "mine")
    assert "Give --force to replace it." in run.stderr
    assert _run(service, "replay", sample, "-o", str(out), "--force").returncode == 0
    assert json.loads(out.read_bytes())["nbformat"] == 4


@pytest.mark.parametrize(
    ("at", "note"),
    [
        ("0", "00:00:00 is before the notebook was opened; this is the notebook at "),
        ("2:00:00", "02:00:00 is after the end; this is the notebook at 00:01:26."),
    ],
)
def test_a_moment_outside_is_moved_with_a_note(
    service: RunningHub, sample: str, at: str, note: str
) -> None:
    run = _run(service, "replay", sample, "--at", at, "-o", "-")
    assert run.returncode == 0
    assert note in run.stderr
    assert json.loads(run.stdout)["cells"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("aaaaaaaaaa", "-o", "-"), "There is no such interview."),
        (("{id}", "-o", "-", "--at", "soon"), "'soon' is no moment"),
        (("{id}", "-o", "/nowhere/out.ipynb"), "No such file or directory"),
        (("{id}", "--check", "/nowhere/out.ipynb"), "No such file or directory"),
        (("{id}", "--check", str(SAMPLE)), "is not a Jupyter notebook"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    service: RunningHub, sample: str, arguments: tuple[str, ...], words: str
) -> None:
    given = [argument.format(id=sample) for argument in arguments]
    run = _run(service, "replay", *given)
    assert run.returncode == 1
    assert words in run.stderr
    assert run.stderr.count("\n") == 1


def test_the_film_of_the_sample(service: RunningHub, sample: str) -> None:
    answer = _get(service, f"/interviews/{sample}/film")
    assert answer.headers["content-encoding"] == "gzip"
    film: dict[str, Any] = answer.json()
    check(film, "film", "Film")
    assert film["interview"] == sample
    plain = _get(
        service, f"/interviews/{sample}/film", **{"Accept-Encoding": "identity"}
    )
    assert "content-encoding" not in plain.headers
    assert plain.json() == film


def test_records_come_in_pages(service: RunningHub, sample: str) -> None:
    seqs: list[int] = []
    after: int | None = 0
    while after is not None:
        path = f"/interviews/{sample}/records?after={after}&limit=100"
        page = _get(service, path).json()
        seqs += [record["seq"] for record in page["records"]]
        after = page["next_after"]
    assert seqs == list(range(1, 348))
    assert _get(service, "/interviews/aaaaaaaaaa/records").status_code == 404
    assert _get(service, "/interviews/aaaaaaaaaa/film").status_code == 404
