"""What reads an interview passes over what was erased, and says so."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from nbinterview.cli import main
from nbinterview.errors import NotFound
from nbinterview.findings import read
from nbinterview.ledger.erased import erased_words
from nbinterview.ledger.film import make_film
from nbinterview.ledger.moments import find, notebook_after
from nbinterview.ledger.records import Record
from nbinterview.ledger.runs import last_inputs, recorded_runs
from nbinterview.report import model
from nbinterview_proctor.policy import Policy
from nbinterview_proctor.replay import flags, measured, outcomes

SAMPLE = Path("service/nbinterview/samples/recorded.jsonl.gz")
HEADER, *SAMPLES = map(json.loads, gzip.decompress(SAMPLE.read_bytes()).splitlines())
INTERVIEW = {**HEADER["interview"], "people": HEADER["people"]}
KINDS = sorted({record["kind"] for record in SAMPLES})
NO_STRUCTURE = [
    kind
    for kind in KINDS
    if kind not in {"room.started", "room.stopped", "interview.state"}
]


def erased(*kinds: str) -> list[dict[str, Any]]:
    return [
        Record.from_wire(wire).without_payload().wire()
        if wire["kind"] in kinds
        else wire
        for wire in SAMPLES
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_copes_with_every_kind_erased(kind: str) -> None:
    records = erased(kind)
    film = make_film(INTERVIEW, records)
    assert film["last_seq"] == records[-1]["seq"]
    read(records)
    recorded_runs(records)
    last_inputs(records)
    find(records, None)
    policy = Policy.from_dict(INTERVIEW["policy"])
    outcomes(policy, records)
    flags(records)
    measured(policy, records)
    view = model.build(INTERVIEW, [model.slim(one) for one in records], None)
    assert view.erased == sum(one["payload"] is None for one in records) > 0
    assert view.records == len(records)


def test_a_film_says_at_its_beginning_what_was_erased() -> None:
    film = make_film(INTERVIEW, erased("event", "observations"))
    words = [mark["detail"] for mark in film["marks"] if "erased" in mark["title"]]
    assert words == ["90 records were erased and left out here (event, observations)."]
    whole = make_film(INTERVIEW, SAMPLES)
    assert not [mark for mark in whole["marks"] if "erased" in mark["title"]]
    assert erased_words(SAMPLES) == ""


def test_an_erased_notebook_is_said_to_be() -> None:
    records = erased("document")
    with pytest.raises(NotFound, match="erased"):
        notebook_after(records, records[-1]["seq"])


def test_a_record_of_which_all_was_erased_is_still_rescored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "erased.jsonl"
    lines = [HEADER, *erased(*NO_STRUCTURE)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["rescore", str(path), "--policy", "recorded"]) == 0
    assert "records were erased and left out here" in capsys.readouterr().out
