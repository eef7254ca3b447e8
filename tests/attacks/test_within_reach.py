"""What a candidate has within reach opens nothing, and holds nothing hidden.

One interview for all of it; the long forms are `python -m tests.attacks.secrets` and
`python -m tests.attacks.hidden`.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterator

import psutil
import pytest

from tests.attacks.hidden.canaries import Canaries
from tests.attacks.hidden.forms import hits
from tests.attacks.hidden.memory import of_process
from tests.attacks.hidden.trial import in_reach, in_room
from tests.attacks.reach import Reach, reached
from tests.attacks.secrets.harvest import tokens_of
from tests.attacks.secrets.trial import Trial


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture(scope="module")
def reach(
    canaries: Canaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reach]:
    with reached(tmp_path_factory.mktemp("reach"), canaries) as found:
        yield found


def test_the_harvest_is_one(reach: Reach) -> None:
    """Kernel, sockets, storages, cookies also those that scripts cannot read."""
    places = {where.split(" ")[0] for where, _ in reach.blobs}
    assert {"kernel", "socket", "cookie", "headers", "answer", "page:"} <= places
    found = tokens_of(reach.blobs)
    assert len(found) > 1000
    assert {"jupyterhub-hub-login", f"jupyterhub-user-room-{reach.here.id}"} <= {
        str(cookie["name"]) for cookie in reach.cookies
    }
    for cookie in reach.cookies:
        assert str(cookie["value"]) in found or len(str(cookie["value"])) < 16


def test_no_hidden_thing_reached_the_candidate(
    reach: Reach, canaries: Canaries
) -> None:
    assert len(canaries.words) >= 10
    assert in_reach(reach, canaries) == []


def test_no_hidden_thing_is_in_the_room(reach: Reach, canaries: Canaries) -> None:
    found, looked_bytes = in_room(reach, canaries)
    assert found == []
    assert looked_bytes > 100_000


def test_nothing_within_reach_opens_anything(reach: Reach) -> None:
    trial = Trial(reach)
    assert len(trial.routes) > 150
    assert len(trial.guards) > 10
    assert trial.beyond(everywhere=6, at_guards=80) == []
    # It was let in where it may be: the ways of asking work.
    assert trial.replay.sent["200"] > 10
    assert trial.replay.sent["0"] == 0


def test_no_secret_stands_in_a_log(reach: Reach) -> None:
    secrets = {
        *reach.home.secrets(),
        *(
            str(cookie["value"])
            for cookie in reach.cookies
            if cookie["name"] != "_xsrf"
        ),
        *(
            str(one["url"]).split("token=")[1]
            for made in (reach.here, reach.other)
            for one in made.invitations
        ),
    }
    logs = [*(reach.home.path / "logs").glob("*.log"), *reach.home.path.rglob("*.log")]
    said = "\n".join(path.read_text("utf-8", errors="replace") for path in logs)
    assert len(said) > 5000
    assert [secret[:8] for secret in secrets if secret in said] == []
    # Something was there to be taken out.
    assert len(re.findall(r"\[redacted\]", said)) >= 2


@pytest.mark.parametrize(
    "form",
    [
        lambda raw: b"x" + raw,
        lambda raw: raw[::-1],
        lambda raw: raw.hex().encode(),
        lambda raw: b"noise" + gzip.compress(b"y" * 100 + raw),
        *(
            (lambda raw, before=before: base64.b64encode(b"ab?"[:before] + raw + b"??"))
            for before in range(3)
        ),
        lambda raw: raw.decode().encode("utf-16-le"),
    ],
)
def test_a_canary_is_found_in_every_form(form: object) -> None:
    word = Canaries()("anything")
    assert callable(form)
    blob = form(word.encode())
    assert list(hits({"it": word}, [("here", blob)]))
    assert not list(hits({"it": word}, [("here", b"a" + blob[:12] + b"?" + blob[14:])]))


def test_a_process_memory_is_really_read() -> None:
    word = Canaries()("memory")
    found = list(hits({"it": word}, of_process(psutil.Process())))
    assert any("memory of" in where for _, _, where in found)
