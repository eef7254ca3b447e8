"""Every attack that was measured, as a cell in a real sandboxed kernel.

The whole file also runs as a normal user: see `test_normal_user.py`.
"""

from __future__ import annotations

import os
import queue
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbinterview_kernels import cgroup, landlock, processes
from tests.kernels.driver import PRELUDE, SECRET, Kernel, eventually

MIB = 1 << 20


@pytest.fixture
def listener() -> Iterator[int]:
    """A server on the host's loopback; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


# Powers


def test_no_powers(kernel: Kernel) -> None:
    status = kernel.value(
        "lines = open('/proc/self/status').read().splitlines()\n"
        "say(dict(l.split(':\\t', 1) for l in lines if ':\\t' in l))"
    )
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"
    assert status["Groups"].split() in ([], ["65534"], ["1000"])
    assert set(status["Uid"].split()) == {"1000"}


def test_real_user_is_not_root(kernel: Kernel) -> None:
    outer = kernel.provisioner.pid
    inside = processes.descendants(outer)
    assert len(inside) >= 2
    for pid in (outer, *inside):
        owner = Path(f"/proc/{pid}").stat().st_uid
        assert owner == kernel.provisioner.layers["uid"] != 0


def test_sees_only_its_own_processes(kernel: Kernel) -> None:
    pids = kernel.value("say([int(n) for n in os.listdir('/proc') if n.isdigit()])")
    assert {1, 2} <= set(pids)
    assert len(pids) == len(processes.descendants(kernel.provisioner.pid))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("libc.unshare(0x10000000)", "EPERM"),
        ("libc.unshare(0x00020000)", "EPERM"),
        ("libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)", "EPERM"),
        ("libc.umount2(b'/tmp', 0)", "EPERM"),
        ("libc.chroot(b'/tmp')", "EPERM"),
        ("libc.ptrace(16, 1, 0, 0)", "EPERM"),
        ("libc.syscall(250, 0, 0, 0, 0, 0)", "EPERM"),  # keyctl
        ("libc.syscall(321, 0, 0, 0)", "EPERM"),  # bpf
        ("libc.syscall(425, 1, 0)", "EPERM"),  # io_uring_setup
        ("libc.syscall(435, 0, 0)", "ENOSYS"),  # clone3
        ("libc.syscall(56, 0x10000011, 0, 0, 0, 0)", "EPERM"),  # clone, new user ns
        ("libc.syscall(319, b'x', 0)", "ENOSYS"),  # memfd_create
        ("libc.shmget(0, 4096, 0o1600)", "ENOSYS"),
        ("libc.mknod(b'/tmp/zero', 0o20666, 0x105)", "EPERM"),
        ("libc.kill(1, 0)", "EPERM"),
    ],
)
def test_refused_call(kernel: Kernel, call: str, expected: str) -> None:
    found = kernel.value(f"""
libc = ctypes.CDLL(None, use_errno=True)
result = {call}
say([result, errno.errorcode.get(ctypes.get_errno())])
""")
    assert found == [-1, expected]


# Sight


def test_environment_holds_nothing_of_the_server(kernel: Kernel) -> None:
    found = kernel.value("""
def read(pid):
    try:
        return open(f"/proc/{pid}/environ", "rb").read().decode()
    except OSError as e:
        return errno.errorcode[e.errno]
say({"own": dict(os.environ), "1": read(1), "2": read(2)})
""")
    assert SECRET not in str(found)
    assert found["1"] == "EACCES"
    assert "JUPYTER" not in " ".join(found["own"])


def test_process_1_itself_was_given_nothing(kernel: Kernel) -> None:
    """Seen from the host: even without Landlock there would be nothing to leak."""
    (process_1,) = processes.children(kernel.provisioner.pid)
    for pid in (kernel.provisioner.pid, process_1):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert environment == b"PATH=/usr/bin:/bin\0"


def test_host_paths_are_not_in_command_lines(kernel: Kernel) -> None:
    found = kernel.value("say(open('/proc/1/cmdline').read())")
    assert "--args" in found
    assert str(kernel.directory) not in found


def test_host_files_are_not_there(kernel: Kernel, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    paths = [
        *("/etc/shadow", "/etc/hostname", "/root", "/var/log", "/sys", "/work", "/mnt"),
        *("/proc/1/root/etc/shadow", "/proc/1/cwd/etc", "/home/candidate/.."),
        *(str(secret), str(kernel.directory), str(Path(__file__).parent)),
    ]
    found = kernel.value(f"say([attempt(lambda: os.listdir(p)) for p in {paths}])")
    by_path = dict(zip(paths, found, strict=True))
    assert by_path.pop("/home/candidate/..") == "allowed"
    assert set(by_path.values()) <= {"ENOENT", "EACCES"}, by_path
    assert kernel.value("say(os.listdir('/home'))") == ["candidate"]
    assert "candidate" in kernel.value("say(open('/etc/passwd').read())")
    assert kernel.value("say(len(open('/etc/passwd').readlines()))") == 1


def test_no_descriptor_of_the_launcher_is_left(kernel: Kernel) -> None:
    links = kernel.value("""
links = []
for name in os.listdir("/proc/self/fd"):
    try:
        links.append(os.readlink(f"/proc/self/fd/{name}"))
    except FileNotFoundError:
        pass
say(links)
""")
    assert not [link for link in links if "memfd:nbinterview" in link]
    assert not [link for link in links if "seccomp" in link]


def test_raw_stderr_is_bounded(kernel: Kernel) -> None:
    """A cell can find the descriptor that the kernel had as stderr, and flood it."""
    found = kernel.value("""
fd = [int(n) for n in os.listdir("/proc/self/fd") if n.isdigit() and int(n) > 2
      and os.path.exists(f"/proc/self/fd/{n}") is not None
      and "memfd:stderr" in str(os.path.realpath(f"/proc/self/fd/{n}"))]
total = 0
for each in fd:
    try:
        while total < 10_000_000:
            total += os.write(each, b"x" * 4096)
    except OSError:
        pass
say([len(fd), total])
""")
    assert found[0] >= 1
    assert found[1] <= 64 * 1024


# Network


def test_host_loopback_is_out_of_reach(kernel: Kernel, listener: int) -> None:
    found = kernel.value(
        f"say(attempt(lambda: socket.create_connection(('127.0.0.1', {listener}), 3)))"
    )
    assert found == "ECONNREFUSED"


@pytest.mark.parametrize("address", ["192.0.2.1", "169.254.169.254", "10.0.0.1"])
def test_network_is_out_of_reach(kernel: Kernel, address: str) -> None:
    found = kernel.value(
        f"say(attempt(lambda: socket.create_connection(('{address}', 80), 3)))"
    )
    assert found == "ENETUNREACH"


def test_names_do_not_resolve(kernel: Kernel) -> None:
    result = kernel.run("import socket; socket.getaddrinfo('example.org', 80)")
    assert result.error.startswith("gaierror")


def test_abstract_socket_of_the_host(kernel: Kernel) -> None:
    name = f"nbinterview-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0" + name)
        server.listen()
        found = kernel.value(
            "s = socket.socket(socket.AF_UNIX)\n"
            f"say(attempt(lambda: s.connect('\\0{name}')))"
        )
    assert found in ("ECONNREFUSED", "EPERM")


@pytest.mark.parametrize("family", [16, 17, 38, 40, 3, 9, 31, 44])
def test_socket_family_is_refused(kernel: Kernel, family: int) -> None:
    """Netlink, packet, alg, vsock, ax25, x25, bluetooth, xdp."""
    found = kernel.value(
        f"say([attempt(lambda: socket.socket({family}, kind)) for kind in (1, 2, 3)])"
    )
    assert found == ["ENOTSUP"] * 3  # the same number as EOPNOTSUPP


# Writes


def test_system_is_read_only(kernel: Kernel, python: str) -> None:
    venv = Path(python).parent.parent
    places = ["/", "/usr", "/etc", "/dev", "/run", "/var", "/home", "/proc", str(venv)]
    found = kernel.value(
        f"say([attempt(lambda: open(p + '/x', 'w')) for p in {places}])"
    )
    by_place = dict(zip(places, found, strict=True))
    assert set(by_place.values()) <= {"EROFS", "EACCES", "ENOENT"}, by_place


def test_roots_are_mounted_read_only(kernel: Kernel) -> None:
    """Landlock alone must not be what keeps / and /dev from being filled."""
    mounts = kernel.value("say([l.split()[4:6] for l in open('/proc/self/mountinfo')])")
    writable = {path for path, options in mounts if "ro" not in options.split(",")}
    tmpfs = {"/tmp", "/home/candidate", "/dev/shm"}
    devices = {path for path in writable if path.startswith("/dev/")} - tmpfs
    assert devices <= {
        f"/dev/{name}"
        for name in "null zero full random urandom tty pts console ptmx".split()  # noqa: SIM905
    }
    assert writable - devices == tmpfs | {"/proc", "/run/k"}


@pytest.mark.parametrize(
    ("place", "most_mib"), [("/tmp", 65), ("/home/candidate", 65), ("/dev/shm", 33)]
)
def test_disk_flood_ends(kernel: Kernel, place: str, most_mib: int) -> None:
    found = kernel.value(f"""
total, path, code = 0, "{place}/flood", None
try:
    for n in range(300):
        with open(f"{{path}}{{n}}", "wb") as f:
            f.write(bytes({MIB}))
        total += 1
except OSError as e:
    code = errno.errorcode[e.errno]
for n in range(300):
    if os.path.exists(f"{{path}}{{n}}"):
        os.unlink(f"{{path}}{{n}}")
say([total, code])
""")
    assert found[1] == "ENOSPC"
    assert 20 <= found[0] <= most_mib


def test_connection_directory_takes_no_data(kernel: Kernel) -> None:
    found = kernel.value("""
say([
    attempt(lambda: open("/run/k/flood", "wb").write(bytes(4096))),
    attempt(lambda: open("/run/k/c.json", "ab").write(b" " * 4096)),
    attempt(lambda: os.mkdir("/run/k/d")),
    attempt(lambda: os.symlink("/etc", "/run/k/l")),
    attempt(lambda: os.mkfifo("/run/k/f")),
])
""")
    assert set(found) <= {"EACCES", "EPERM"}
    names = {path.name for path in kernel.directory.iterdir()}
    assert names == {"c.json", "s-1", "s-2", "s-3", "s-4", "s-5"}


def test_one_huge_file_ends(kernel: Kernel) -> None:
    found = kernel.value("""
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("/dev/shm/huge", "wb") as f:
    say(attempt(lambda: os.ftruncate(f.fileno(), 1 << 40)))
os.unlink("/dev/shm/huge")
""")
    assert found == "EFBIG"


# Floods of processes


def test_fork_bomb_is_stopped_and_the_kernel_lives(kernel: Kernel) -> None:
    found = kernel.value("""
import time
pids, code = [], None
while len(pids) < 1000:
    try:
        pid = os.fork()
    except OSError as e:
        code = errno.errorcode[e.errno]
        break
    if pid == 0:
        time.sleep(30)
        os._exit(0)
    pids.append(pid)
for pid in pids:
    os.kill(pid, 9)
for pid in pids:
    os.waitpid(pid, 0)
say([len(pids), code])
""")
    assert found[1] == "EAGAIN"
    assert 50 <= found[0] <= 128
    assert kernel.value("say(1)") == 1


def test_thread_bomb_is_stopped_and_the_kernel_lives(kernel: Kernel) -> None:
    found = kernel.value("""
import threading
stop, threads, failed = threading.Event(), [], False
while len(threads) < 1000 and not failed:
    thread = threading.Thread(target=stop.wait)
    try:
        thread.start()
    except RuntimeError:
        failed = True
    else:
        threads.append(thread)
stop.set()
for thread in threads:
    thread.join()
say([len(threads), failed])
""")
    assert found[1] is True
    assert found[0] <= 128
    assert kernel.value("say(1)") == 1


# Floods that end the kernel


def test_memory_bomb_ends_the_kernel_and_is_named(
    fresh: Callable[..., Kernel],
) -> None:
    kernel = fresh(memory_mib=256)
    kernel.send(
        "hog = []\nimport time\n"
        f"while True:\n    hog.append(bytearray({8 * MIB})); time.sleep(0.01)"
    )
    eventually(kernel.dead, "the death was not noticed")
    assert kernel.provisioner.last_death == "memory"
    kernel.manager.restart_kernel(now=True)
    kernel.drain()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.value("say(1)") == 1


def test_many_processes_cannot_share_a_memory_bomb(
    fresh: Callable[..., Kernel],
) -> None:
    # From outside it is looked at twice a second: what counts is that it does not last.
    kernel = fresh(memory_mib=256)
    request = kernel.send(f"""{PRELUDE}
import time
children = []
for n in range(10):
    pid = os.fork()
    if pid == 0:
        hog = bytearray(os.urandom({MIB})) * 100
        open(f"/tmp/full-{{n}}", "w").close()
        time.sleep(120)
        os._exit(0)
    children.append(pid)
full, gone = set(), set()
while len(full | gone) < 10:
    for n, pid in enumerate(children):
        if n not in gone and os.waitpid(pid, os.WNOHANG) != (0, 0):
            gone.add(n)
        elif os.path.exists(f"/tmp/full-{{n}}"):
            full.add(n)
    time.sleep(0.1)
time.sleep(3)
for n, pid in enumerate(children):
    if n not in gone and os.waitpid(pid, os.WNOHANG) != (0, 0):
        gone.add(n)
say(len(full - gone))
""")
    eventually(
        lambda: kernel.dead() or kernel.replied(request),
        "neither an answer nor a death",
        deadline_s=60,
    )
    if kernel.dead():
        assert kernel.provisioner.last_death == "memory"
    else:
        assert kernel.outputs(request).value() <= 2


def test_flood_of_empty_files_ends_the_kernel(fresh: Callable[..., Kernel]) -> None:
    """A tmpfs of a sandbox has a size, but no bound on its number of files."""
    kernel = fresh(memory_mib=256)
    kernel.send("""
import os
n = 0
while True:
    os.close(os.open(f"/tmp/{n}", os.O_CREAT))
    n += 1
""")
    eventually(kernel.dead, "the flood goes on", deadline_s=60)
    assert kernel.provisioner.last_death in ("memory", "files")


def test_huge_allocation_is_an_error_not_a_death(kernel: Kernel) -> None:
    result = kernel.run("bytearray(1 << 40)")
    assert result.error.startswith("MemoryError")
    result = kernel.run("import numpy; numpy.ones(1 << 31)")
    assert "MemoryError" in result.error
    assert kernel.value("say(1)") == 1


def test_socket_flood_on_the_host_ends_the_kernel(
    fresh: Callable[..., Kernel],
) -> None:
    kernel = fresh()
    kernel.send(f"""{PRELUDE}
import time
for n in range(200):
    s = socket.socket(socket.AF_UNIX)
    s.bind(f"/run/k/x{{n}}")
    s.close()
time.sleep(60)
""")
    eventually(kernel.dead, "200 sockets in the host's directory are still fine")
    assert kernel.provisioner.last_death == "connections"


def test_without_landlock_it_is_said_and_the_host_disk_is_watched(
    fresh: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    kernel = fresh()
    assert kernel.provisioner.layers["landlock_abi"] == 0
    assert "Landlock" in kernel.provisioner.layers["weaker"][0]
    environment = kernel.value("say(open('/proc/1/environ').read())")
    assert environment == "PATH=/usr/bin:/bin\0"
    kernel.send(
        "import time\n"
        "with open('/run/k/flood', 'wb') as f:\n"
        f"    f.write(bytes({4 * MIB}))\n"
        "time.sleep(60)"
    )
    eventually(kernel.dead, "4 MiB on the host's disk are still fine")
    assert kernel.provisioner.last_death == "connections"


def test_a_kernel_that_replaces_its_sockets_harms_only_itself(
    fresh: Callable[..., Kernel],
) -> None:
    """It may remove its sockets and make others; the server ends it as ever."""
    kernel = fresh()
    kernel.send(f"""{PRELUDE}
import threading, time
for n in range(1, 6):
    os.unlink(f"/run/k/s-{{n}}")
    fake = socket.socket(socket.AF_UNIX)
    fake.bind(f"/run/k/s-{{n}}")
    fake.listen()
    def garbage(fake=fake):
        while True:
            peer, _ = fake.accept()
            try:
                peer.sendall(bytes(range(256)) * 4096)
            except OSError:
                pass
    threading.Thread(target=garbage, daemon=True).start()
open("/tmp/replaced", "w").close()
time.sleep(60)
""")
    root = processes.descendants(kernel.provisioner.pid)[-1]
    replaced = Path(f"/proc/{root}/root/tmp/replaced")
    eventually(replaced.exists, "the sockets were not replaced")
    client = kernel.manager.client()
    client.start_channels(hb=False)
    client.kernel_info()
    with pytest.raises(queue.Empty):
        client.get_shell_msg(timeout=1)
    client.stop_channels()
    assert kernel.manager.is_alive()
    kernel.manager.restart_kernel(now=True)
    kernel.drain()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.value("say(1)") == 1


def test_cpu_is_limited_where_there_is_a_control_group(kernel: Kernel) -> None:
    """Four busy processes get one processor, however many there are."""
    share = kernel.value("""
import time
began, pids, spent = time.monotonic(), [], 0.0
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        until = time.monotonic() + 2
        while time.monotonic() < until: pass
        os._exit(0)
    pids.append(pid)
for pid in pids:
    usage = os.wait4(pid, 0)[2]
    spent += usage.ru_utime + usage.ru_stime
say(spent / (time.monotonic() - began))
""")
    if kernel.provisioner.layers["cpu_limit"]:
        assert share <= 1.3
    else:
        assert any(
            "CPU is not limited" in one for one in kernel.provisioner.layers["weaker"]
        )


def test_without_a_control_group_files_are_counted(
    fresh: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "plan", lambda _name, _limits: cgroup.NONE)
    kernel = fresh()
    assert kernel.provisioner.layers["cgroup"] == "none"
    kernel.send("""
import os
n = 0
while True:
    os.close(os.open(f"/tmp/{n}", os.O_CREAT))
    n += 1
""")
    eventually(kernel.dead, "the flood goes on", deadline_s=60)
    assert kernel.provisioner.last_death == "files"


def test_nobody_else_may_enter_the_connection_directory(kernel: Kernel) -> None:
    assert kernel.directory.stat().st_mode & 0o777 == 0o700
    assert (kernel.directory / "c.json").stat().st_mode & 0o777 == 0o600
    assert len(str(kernel.directory / "s-5")) <= 107


def test_layers_in_force_are_reported(kernel: Kernel) -> None:
    layers = kernel.provisioner.layers
    assert layers["seccomp"] is True
    assert layers["seccomp_unknown"] == []
    assert layers["landlock_abi"] >= 6
    assert layers["cgroup"] in ("v1", "v2", "none")
    assert layers["memory_watchdog"] is (layers["cgroup"] == "none")
    assert bool(layers["weaker"]) is (layers["cgroup"] == "none")
    version = subprocess.run(
        [layers["bwrap"], "--version"], capture_output=True, text=True, check=True
    )
    assert layers["bwrap_version"] in version.stdout
