"""The pure parts: what is asked of bwrap, seccomp, Landlock and control groups."""

from __future__ import annotations

import errno
import json
import os
import posixpath
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview_kernels import (
    cgroup,
    command,
    kernelspec,
    landlock,
    refusal,
    rundir,
    seccomp,
)
from nbinterview_kernels.settings import MIB, Interpreter, Limits, SandboxSettings

SETTINGS = SandboxSettings(
    Interpreter("/srv/k/bin/python", ("/opt/python", "/srv/k")), "/run/nbk-x"
)
FDS = {"/etc/passwd": 7, "/run/stage.py": 8}


# bwrap


def test_bwrap_arguments_in_full() -> None:
    found = command.bwrap_arguments(SETTINGS, 5, FDS)
    start = """
        --unshare-user --disable-userns --unshare-ipc --unshare-pid --unshare-net
        --unshare-uts --unshare-cgroup-try --die-with-parent --new-session
        --hostname sandbox --uid 1000 --gid 1000 --cap-drop ALL --clearenv
        --size 67108864 --tmpfs /tmp --ro-bind /usr /usr --symlink usr/bin /bin
        --symlink usr/lib /lib --symlink usr/lib64 /lib64
        --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache
        --ro-bind /opt/python /opt/python --ro-bind /srv/k /srv/k
        --proc /proc --dev /dev --size 67108864 --tmpfs /home/candidate
        --size 33554432 --tmpfs /dev/shm --bind /run/nbk-x /run/k
        --perms 0444 --ro-bind-data 7 /etc/passwd
        --perms 0444 --ro-bind-data 8 /run/stage.py --chdir /home/candidate
    """.split()  # noqa: SIM905
    assert found[: len(start)] == start
    end = "--seccomp 5 --remount-ro /dev --remount-ro /".split()  # noqa: SIM905
    assert found[-len(end) :] == end
    middle = found[len(start) : -len(end)]
    assert middle[0::3] == ["--setenv"] * (len(middle) // 3)
    assert dict(zip(middle[1::3], middle[2::3], strict=True)) == command.environment(
        SETTINGS
    )


names = st.text("abcdefghijklmnop-._0123456789", min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)
paths = st.lists(names, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))


@given(prefixes=st.lists(paths, max_size=4), connection=paths)
def test_only_the_named_places_are_writable(
    prefixes: list[str], connection: str
) -> None:
    settings = SandboxSettings(
        Interpreter("/p/bin/python", tuple(prefixes)), connection
    )
    found = command.bwrap_arguments(settings, 3, {})
    writable = [found[n + 2] for n, part in enumerate(found) if part == "--bind"]
    assert writable == ["/run/k"]
    assert "--dev-bind" not in found
    assert "--share-net" not in found
    tmpfs = [n for n, part in enumerate(found) if part == "--tmpfs"]
    assert all(found[n - 2] == "--size" for n in tmpfs)
    # A later tmpfs would hide a bind below it.
    first_bind = next(n for n, part in enumerate(found) if part == "--ro-bind")
    assert found.index("/tmp") < first_bind


@given(prefix=paths, base=paths, executable=paths)
def test_interpreter_is_covered_and_nothing_twice(
    prefix: str, base: str, executable: str
) -> None:
    kept = command.interpreter("/p", prefix, base, executable + "/bin/python").prefixes
    for wanted in (prefix, base, executable):
        covering = ["/usr", *kept]
        path = posixpath.normpath(wanted)
        assert any(path == c or path.startswith(c + "/") for c in covering)
    for one in kept:
        assert one != "/"
        assert not any(one.startswith(other + "/") for other in ("/usr", *kept))


def test_interpreter_of_a_system_venv_needs_only_the_venv() -> None:
    found = command.interpreter("/v/bin/python", "/v", "/usr", "/usr/bin/python3.11")
    assert found.prefixes == ("/v",)


def test_launcher_starts_bwrap_with_almost_no_environment() -> None:
    task = command.launcher_task(SETTINGS, "/usr/bin/bwrap", 9, ["/g/cgroup.procs"])
    assert task["environment"] == {"PATH": "/usr/bin:/bin"}
    assert task["argv"][:4] == ["/usr/bin/bwrap", "--args", "9", "--"]
    assert task["cgroup_procs"] == ["/g/cgroup.procs"]
    assert task["rlimits"]["RLIMIT_CORE"] == 0
    assert json.loads(json.dumps(task)) == task


def test_stage_limits_processes_inside() -> None:
    task = command.stage_task(SETTINGS, 7, 4, ["/p", "-c", "x"])
    assert task["rlimits"] == {"RLIMIT_NPROC": 128}
    assert "RLIMIT_NPROC" not in command.outer_rlimits(SETTINGS.limits)
    assert task["landlock"] == landlock.ruleset(7)
    assert command.stage_task(SETTINGS, 0, 4, [])["landlock"] is None


def test_kernel_argv_names_the_connection_file_inside() -> None:
    argv = kernelspec.content("/srv/k/bin/python")["argv"]
    assert command.kernel_argv(argv)[-2:] == ["-f", "/run/k/c.json"]


# Kernelspec


def test_kernelspec_written_and_its_template(tmp_path: Path) -> None:
    target = kernelspec.write(tmp_path, "/opt/nbinterview/kernel/bin/python")
    assert target == tmp_path / "nbinterview-python3"
    written = (target / "kernel.json").read_text()
    template = Path(__file__).parents[2] / "kernels/specs/nbinterview-python3"
    if template.exists():  # not in the copy that a normal user tests
        assert written == (template / "kernel.json").read_text()
    found = json.loads(written)
    assert found["interrupt_mode"] == "message"
    provisioner = found["metadata"]["kernel_provisioner"]["provisioner_name"]
    assert provisioner == "nbinterview-bubblewrap"


@pytest.mark.parametrize("python", ["python3", "bin/python", None])
def test_kernelspec_needs_an_absolute_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str | None
) -> None:
    monkeypatch.delenv("NBINTERVIEW_KERNEL_PYTHON", raising=False)
    with pytest.raises(refusal.SandboxRefused, match="NBINTERVIEW_KERNEL_PYTHON"):
        kernelspec.write(tmp_path, python)


# seccomp


def test_netlink_gets_the_answer_that_libzmq_needs() -> None:
    answers = {rule.error for rule in seccomp.RULES if rule.syscall == "socket"}
    assert answers == {errno.EOPNOTSUPP}
    refused = {
        family
        for family in range(64)
        for rule in seccomp.RULES
        if rule.syscall == "socket" and rule.condition is not None
        if (rule.condition[1] == "EQ" and family == rule.condition[2])
        or (rule.condition[1] == "GT" and family > rule.condition[2])
    }
    assert set(range(64)) - refused == {0, 1, 2, 10}


def test_every_namespace_flag_is_refused() -> None:
    rules = [rule for rule in seccomp.RULES if rule.syscall == "clone"]
    assert {rule.condition for rule in rules} == {
        (0, "MASKED_EQ", bit)
        for bit in (
            0x00020000,  # mount
            0x02000000,  # cgroup
            0x04000000,  # host name
            0x08000000,  # ipc
            0x10000000,  # user
            0x20000000,  # pid
            0x40000000,  # net
        )
    }
    (clone3,) = [rule for rule in seccomp.RULES if rule.syscall == "clone3"]
    assert clone3.error == errno.ENOSYS


def test_program_compiles_once_and_knows_every_call() -> None:
    program = seccomp.program()
    assert program is seccomp.program()
    assert len(program.bpf) % 8 == 0
    assert len(program.bpf) > 8 * len(seccomp.RULES)
    assert program.unknown == ()


# Landlock


@given(st.integers(1, 20))
def test_landlock_never_asks_for_what_the_kernel_does_not_know(abi: int) -> None:
    rules = landlock.ruleset(abi)
    known = {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)
    assert rules["handled"] == (1 << known) - 1
    assert all(0 <= rights <= rules["handled"] for _, rights in rules["rules"])
    assert rules["scoped"] == (3 if abi >= 6 else 0)


def test_landlock_lets_no_file_into_the_connection_directory() -> None:
    for abi in range(1, 9):
        rights = dict(map(tuple, landlock.ruleset(abi)["rules"]))["/run/k"]
        refused = (
            landlock.WRITE_FILE
            | landlock.MAKE_REG
            | landlock.MAKE_SYM
            | landlock.MAKE_DIR
        )
        assert rights & refused == 0
        assert rights & landlock.MAKE_SOCK


def test_no_writable_landlock_rule_covers_the_connection_directory() -> None:
    for path, rights in landlock.RULES:
        above = path == "/" or "/run/k".startswith(path + "/")
        assert not (above and rights & (landlock.WRITE_FILE | landlock.MAKE_REG))


# Control groups

V1 = """\
25 24 0:22 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
26 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
27 24 0:24 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids
"""
V1_CPUACCT = "29 24 0:26 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
V2 = "28 24 0:25 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
LIMITS = Limits(memory_bytes=512 * MIB, processes=48, cpus=1.5)


def choose(
    mountinfo: str, own: str, *, controllers: str = "", at: str = ""
) -> cgroup.Plan:
    """Choose as on a machine whose v2 group `at` hands `controllers` down."""
    return cgroup.choose(
        "nbk-x",
        LIMITS,
        cgroup.parse_mounts(mountinfo),
        own,
        lambda group: frozenset(controllers.split() if group == at else ()),
        lambda _: True,
    )


def test_v1_values() -> None:
    plan = choose(V1, "/")
    assert plan.version == "v1"
    assert dict(plan.writes) == {
        "/sys/fs/cgroup/memory/nbk-x/memory.limit_in_bytes": "536870912",
        "/sys/fs/cgroup/pids/nbk-x/pids.max": "52",
        "/sys/fs/cgroup/cpu,cpuacct/nbk-x/cpu.cfs_period_us": "100000",
        "/sys/fs/cgroup/cpu,cpuacct/nbk-x/cpu.cfs_quota_us": "150000",
        "/sys/fs/cgroup/cpu,cpuacct/nbk-x/cpu.shares": "256",
    }
    assert dict(plan.optional) == {
        "/sys/fs/cgroup/memory/nbk-x/memory.memsw.limit_in_bytes": "536870912"
    }
    assert len(plan.procs) == 3
    assert plan.cpu_usage == "/sys/fs/cgroup/cpu,cpuacct/nbk-x/cpuacct.usage"


def test_v1_counts_cpu_in_a_hierarchy_of_its_own() -> None:
    plan = choose(V1.replace("cpu,cpuacct", "cpu") + V1_CPUACCT, "/")
    assert len(plan.procs) == 4
    assert plan.cpu_usage == "/sys/fs/cgroup/cpuacct/nbk-x/cpuacct.usage"
    without = choose(V1.replace("cpu,cpuacct", "cpu"), "/")
    assert without.cpu_usage == ""


def test_v2_values_beside_our_own_service() -> None:
    slice_ = "/sys/fs/cgroup/system.slice"
    plan = choose(
        V2, "/system.slice/room.service", controllers="cpu memory pids", at=slice_
    )
    assert plan.directories == (f"{slice_}/nbk-x",)
    assert plan.cpu_usage == f"{slice_}/nbk-x/cpu.stat"
    assert dict(plan.writes) == {
        f"{slice_}/nbk-x/memory.max": "536870912",
        f"{slice_}/nbk-x/pids.max": "52",
        f"{slice_}/nbk-x/cpu.max": "150000 100000",
        f"{slice_}/nbk-x/cpu.weight": "25",
    }
    assert (f"{slice_}/nbk-x/memory.swap.max", "0") in plan.optional


def test_v2_without_cpu_says_so() -> None:
    plan = choose(V2, "/a/b", controllers="memory pids", at="/sys/fs/cgroup/a")
    assert (plan.version, plan.cpu) == ("v2", False)


def test_hybrid_uses_v1_where_v2_has_no_memory() -> None:
    plan = choose(V1 + V2, "/", controllers="hugetlb", at="/sys/fs/cgroup")
    assert plan.version == "v1"


def test_nothing_usable_is_none() -> None:
    assert choose("", "/") == cgroup.NONE
    assert choose(V1.replace("rw,memory", "rw,blkio"), "/") == cgroup.NONE
    mounts = cgroup.parse_mounts(V1 + V2)
    refused = cgroup.choose(
        "n",
        LIMITS,
        mounts,
        "/",
        lambda _: frozenset({"memory", "pids"}),
        lambda _: False,
    )
    assert refused == cgroup.NONE


@given(paths)
def test_v2_search_stays_within_the_mount(own: str) -> None:
    parents = cgroup.v2_parents("/sys/fs/cgroup", own)
    assert parents[0] == "/sys/fs/cgroup" + own
    assert parents[-1] == "/sys/fs/cgroup"
    assert len(set(parents)) == len(parents)


def test_own_v2_path() -> None:
    assert cgroup.parse_own_v2("4:memory:/x\n0::/user.slice/a\n") == "/user.slice/a"
    assert cgroup.parse_own_v2("4:memory:/x\n") == "/"


def test_failed_group_leaves_nothing(tmp_path: Path) -> None:
    group = tmp_path / "g"
    wanted = cgroup.Plan("v2", (str(group),), ((f"{group}/no/such", "1"),))
    with pytest.raises(OSError, match="no/such"):
        cgroup.create(wanted)
    assert not group.exists()


def test_oom_kills_are_read(tmp_path: Path) -> None:
    plan = cgroup.Plan("v2", (str(tmp_path),))
    events = tmp_path / "memory.events"
    events.write_text("low 0\nhigh 0\nmax 9\noom 1\noom_kill 0\n")
    assert cgroup.out_of_memory(plan) is False
    events.write_text("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n")
    assert cgroup.out_of_memory(plan) is True
    assert cgroup.out_of_memory(cgroup.NONE) is False


# Connection directories


@given(paths)
def test_socket_names_fit_the_limit_exactly(directory: str) -> None:
    whole = f"{directory}/nbk-abcdefgh/k/s-5"
    assert rundir.fits(directory) is (len(whole.encode()) <= 107)


def test_too_long_or_closed_directories_are_passed_over(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    assert rundir.base([str(long), "/no/such", "/tmp"]) == Path("/tmp")
    with pytest.raises(rundir.NoRunDirectory):
        rundir.base([str(long), "/no/such"])


def test_sweep_takes_only_what_is_unlocked_old_and_ours(tmp_path: Path) -> None:
    me = {os.geteuid()}
    living = rundir.RunDirectory(tmp_path, None)
    dead = tmp_path / "nbk-deadbeef"
    dead.mkdir()
    (tmp_path / "nbk-link").symlink_to(dead)
    (tmp_path / "other").mkdir()
    later = dead.stat().st_mtime + 3600
    assert rundir.sweep(tmp_path, me, dead.stat().st_mtime) == []
    assert rundir.sweep(tmp_path, {12345}, later) == []
    assert rundir.sweep(tmp_path, me, later) == ["nbk-deadbeef"]
    assert living.path.is_dir()
    living.remove()
    living.remove()
    assert not living.path.exists()


# Who may read


@given(mode=st.integers(0, 0o777), owner=st.booleans(), group=st.booleans())
def test_closed_directories_follow_the_unix_rule(
    mode: int, owner: bool, group: bool
) -> None:
    def look(path: str) -> os.stat_result:
        is_home = path == "/home/x"
        kind = stat.S_IFDIR | (mode if is_home else 0o755)
        ids = (9 if owner else 0, 9 if group else 0) if is_home else (0, 0)
        return os.stat_result((kind, 0, 0, 1, *ids, 0, 0, 0, 0))

    shift = 6 if owner else 3 if group else 0
    allowed = bool(mode >> shift & 1)
    found = refusal.first_closed("/home/x/venv", 9, 9, look)
    assert found == (None if allowed else "/home/x")
