"""The corpus in batches, each in a fresh room and a fresh stock server, bisected."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from playwright.async_api import Browser
from playwright.async_api import Error as BrowserError

from tests.attacks.xss.browser import Hits, chromium
from tests.attacks.xss.canary import Canary
from tests.attacks.xss.payloads import Payload
from tests.attacks.xss.stages import READY, stage

BATCH = 40
BATCH_S = 420.0
FAILURES = (AssertionError, BrowserError, OSError, TimeoutError)


@dataclass
class Outcome:
    """What payloads did on one side."""

    tried: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    """Payloads that could not be tried, and why; a result with one is none."""
    hits: Hits = field(default_factory=Hits)

    def take(self, other: Outcome) -> None:
        """Add what another batch did."""
        self.tried |= other.tried
        self.refused |= other.refused
        self.failed |= other.failed
        self.hits.found |= other.hits.found


async def batch(kind: str, browser: Browser, payloads: Sequence[Payload]) -> Outcome:
    """Try payloads together: live while they come, and after a reload."""
    canary = Canary()
    try:
        async with stage(kind, browser, canary) as made, made.interviewer() as person:
            await made.fill(payloads)
            await person.sweep()
            await person.reload(READY)
            await person.sweep()
            tried = {one.id for one in payloads}
            return Outcome(tried, made.refused, {}, await person.collect())
    finally:
        canary.close()


Try = Callable[[Sequence[Payload]], Awaitable[Outcome]]


async def bisected(payloads: Sequence[Payload], attempt: Try) -> Outcome:
    """Try payloads; in halves when together they fail, or a hit names none of them.

    A payload may take the page down that all share, or hide behind another's name.
    """
    try:
        found = await asyncio.wait_for(attempt(payloads), BATCH_S)
    except FAILURES as error:
        if len(payloads) == 1:
            words = f"{type(error).__name__}: {error}".splitlines()[0]
            return Outcome(failed={payloads[0].id: words})
    else:
        ids = {one.id for one in payloads}
        unknown = found.hits.ids() - ids
        if not unknown:
            return found
        if len(payloads) == 1:
            found.hits.found = {(payloads[0].id, at) for _, at in found.hits.found}
            return found
    both = Outcome()
    for half in (payloads[: len(payloads) // 2], payloads[len(payloads) // 2 :]):
        both.take(await bisected(half, attempt))
    return both


def batches(payloads: Sequence[Payload]) -> Iterator[Sequence[Payload]]:
    """Yield payloads in batches, those of one kind spread over all."""
    count = -(-len(payloads) // BATCH)
    for number in range(count):
        yield payloads[number::count]


async def everything(
    kinds: Sequence[str], payloads: Sequence[Payload]
) -> dict[str, Outcome]:
    """Try all payloads on each side, the sides in turns."""
    found = {kind: Outcome() for kind in kinds}
    for number, some in enumerate(batches(payloads)):
        for kind in kinds if number % 2 == 0 else list(reversed(kinds)):
            # A browser for each batch: what one payload does to it ends with it.
            async with chromium() as browser:

                async def attempt(
                    part: Sequence[Payload],
                    kind: str = kind,
                    browser: Browser = browser,
                ) -> Outcome:
                    return await batch(kind, browser, part)

                found[kind].take(await bisected(some, attempt))
            progress(kind, found[kind], len(payloads))
    return found


def progress(what: str, found: Outcome, of: int) -> None:
    """Say on stderr how far it is."""
    print(
        f"  {what}: {len(found.tried)} of {of} tried, {len(found.hits.ids())} did "
        f"something, {len(found.refused)} refused, {len(found.failed)} failed",
        file=sys.stderr,
        flush=True,
    )
