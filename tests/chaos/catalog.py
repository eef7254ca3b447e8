"""The fault matrix: what is done, by which trial, and how soon it must be over."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import faults_kernel, faults_platform, faults_record, faults_room
from tests.chaos.stage import Stage, Trial

Play = Callable[[Stage, int], Coroutine[Any, Any, Trial]]


@dataclass(frozen=True)
class Fault:
    """One line of the matrix."""

    number: int
    title: str
    play: Play
    bounds: Mapping[str, float] = field(default_factory=dict)
    """The most that each measure may be, as p95 of all trials."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of measures that are not in s."""


ATTACKED = {"edits under attack, p95, over quiet": 1.5}
TIMES = {"edits under attack, p95, over quiet": "x"}
MATRIX = (
    Fault(1, "the hub killed", faults_platform.hub_killed, {"a new login": 10.0}),
    Fault(2, "the proxy killed", faults_platform.proxy_killed, {"reconnected": 3.0}),
    Fault(
        3,
        "the room's server killed",
        faults_room.room_killed,
        {"reconnected after the room was up": 5.0, "room back after kill -9": 5.0},
    ),
    Fault(
        4,
        "the kernel out of memory",
        faults_kernel.out_of_memory,
        {"death on record": 2.0, "fresh kernel": 1.0},
    ),
    Fault(
        5,
        "a fork bomb, a disk filler, a busy loop",
        faults_kernel.hostile_cell,
        ATTACKED,
        TIMES,
    ),
    Fault(
        6,
        "the journal's writer killed at every write",
        faults_record.crashes,
        {"recovery": 2.0},
    ),
    Fault(7, "the database locked by another process", faults_room.locked),
    Fault(
        8,
        "the disk full",
        faults_room.disk_full,
        {"alarm shown": 3.0},
    ),
    Fault(
        9,
        "the page loaded again",
        faults_room.reloaded,
        {"gap beyond the reload": 0.5},
    ),
    Fault(10, "the tab crashed", faults_room.tab_crashed),
    Fault(
        11,
        "the network gone",
        faults_room.line_cut,
        {"converged after the line was back": 1.5},
    ),
    Fault(12, "200 ms late, 5 % lost", faults_room.lagging),
    Fault(13, "clocks an hour off, and back", faults_room.clocks_jump),
    Fault(14, "repeated, reordered, replayed", faults_room.repeated),
    Fault(
        15,
        "two tabs of one candidate",
        faults_room.two_tabs,
        {"the second tab shown": 2.0},
    ),
    Fault(16, "the machine asleep", faults_room.asleep),
    Fault(
        17,
        "the worker ended, the camera gone",
        faults_room.worker_gone,
        {"the lost camera shown": 3.0},
    ),
    Fault(
        18,
        "malformed edits, huge outputs, floods",
        faults_kernel.floods,
        ATTACKED,
        TIMES,
    ),
    Fault(19, "the interviewer's page away", faults_room.panel_restarted),
    Fault(
        20,
        "the room's key lost, the platform's rotated",
        faults_platform.keys,
        {"a checkpoint by the new key": 3.0},
    ),
)
