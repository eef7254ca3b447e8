"""Thirty payloads, twelve honest outputs, and that a hit would be seen."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.attacks.xss.browser import chromium, person
from tests.attacks.xss.canary import Canary
from tests.attacks.xss.corpus import corpus
from tests.attacks.xss.honest import compare
from tests.attacks.xss.honest.cases import CASES, EVERYDAY
from tests.attacks.xss.honest.reasons import REASONS
from tests.attacks.xss.payloads import IN_ROOM, WAYS, chosen, script
from tests.attacks.xss.run import Outcome, batch, bisected

SEED = 20261122
LEAST = 300


def test_the_corpus_is_large_and_its_payloads_differ() -> None:
    payloads = corpus()
    assert len({one.mechanism for one in payloads}) >= LEAST
    assert len({one.id for one in payloads}) == len(payloads)
    assert {one.way for one in payloads} == set(WAYS)
    contents = {(one.way, repr(one.content)) for one in payloads}
    assert len(contents) == len(payloads)
    for one in payloads:
        filled = repr(one.filled("http://127.0.0.1:1"))
        assert "%JS" not in filled
        assert "%URL%" not in filled


@pytest.mark.asyncio
async def test_what_runs_is_seen_wherever_it_runs() -> None:
    canary = Canary()
    try:
        async with chromium() as browser, person(browser, canary) as staff:
            frame = f"<script>{script('frame')}</script>"
            canary.page = f"""<button onclick="{script("clicked")}">x</button>
                <img src=x onerror="{script("page")}">
                <iframe sandbox="allow-scripts" srcdoc="{frame}"></iframe>
                <img src=x onerror="alert('xss-dialog')">
                <img src=x onerror="localStorage.setItem('xss-storage', 1)">
                <img src='{canary.url}/c/network'>"""
            await staff.open(canary.url)
            await staff.sweep(None)
            expected = {
                *(("page", "page"), ("clicked", "page"), ("frame", "frame")),
                *(("dialog", "dialog"), ("storage", "storage")),
                ("network", "network"),
            }
            deadline_s = time.monotonic() + 20
            while not expected <= (await staff.collect()).found:
                assert time.monotonic() < deadline_s, staff.hits.found
                await staff.page.wait_for_timeout(100)
    finally:
        canary.close()


@pytest.mark.asyncio
async def test_nothing_of_a_candidate_runs_in_the_interviewers_page() -> None:
    payloads = chosen(corpus(), 30, seed=SEED)
    assert {one.way for one in payloads} == set(IN_ROOM)
    async with _browser() as browser:
        found = await bisected(payloads, lambda some: batch("ours", browser, some))
    assert found.failed == {}
    assert found.tried == {one.id for one in payloads}
    assert found.hits.found == set()


@pytest.mark.asyncio
async def test_honest_outputs_look_as_in_stock() -> None:
    async with _browser() as browser:
        found = await compare.pairs(browser, {name: CASES[name] for name in EVERYDAY})
    other = {p.name: p.similarity for p in found if p.similarity < compare.ALIKE}
    if (unexplained := other.keys() - REASONS.keys()) and (
        kept := os.environ.get("NBINTERVIEW_ARTIFACTS")
    ):
        differing = [pair for pair in found if pair.name in unexplained]
        compare.keep(differing, Path(kept) / "honest-outputs")
    assert not unexplained, other


@pytest.mark.asyncio
async def test_a_hit_without_a_name_is_found_by_halves() -> None:
    """`bisected` splits until the payload is alone whose hit names nobody."""
    payloads = chosen(corpus(), 8, seed=SEED)
    guilty = payloads[5].id
    sizes: list[int] = []

    async def attempt(some):  # type: ignore[no-untyped-def]  # a stand-in for a batch
        sizes.append(len(some))
        outcome = Outcome({one.id for one in some})
        if guilty in outcome.tried:
            outcome.hits.add("somebody", "page")
        return outcome

    found = await bisected(payloads, attempt)
    assert found.hits.found == {(guilty, "page")}
    assert found.tried == {one.id for one in payloads}
    assert sizes.count(1) == 2


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser
