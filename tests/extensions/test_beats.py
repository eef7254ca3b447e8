"""Beats: what fits is proof, and nothing else is."""

from __future__ import annotations

import base64
import json
import random

import pytest

from nbinterview.errors import NBInterviewError, TooMany
from nbinterview_server import beats
from nbinterview_server.beats import Late, Nonces, Unproved, signature, verify
from tests.extensions.beat_forgeries import FORGES, Target, accepted, signed
from tests.extensions.watchsim import watched

KEY = bytes(range(32))
BOOT = "11111111-1111-4111-8111-111111111111"
FORGERIES = 1500
"""bench/ledger sends 10,000 by the same generator."""


def test_the_signature_is_what_the_page_makes() -> None:
    """Held equal to proctor_widget/js: see its test of beats."""
    beat = {
        "boot_id": BOOT,
        "beat": 7,
        "monotonic_ms": 123456,
        "frames_seen": 40,
        "frames_dropped": 2,
        "nonce": "ab" * 16,
    }
    import hashlib
    import hmac

    text = json.dumps(
        {"interview": "abcdefghij", **beat}, sort_keys=True, separators=(",", ":")
    )
    expected = hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()
    assert signature(KEY, "abcdefghij", beat) == expected


def test_no_forged_beat_is_taken_and_every_honest_one_is() -> None:
    taken, honest = accepted(FORGERIES)
    assert taken == []
    assert honest == FORGERIES // 50


@pytest.mark.parametrize("name", FORGES)
def test_each_way_to_forge_is_refused_with_a_reason(name: str) -> None:
    chance = random.Random(1)
    target = Target.made(1)
    for _ in range(10):
        beat = FORGES[name](chance, target)
        before = target.world.proof.last_beat
        if name == "nonce_old":  # it was good once: late, and no reason to refuse
            target.world.proof.beat(target.page.connection, beat)
        else:
            with pytest.raises(NBInterviewError) as raised:
                target.world.proof.beat(target.page.connection, beat)
            assert raised.value.status == 400
            assert raised.value.field
        assert target.world.proof.last_beat == before


def test_a_beat_of_a_page_that_does_not_count_proves_nothing() -> None:
    target = Target.made(2)
    proof, second = target.world.proof, target.second
    before = proof.last_beat
    beat = {
        **target.honest(),
        "boot_id": second.boot_id,
        "beat": 1,
        "monotonic_ms": 5,
        "nonce": second.credentials["nonce"],
    }
    key = base64.b64decode(second.credentials["key"])
    proof.beat(second.connection, signed(beat, key))
    assert proof.last_beat == before


def test_a_nonce_is_good_until_the_one_after_it_is_old() -> None:
    nonces = Nonces("a" * 32, 0.0)
    nonces.check("a" * 32, 100.0)  # the newest, however old: the room is to blame
    nonces.tell("b" * 32, 5.0)
    nonces.check("a" * 32, beats.NONCE_GOOD_S)
    with pytest.raises(Late):
        nonces.check("a" * 32, beats.NONCE_GOOD_S + 1.0)
    nonces.check("b" * 32, beats.NONCE_GOOD_S + 1.0)
    with pytest.raises(Unproved):
        nonces.check("c" * 32, 6.0)


def test_an_answer_to_a_nonce_may_share_its_millisecond() -> None:
    nonces = Nonces("a" * 32, 0.0)
    nonces.tell("b" * 32, 0.0)
    last = None

    def told(number: int, nonce: str) -> beats.Beat:
        beat = {
            "boot_id": BOOT,
            "beat": number,
            "monotonic_ms": 1000,
            "frames_seen": 0,
            "frames_dropped": 0,
            "nonce": nonce * 32,
        }
        return verify(
            signed(beat, KEY, "abcdefghij"),
            interview="abcdefghij",
            boot_id=BOOT,
            key=KEY,
            nonces=nonces,
            last=last,
            now_s=1.0 + number,
        )

    last = told(1, "a")
    last = told(2, "b")
    with pytest.raises(Unproved) as raised:
        told(3, "a")
    assert raised.value.field == "monotonic_ms"


def test_a_page_beats_on_over_a_new_connection() -> None:
    world, page = watched(3)
    before = page.beat
    page.disconnect()
    page.connect()
    world.run(3.0)
    last = world.proof.last_beat
    assert last is not None
    assert last.number > before
    assert page.problems == []


def test_a_lease_that_is_moved_back_and_forth_does_not_fill_the_record() -> None:
    target = Target.made(4)
    world, proof = target.world, target.world.proof
    moved = 0
    before = len(world.records)
    for number in range(200):
        page = (target.page, target.second)[number % 2]
        world.run(0.05)
        try:
            proof.take_lease(page.connection, page.boot_id)
        except TooMany:
            continue
        moved += 1
    kinds = [one.kind for one in world.records[before:]]
    assert moved <= 11
    assert kinds.count("lease") <= 11
