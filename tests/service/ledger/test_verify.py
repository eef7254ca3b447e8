"""What verify says: of honest bundles, of attacks with a name, of what is no bundle."""

import base64
import json
import resource
import socket
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from nbinterview.errors import Invalid
from nbinterview.ledger import bundle, bundle_file, rebuilding, record_lines
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.checkpoints import (
    countersign_head,
    make_certificate,
    make_checkpoint,
)
from nbinterview.ledger.verify import Findings, read_receipt, verify
from tests.extensions.yjs_bytes import item, update, var
from tests.service.ledger import second_verifier
from tests.service.ledger.bundles import (
    CANDIDATE,
    PLATFORM,
    STRANGER,
    THERE,
    Interview,
    a_signer,
    an_interview,
    at,
    lines,
    members,
    pack,
    platform_key,
)

KEYS = [PLATFORM.public]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    return an_interview().write(folder / "bundle.zip")


def judged(interview: Interview, path: Path, **given: Any) -> Findings:
    return verify(interview.write(path), **{"platform_keys": KEYS, **given})


# ----------------------------------------------------------------- honest


def test_an_honest_bundle_with_a_receipt_leaves_little_open(tmp_path: Path) -> None:
    interview = an_interview()
    found = judged(interview, tmp_path / "b.zip", receipt=interview.receipt())
    assert found.ok
    assert found.first_bad_seq is None
    assert [one.split(":")[0] for one in found.unchecked] == [
        "titles, versions, reasons of erasures"
    ]


def test_without_the_platforms_key_it_is_the_bundles_own_word(written: Path) -> None:
    found = verify(written)
    assert found.ok
    (said,) = [one for one in found.unchecked if PLATFORM.public in one]
    assert "own word" in said
    assert any("--receipt" in one for one in found.unchecked)


def test_equal_contents_give_equal_bytes(tmp_path: Path) -> None:
    interview = an_interview()
    one = interview.write(tmp_path / "one.zip")
    other = interview.write(tmp_path / "other.zip")
    assert one.read_bytes() == other.read_bytes()


def test_a_record_that_goes_on_says_what_is_not_signed_yet(tmp_path: Path) -> None:
    interview = an_interview(ended=False)
    interview.add("event", CANDIDATE, {"event": {"name": "comment"}})
    found = judged(interview, tmp_path / "b.zip")
    assert found.ok
    size = len(interview.records)
    assert f"records {size} to {size}: they are not signed yet" in found.unchecked


def test_erased_records_are_told_with_their_reason(tmp_path: Path) -> None:
    interview = an_interview()
    receipt = interview.receipt()
    interview.erase(["event", "document"], reason="the candidate asked for it")
    found = judged(interview, tmp_path / "b.zip", receipt=receipt)
    assert found.ok
    assert any("the candidate asked for it" in one for one in found.checked)
    assert any("there is none (erased)" in one for one in found.unchecked)
    assert "notebook.ipynb" not in members(tmp_path / "b.zip")


def test_a_reason_can_neither_forge_a_line_nor_hide_one(tmp_path: Path) -> None:
    interview = an_interview()
    hidden = "old\n\nChecked:\n  all\x1b[8m\x9b2J\u202e"
    interview.erase(["event"], reason=hidden)
    for number in range(30):
        interview.erase([], reason=f"{number} " + "x" * 900)
    found = judged(interview, tmp_path / "b.zip")
    assert found.ok, found.why
    told = [*found.checked, *found.unchecked, found.why]
    assert all(one.isprintable() for one in "".join(told).replace("\n    ", ""))
    assert sum(map(len, told)) < 10_000


def test_erased_records_are_the_platforms_word_only(tmp_path: Path) -> None:
    interview = an_interview()
    receipt = interview.receipt()
    interview.erase(["event"])
    found = judged(interview, tmp_path / "b.zip", receipt=receipt)
    assert found.ok, found.why
    assert any("nothing signs an erasure" in one for one in found.unchecked)


def test_a_key_that_was_replaced_is_followed(tmp_path: Path) -> None:
    interview = an_interview(ended=False)
    lost, interview.room = interview.room, a_signer(9)
    interview.certificates.append(
        make_certificate(PLATFORM, interview.id, a_signer(9).public, at(9), lost.key_id)
    )
    payload = {"state": "replaced", "key_id": a_signer(9).key_id}
    interview.add("key", "room", {**payload, "replaces": lost.key_id, "detail": "lost"})
    interview.seal()
    found = judged(interview, tmp_path / "b.zip")
    assert found.ok, found.why
    assert "2 keys of the interview, under the platform's" in found.checked


def test_a_record_of_before_signatures_is_good_once_the_platform_signed_it(
    tmp_path: Path,
) -> None:
    interview = an_interview(format=1)
    interview.checkpoints.clear()
    found = judged(interview, tmp_path / "b.zip")
    assert found.ok, found.why
    assert any("older than rooms that sign" in one for one in found.unchecked)
    interview.countersignatures.clear()
    assert "nothing signs" in judged(interview, tmp_path / "b.zip").why


def test_a_room_of_format_1_wrote_down_who_left_after_it_had_stopped(
    tmp_path: Path,
) -> None:
    interview = an_interview(format=1)
    interview.checkpoints.clear()
    interview.countersignatures.clear()
    interview.add("person.left", CANDIDATE, {"role": "candidate"})
    size, root = len(interview.records), interview.tree().root()
    seen = countersign_head(PLATFORM, interview.id, size, root, at(9000))
    interview.countersignatures.append(seen)
    found = judged(interview, tmp_path / "b.zip")
    assert found.ok, found.why
    assert any("1 record of format 1 came after it" in one for one in found.unchecked)
    second_verifier.verify(tmp_path / "b.zip", None, KEYS)


def test_a_journal_of_format_1_is_continued_and_erased(tmp_path: Path) -> None:
    interview = an_interview(events=20, format=1, ended=False)
    interview.format = 2
    interview.add("event", CANDIDATE, {"event": {"name": "comment"}})
    interview.seal()
    receipt = interview.receipt()
    interview.erase(["event"])
    found = judged(interview, tmp_path / "b.zip", receipt=receipt)
    assert found.ok, found.why
    assert any("of format 1: only hashes stayed" in one for one in found.unchecked)
    second_verifier.verify(tmp_path / "b.zip", receipt.wire(), KEYS)


def test_the_audit_log_is_signed_by_the_platform_itself(tmp_path: Path) -> None:
    log = Interview("auditlog22", room=PLATFORM)
    log.certificates.clear()
    log.add("audit.signed_in", CANDIDATE, {"about": None})
    log.add("audit.viewed", "operator", {"about": "x"})
    log.seal(seen=False)
    found = judged(log, tmp_path / "b.zip")
    assert found.ok, found.why
    second_verifier.verify(tmp_path / "b.zip", None, KEYS)


def test_it_needs_no_network(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    assert verify(written, platform_keys=KEYS).ok


# ----------------------------------------------------------------- attacks


def _refused(interview: Interview, path: Path, words: str, **given: Any) -> Findings:
    found = judged(interview, path, **given)
    assert not found.ok
    assert words in found.why
    return found


def test_records_after_the_end_are_a_break_also_signed(tmp_path: Path) -> None:
    interview = an_interview()
    receipt = interview.receipt()
    path = tmp_path / "b.zip"
    last = interview.records[-1]
    interview.write(path)
    later = replace(last, seq=last.seq + 1, kind="flag", payload_hash="")
    parts = members(path)
    manifest = {**lines(parts["manifest.json"])[0], "records": later.seq}
    tail = parts["records.jsonl"] + later.wire_json + b"\n"
    interview.records.append(later)
    head = interview.seal()
    signed = parts["checkpoints.jsonl"] + canonical(head.wire()) + b"\n"
    pack(
        path,
        {
            **parts,
            "records.jsonl": tail,
            "checkpoints.jsonl": signed,
            "manifest.json": canonical(manifest) + b"\n",
        },
    )
    found = verify(path, receipt=receipt, platform_keys=KEYS)
    assert not found.ok
    assert found.first_bad_seq == later.seq
    assert "after the record's end" in found.why


def test_a_bundle_of_the_seconds_after_the_end_is_no_forgery(tmp_path: Path) -> None:
    interview = an_interview(ended=False)
    interview.add("interview.state", "room", {"state": "ended"})
    path = tmp_path / "b.zip"
    found = judged(interview, path)
    assert found.ok, found.why
    size = len(interview.records)
    assert f"records {size} to {size}: they are not signed yet" in found.unchecked
    assert any("export it again in a minute" in one for one in found.unchecked)
    second_verifier.verify(path)


def test_an_unsigned_tail_of_an_ended_interview_is_a_break(tmp_path: Path) -> None:
    interview = an_interview()
    interview.checkpoints.pop()
    interview.countersignatures.pop()
    found = _refused(interview, tmp_path / "b.zip", "nothing signs what comes after 32")
    assert found.first_bad_seq == 33


def test_a_receipt_makes_no_strangers_key_genuine(tmp_path: Path) -> None:
    # The forger signs everything and hands out a receipt that says so, too.
    forged = an_interview(room=a_signer(5), platform=STRANGER)
    _refused(
        forged, tmp_path / "b.zip", "does not have", receipt=an_interview().receipt(),
        platform_keys=[],
    )  # fmt: skip
    _refused(forged, tmp_path / "b.zip", "you did not give", receipt=forged.receipt())
    honest = an_interview()
    receipt = replace(
        honest.receipt(),
        checkpoint=forged.checkpoints[-1],
        certificate=forged.certificates[-1],
        countersignature=forged.countersignatures[-1],
        platform_keys=(platform_key(STRANGER),),
    )
    _refused(honest, tmp_path / "b.zip", "does not have", receipt=receipt)
    _refused(
        honest, tmp_path / "b.zip", "does not have", receipt=receipt, platform_keys=[]
    )


def test_a_record_that_was_cut_shows_by_the_receipt_only(tmp_path: Path) -> None:
    interview = an_interview(ended=False)
    receipt = interview.receipt()
    for seq in (12, 22):
        assert any(one.size == seq for one in interview.checkpoints)
    interview.records = interview.records[:22]
    interview.checkpoints = [one for one in interview.checkpoints if one.size <= 22]
    seen = [one for one in interview.countersignatures if one.size <= 22]
    interview.countersignatures = seen
    assert judged(interview, tmp_path / "b.zip").ok
    found = _refused(interview, tmp_path / "b.zip", "cut off", receipt=receipt)
    assert found.first_bad_seq == 23


def test_a_certified_key_of_another_interview_signs_nothing(tmp_path: Path) -> None:
    interview, other = an_interview(), an_interview(THERE, room=a_signer(3))
    head = interview.checkpoints[-1]
    interview.checkpoints[-1] = make_checkpoint(
        other.room, head.interview, head.size, bytes.fromhex(head.root), head.time
    )
    _refused(interview, tmp_path / "b.zip", "nobody certified")
    interview.certificates += other.certificates
    _refused(interview, tmp_path / "b.zip", "another interview")


def test_a_format_that_goes_down_names_the_record(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    interview = an_interview()
    interview.write(path)
    parts = members(path)
    found = parts["records.jsonl"].splitlines(keepends=True)
    old = replace(interview.records[9], format=1, payload_hash="")
    found[9] = old.wire_json + b"\n"
    pack(path, {**parts, "records.jsonl": b"".join(found)})
    result = verify(path, platform_keys=KEYS)
    assert (result.ok, result.first_bad_seq) == (False, 10)
    assert "goes back to format 1" in result.why


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"seq":5,', b'"seq":5.0,'),
        (b'"seq":5,', b'"seq":9007199254740993,'),
        (b'"payload":{', b'"payload":{"n":9007199254740993,'),
        (b'"payload":{', b'"payload":{"n":1e400,'),
        (b'"payload":{', b'"payload":{"n":NaN,'),
        (b'"payload":{', b'"payload": {'),
        (b'{"author"', b'{"author":"room","author"'),
        (b'"payload":{', b'"payload":' + b"[" * 100_000 + b"{"),
    ],
)
def test_a_line_that_readers_could_take_two_ways_is_refused(
    before: bytes, after: bytes, written: Path, tmp_path: Path
) -> None:
    parts = members(written)
    found = parts["records.jsonl"].splitlines(keepends=True)
    assert before in found[4]
    found[4] = found[4].replace(before, after, 1)
    path = pack(tmp_path / "b.zip", {**parts, "records.jsonl": b"".join(found)})
    result = verify(path, platform_keys=KEYS)
    assert (result.ok, result.first_bad_seq) == (False, 5)


def test_another_notebook_or_policy_is_a_break(written: Path, tmp_path: Path) -> None:
    parts = members(written)
    notebook = parts["notebook.ipynb"].replace(b"x = 5", b"x = 6")
    assert notebook != parts["notebook.ipynb"]
    policy = parts["policy.json"].replace(b"focus", b"fucus")
    for name, content, words in (
        ("notebook.ipynb", notebook, "not what the document's records give"),
        ("notebook.ipynb", b"[" * 200_000, "no JSON"),
        ("notebook.ipynb", b'{"cells":1,"cells":2}', "twice"),
        ("policy.json", policy, "not the policy"),
    ):
        path = pack(tmp_path / "b.zip", {**parts, name: content})
        found = verify(path, platform_keys=KEYS)
        assert not found.ok
        assert words in found.why
    del parts["notebook.ipynb"]
    path = pack(tmp_path / "b.zip", parts)
    assert "missing" in verify(path, platform_keys=KEYS).why


def test_edits_nested_a_hundred_thousand_deep_end_only_a_child(tmp_path: Path) -> None:
    deep = bytes([117, 1]) * 100_000 + bytes([126])  # kills a process that reads it
    hostile = update((5, 0, [item(8, var(1) + deep, parent="a")]))
    interview = an_interview(events=0, ended=False)
    given = base64.b64encode(hostile).decode()
    payload = {"path": "interview.ipynb", "update": given, "edit": {}}
    interview.add("document", CANDIDATE, payload)
    interview.seal()
    found = judged(interview, tmp_path / "b.zip")
    assert found.ok, found.why
    assert any("there is none (can't be rebuilt" in one for one in found.unchecked)


def _odd(interview: Interview) -> None:
    document: Doc[Any] = Doc(client_id=9)
    notebook = YNotebook(document)
    notebook.set({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    cell = {"cell_type": "markdown", "id": "odd", "metadata": {}, "source": ""}
    notebook.append_cell({**cell, "attachments": {}})
    notebook.ycells[0]["attachments"] = [1]
    update = base64.b64encode(document.get_update()).decode()
    payload = {"path": "interview.ipynb", "update": update, "edit": {}}
    interview.add("document", CANDIDATE, payload)


def test_a_document_that_only_looks_like_a_notebook_stops_nothing(
    tmp_path: Path,
) -> None:
    interview = an_interview(events=0, ended=False)
    _odd(interview)
    interview.seal()
    found = judged(interview, tmp_path / "b.zip")
    assert found.ok, found.why
    assert any("is not a notebook" in one for one in found.unchecked)


def test_a_computer_with_less_time_breaks_no_honest_bundle(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "LIMIT_S", 0.001)
    found = verify(written, platform_keys=KEYS)
    assert found.ok, found.why
    assert any("takes too long" in one for one in found.unchecked)
    path = an_interview().write(tmp_path / "b.zip")
    assert "notebook.ipynb" not in members(path)
    monkeypatch.undo()
    found = verify(path, platform_keys=KEYS)
    assert found.ok, found.why
    assert any("the records give one" in one for one in found.unchecked)


def test_edits_and_records_of_a_strangers_bundle_are_not_held_without_end(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MAX_UPDATES_BYTES", 100)
    path = an_interview().write(tmp_path / "b.zip")
    found = verify(path, platform_keys=KEYS)
    assert found.ok, found.why
    assert any("too many bytes" in one for one in found.unchecked)
    monkeypatch.setattr(record_lines, "MAX_RECORDS", 6)
    _says(path, "more than 6 records")


def test_a_rewritten_record_is_named_as_closely_as_the_heads_allow(
    tmp_path: Path,
) -> None:
    interview = an_interview()
    one = interview.records[14]
    interview.records[14] = replace(one, payload={"n": 1}, payload_hash="")
    sizes = [head.size for head in interview.checkpoints]
    assert sizes == [12, 22, 32, 35]
    _refused(interview, tmp_path / "b.zip", "one of 13 to 22 was altered")


def test_proofs_that_readers_could_take_two_ways_are_refused(tmp_path: Path) -> None:
    interview = an_interview(events=0)
    root = interview.tree().root(1)
    head = make_checkpoint(interview.room, interview.id, 1, root, at(1))
    interview.checkpoints.insert(0, head)
    parts = members(interview.write(tmp_path / "b.zip"))
    (proofs,) = lines(parts["proofs.json"])
    assert proofs["consistency"][0]["first"] == 1
    proofs["consistency"][0]["first"] = True
    given = {**parts, "proofs.json": canonical(proofs) + b"\n"}
    found = verify(pack(tmp_path / "b.zip", given), platform_keys=KEYS)
    assert found.why == "proofs.json is not what the records give"


# -------------------------------------------------------------- no bundles


def _says(path: Path, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        verify(path, platform_keys=KEYS)
    assert "\n" not in refused.value.detail


def test_a_truncated_zip_is_said(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    path = tmp_path / "b.zip"
    for size in [0, 1, 21, 22, *range(100, len(whole), len(whole) // 40)]:
        path.write_bytes(whole[:size])
        _says(path, "no whole zip")


def test_damage_anywhere_is_said(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    path = tmp_path / "b.zip"
    for place in range(0, len(whole), len(whole) // 37):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        )
        with suppress(Invalid):  # or it was a place that nothing is read from
            verify(path, platform_keys=KEYS)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(500)]
)
def test_a_file_that_is_no_bundle_is_said(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(content)
    _says(path, "bundle|zip")
    _says(tmp_path / "absent.zip", "No such file")
    _says(tmp_path, "directory")


def test_doubled_strange_and_missing_members_are_said(
    written: Path, tmp_path: Path
) -> None:
    parts, path = members(written), tmp_path / "b.zip"
    pack(path, parts)
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(path, "a") as packed,
    ):
        packed.writestr("records.jsonl", b"")
    _says(path, "two files of one name")
    pack(path, {**parts, "../evil": b""})
    _says(path, "not part of it|none of it")
    del parts["proofs.json"]
    pack(path, parts)
    _says(path, "proofs.json is missing")


def test_a_zip_of_very_many_files_is_said_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    pack(path, {f"{number}": b"" for number in range(5000)})
    _says(path, "too many files")


def _bombed(written: Path, path: Path, name: str, fill: Callable[[Any], None]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for other, content in members(written).items():
            if other != name:
                packed.writestr(other, content)
        with packed.open(name, "w", force_zip64=True) as file:
            fill(file)
    return path


@pytest.mark.parametrize("name", ["records.jsonl", "checkpoints.jsonl", "proofs.json"])
def test_a_bomb_takes_bounded_memory(name: str, written: Path, tmp_path: Path) -> None:
    megabyte = bytes(1 << 20)

    def one_line(file: Any) -> None:
        for _ in range(300):
            file.write(megabyte)

    path = _bombed(written, tmp_path / "b.zip", name, one_line)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _says(path, "too l(arge|ong)")
    after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    most_kb = 3 * bundle_file.MAX_HELD_BYTES // 1024
    assert after_kb - before_kb < most_kb


def test_a_bomb_of_short_lines_ends_at_the_first(written: Path, tmp_path: Path) -> None:
    def short_lines(file: Any) -> None:
        for _ in range(100):
            file.write(b"{}\n" * 100_000)

    path = _bombed(written, tmp_path / "b.zip", "records.jsonl", short_lines)
    found = verify(path, platform_keys=KEYS)
    assert (found.ok, found.first_bad_seq) == (False, 1)


def test_a_file_that_is_no_receipt_is_said(tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    for content in ("", "[]", "{}", '{"format": 1}', "[" * 200_000):
        path.write_text(content)
        with pytest.raises(Invalid, match="no receipt"):
            read_receipt(path)
    with pytest.raises(Invalid, match="No such file"):
        read_receipt(tmp_path / "absent.json")
    receipt = an_interview(events=3).receipt()
    path.write_text(json.dumps(receipt.wire()))
    assert read_receipt(path) == receipt
