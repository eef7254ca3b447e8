"""What a kernel uses: the numbers' texts, and a kernel that really uses something."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.schemas import check
from nbinterview_kernels import cgroup, usage
from nbinterview_kernels.settings import MIB, Limits
from tests.kernels.driver import Kernel, eventually


def test_texts_of_the_kernel_are_read() -> None:
    assert usage.parse_v1_cpu("2500000000\n") == 2.5
    assert usage.parse_v2_cpu("usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n") == 1.5
    stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 " + "100 50 25 25 20 0 1 0 9"
    assert usage.parse_process_cpu(stat) == 200 / usage._TICKS_PER_S
    # v1 counts groups below in its totals only; v2 has one number.
    v1 = "cache 9\ninactive_file 1\ntotal_inactive_file 300\n"
    assert usage.parse_memory("1000\n", v1) == 700
    assert usage.parse_memory("1000\n", "anon 5\ninactive_file 100\n") == 900
    assert usage.parse_memory("50\n", "inactive_file 100\n") == 0


times = st.floats(0, 1e6)


@given(times, times, st.one_of(st.none(), times), st.one_of(st.none(), times))
def test_a_rate_is_never_negative_and_needs_two_looks(
    first_s: float, second_s: float, before: float | None, after: float | None
) -> None:
    old, new = (
        usage.Sample(first_s, before, 0, 0),
        usage.Sample(second_s, after, 0, 0),
    )
    found = usage.rate(old, new)
    if None in (before, after) or second_s <= first_s:
        assert found is None
    else:
        assert found is not None
        assert found >= 0
    assert usage.rate(None, new) is None


def test_a_limit_that_is_not_set_is_null() -> None:
    bound = usage.bounds(Limits(cpus=2.0), cgroup.NONE)
    assert bound.cpus is None
    assert bound.memory_bytes == 1024 * MIB
    told = usage.message(None, usage.Sample(1.0, None, None, None), bound)
    check(told, "live", "UsageMessage")
    assert told["cpu_share"] is told["memory_bytes"] is told["disk_bytes"] is None


BUSY = f"""
import time, os
hog = bytearray(os.urandom(1 << 20)) * 200
open("/tmp/fill", "wb").write(bytes({20 * MIB}))
open("/home/candidate/fill", "wb").write(bytes({10 * MIB}))
until = time.monotonic() + 60
while time.monotonic() < until: pass
"""


def test_a_busy_kernel_is_measured(fresh: Callable[..., Kernel]) -> None:
    measured(fresh())


def test_without_a_control_group_too(
    fresh: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "plan", lambda _name, _limits: cgroup.NONE)
    kernel = fresh()
    assert kernel.provisioner.layers["cgroup"] == "none"
    measured(kernel)


def measured(kernel: Kernel) -> None:
    """Let a kernel use something, and look whether it is seen."""
    meter = kernel.provisioner.meter()
    before = meter.read(time.monotonic())
    check(before, "live", "UsageMessage")
    assert before["cpu_share"] is None
    assert before["disk_limit_bytes"] == 160 * MIB
    assert before["disk_bytes"] < 4 * MIB
    kernel.send(BUSY)

    def full() -> bool:
        found = meter.read(time.monotonic())
        check(found, "live", "UsageMessage")
        return bool(
            found["memory_bytes"] >= before["memory_bytes"] + 190 * MIB
            and 30 * MIB <= found["disk_bytes"] <= 36 * MIB
            and found["cpu_share"] > 0.1
        )

    eventually(full, "the use was not seen")
    limited = kernel.provisioner.layers["cpu_limit"]
    assert meter.read(time.monotonic())["cpu_limit"] == (1.0 if limited else None)
    kernel.manager.shutdown_kernel(now=True)
    assert kernel.provisioner.meter() is None
    gone = meter.read(time.monotonic())
    assert gone["disk_bytes"] is None
