"""Forged, replayed and cross-room beats: as many as wanted, none of which may count.

`Target` is a room in simulated time with a page that beats honestly, the page's former
connection, a second tab, and another room of the same candidate. `forgery` makes one
beat that must be refused. The attacker knows everything that a page knows: the keys of
all these connections and every beat that was ever sent.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nbinterview.errors import NBInterviewError
from nbinterview_server.beats import NONCE_GOOD_S, signature
from tests.extensions.harness import INTERVIEW
from tests.extensions.watchsim import Page, World, watched

OTHER_INTERVIEW = "bcdefghijk"
MAX_INT = 2**53 - 1

Beat = dict[str, Any]


@dataclass
class Target:
    """What is attacked, and what the attacker has."""

    world: World
    page: Page
    former_key: bytes
    second: Page
    elsewhere: Page
    """The same candidate's page in another room."""
    old_nonces: list[str]

    @classmethod
    def made(cls, seed: int) -> Target:
        """Return one whose page has beaten for a while, over two connections."""
        world, page = watched(seed, camera=False)
        old_nonces = [page.credentials["nonce"]]
        former = base64.b64decode(page.credentials["key"])
        page.disconnect()
        page.connect()
        world.run(NONCE_GOOD_S + 5.0)
        second = Page(world, camera=False)
        _, elsewhere = watched(seed + 1, camera=False)
        return cls(world, page, former, second, elsewhere, old_nonces)

    @property
    def key(self) -> bytes:
        """The key of the connection that counts."""
        return base64.b64decode(self.page.credentials["key"])

    def honest(self) -> Beat:
        """Return the beat that the page could send now."""
        return {
            "type": "beat",
            "boot_id": self.page.boot_id,
            "beat": self.page.beat + 1,
            "monotonic_ms": round(self.page.clock_ms) + 1,
            "frames_seen": self.page.frames_seen,
            "frames_dropped": 0,
            "nonce": self.page.credentials["nonce"],
        }

    def last(self) -> Beat:
        """Return the last beat that the page did send."""
        return dict(self.page.sent_beats[-1])


def signed(beat: Beat, key: bytes, interview: str = INTERVIEW) -> Beat:
    """Return a beat with the signature that this key makes."""
    return {**beat, "mac": signature(key, interview, beat)}


Forge = Callable[[random.Random, Target], Beat]


def _replayed(chance: random.Random, target: Target) -> Beat:
    return dict(chance.choice(target.page.sent_beats))


def _former_key(_chance: random.Random, target: Target) -> Beat:
    return signed(target.honest(), target.former_key)


def _second_tabs_key(_chance: random.Random, target: Target) -> Beat:
    key = base64.b64decode(target.second.credentials["key"])
    return signed(target.honest(), key)


def _other_rooms_beat(chance: random.Random, target: Target) -> Beat:
    return dict(chance.choice(target.elsewhere.sent_beats))


def _other_rooms_key(_chance: random.Random, target: Target) -> Beat:
    key = base64.b64decode(target.elsewhere.credentials["key"])
    return signed(target.honest(), key)


def _other_interview(_chance: random.Random, target: Target) -> Beat:
    return signed(target.honest(), target.key, OTHER_INTERVIEW)


def _unknown_key(chance: random.Random, target: Target) -> Beat:
    keys = [b"", b"\0" * 32, chance.randbytes(32), target.honest()["nonce"].encode()]
    return signed(target.honest(), chance.choice(keys))


def _random_mac(chance: random.Random, target: Target) -> Beat:
    return {**target.honest(), "mac": chance.randbytes(32).hex()}


def _flipped_mac(chance: random.Random, target: Target) -> Beat:
    beat = signed(target.honest(), target.key)
    mac = bytearray.fromhex(beat["mac"])
    mac[chance.randrange(32)] ^= 1 << chance.randrange(8)
    return {**beat, "mac": mac.hex()}


def _changed(chance: random.Random, target: Target) -> Beat:
    """Signed, and then one field is another."""
    beat = signed(target.honest(), target.key)
    name = chance.choice(["beat", "monotonic_ms", "frames_seen", "frames_dropped"])
    return {**beat, name: beat[name] + chance.randint(1, 100)}


def _number_again(chance: random.Random, target: Target) -> Beat:
    number = chance.randint(1, target.last()["beat"])
    return signed({**target.honest(), "beat": number}, target.key)


def _nonce_unknown(chance: random.Random, target: Target) -> Beat:
    nonces = [
        chance.randbytes(16).hex(),
        "0" * 32,
        target.second.credentials["nonce"],
        target.elsewhere.credentials["nonce"],
        *target.old_nonces,
    ]
    return signed({**target.honest(), "nonce": chance.choice(nonces)}, target.key)


def _nonce_old(_chance: random.Random, target: Target) -> Beat:
    return signed({**target.honest(), "nonce": target.page.first_nonce}, target.key)


def _clock_back(chance: random.Random, target: Target) -> Beat:
    clock_ms = max(0, target.last()["monotonic_ms"] - chance.randint(1, 10_000))
    return signed({**target.honest(), "monotonic_ms": clock_ms}, target.key)


def _clock_ahead(chance: random.Random, target: Target) -> Beat:
    clock_ms = target.honest()["monotonic_ms"] + chance.randint(10_000, 10**9)
    return signed({**target.honest(), "monotonic_ms": clock_ms}, target.key)


def _other_page(chance: random.Random, target: Target) -> Beat:
    boots = [target.second.boot_id, target.elsewhere.boot_id, "0" * 36]
    return signed({**target.honest(), "boot_id": chance.choice(boots)}, target.key)


def _formless(chance: random.Random, target: Target) -> Beat:
    beat = signed(target.honest(), target.key)
    name = chance.choice([one for one in beat if one != "type"])
    values: list[Any] = [None, -1, 1.5, MAX_INT + 1, "", "x" * 100, [], {}, True]
    ways: list[Callable[[], Beat]] = [
        lambda: {key: value for key, value in beat.items() if key != name},
        lambda: {**beat, "interview": OTHER_INTERVIEW},
        lambda: {**beat, name: chance.choice(values)},
    ]
    return chance.choice(ways)()


FORGES: Mapping[str, Forge] = {
    forge.__name__.strip("_"): forge
    for forge in (
        _replayed,
        _former_key,
        _second_tabs_key,
        _other_rooms_beat,
        _other_rooms_key,
        _other_interview,
        _unknown_key,
        _random_mac,
        _flipped_mac,
        _changed,
        _number_again,
        _nonce_unknown,
        _nonce_old,
        _clock_back,
        _clock_ahead,
        _other_page,
        _formless,
    )
}


def forgery(chance: random.Random, target: Target) -> tuple[str, Beat]:
    """Return one forged beat for the page's connection, and how it was made."""
    name = chance.choice(list(FORGES))
    return name, FORGES[name](chance, target)


def accepted(count: int, *, seed: int = 0) -> tuple[list[tuple[str, Beat]], int]:
    """Send so many forged beats; return those that were taken, and the honest ones.

    An honest beat goes through after every fiftieth, so that the page stays alive.
    """
    chance = random.Random(seed)
    target = Target.made(seed)
    taken: list[tuple[str, Beat]] = []
    honest = 0
    proof, page = target.world.proof, target.page
    for number in range(count):
        name, beat = forgery(chance, target)
        before = proof.last_beat
        with suppress(NBInterviewError):
            proof.beat(page.connection, beat)
        if proof.last_beat != before:
            taken.append((name, beat))
        if number % 50 == 0:
            last = proof.last_beat
            target.world.run(1.0)
            honest += proof.last_beat != last
    return taken, honest
