"""What a hostile candidate tries, as one program for one kernel. Standard library only.

Sent into a kernel as it is, after a line `TARGET = {...}` that says what there is to
reach. Each probe returns the evidence of its success, or None, or raises; the last
line printed is JSON: [[name, succeeded, evidence], …]. All floods are bounded.
"""

# It is a candidate's cell, not ours: short and without types, by plain calls.
# ruff: noqa: BLE001, E501, PERF401, PTH102, PTH108, PTH109, PTH110, PTH111, PTH112
# ruff: noqa: PTH115, PTH116, PTH118, PTH120, PTH123, PTH207, PTH208, PTH211, RET503
# ruff: noqa: SIM105
# mypy: ignore-errors

import ctypes
import errno
import fcntl
import glob
import json
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import time

TARGET: dict = globals().get("TARGET", {})
MIB = 1 << 20
PROBES = []
LIBC = ctypes.CDLL(None, use_errno=True)


def probe(function):
    PROBES.append((function.__name__, function))
    return function


def call(number, *arguments):
    """Make a system call; its result, or OSError."""
    result = LIBC.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def libc(name, *arguments):
    result = getattr(LIBC, name)(*arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def read(path, size=1 << 16):
    with open(path, "rb") as file:
        return file.read(size)


def in_child(work, seconds=10):
    """Do it in a child, so that it cannot hurt the other probes; evidence or None."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            found = work()
            if found is not None:
                os.write(writer, str(found).encode()[:500])
        except BaseException:
            pass
        finally:
            os._exit(0)
    os.close(writer)
    until = time.monotonic() + seconds
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            break
        time.sleep(0.01)
    with os.fdopen(reader, "rb") as file:
        return file.read().decode() or None


def secret_in(data):
    return TARGET["secret"].encode() in data


# ------------------------------------------------------------ what it can see


@probe
def environment_of_its_own():
    found = [
        name for name in os.environ if name.startswith(("JUPYTERHUB", "NBINTERVIEW"))
    ]
    if found or secret_in(json.dumps(dict(os.environ)).encode()):
        return f"server's variables: {found}"


@probe
def environment_of_process_1():
    if read("/proc/1/environ") not in (b"", b"PATH=/usr/bin:/bin\0"):
        return "environment of process 1"


@probe
def environment_of_the_parent():
    data = read(f"/proc/{os.getppid()}/environ")
    if secret_in(data) or b"TOKEN" in data:
        return "tokens in the parent's environment"


@probe
def environment_of_anybody():
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            if secret_in(read(path)):
                return path
        except OSError:
            continue


@probe
def processes_of_others():
    mine = {os.getpid(), os.getppid(), 1}
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        pid = int(path.split("/")[2])
        try:
            words = read(path)
        except OSError:
            continue
        if pid not in mine and words:
            return f"process {pid}: {words[:60]!r}"


@probe
def host_paths_in_command_lines():
    data = b"".join(read(path) for path in ("/proc/1/cmdline", "/proc/self/cmdline"))
    if TARGET["home"].encode() in data or b"/nbk-" in data:
        return data[:100]


@probe
def memory_map_of_process_1():
    if read("/proc/1/maps"):
        return "memory map of process 1"


@probe
def descriptors_of_process_1():
    """Not their numbers, but what they are: an open file could be opened again."""
    found = [os.readlink(f"/proc/1/fd/{name}") for name in os.listdir("/proc/1/fd")]
    return str(found)


@probe
def memory_of_the_parent():
    with open(f"/proc/{os.getppid()}/maps") as maps:
        start = int(maps.readline().split("-")[0], 16)
    with open(f"/proc/{os.getppid()}/mem", "rb") as memory:
        memory.seek(start)
        return f"read {len(memory.read(64))} bytes of the parent"


@probe
def descriptors_that_were_left_open():
    for name in os.listdir("/proc/self/fd"):
        try:
            link = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if (
            link.startswith("/")
            and not link.startswith(("/dev/", "/proc/", "/home/candidate", "/tmp/"))
            and TARGET["home"] in link
        ):
            return link


@probe
def mounts_of_the_host():
    data = read("/proc/self/mountinfo", 1 << 18)
    if TARGET["home"].encode() in data:
        return "the server's directories are in mountinfo"


@probe
def users_of_the_machine():
    lines = read("/etc/passwd").splitlines()
    return f"{len(lines)} users" if len(lines) > 1 else None


@probe
def password_hashes():
    return read("/etc/shadow")[:20]


@probe
def name_of_the_machine():
    if socket.gethostname() == TARGET["hostname"]:
        return TARGET["hostname"]


@probe
def system_logs():
    return f"{os.listdir('/var/log')[:5]}"


@probe
def devices_and_kernel_settings():
    return f"{os.listdir('/sys')[:5]}"


@probe
def homes_of_others():
    found = [name for name in os.listdir("/home") if name != "candidate"]
    return str(found) if found or not os.path.isdir("/home/candidate") else None


@probe
def home_of_root():
    return f"{len(os.listdir('/root'))} entries"


@probe
def file_of_the_server():
    if secret_in(read(TARGET["canary"])):
        return TARGET["canary"]


@probe
def file_of_the_server_by_proc_root():
    for pid in (1, os.getppid()):
        try:
            if secret_in(read(f"/proc/{pid}/root{TARGET['canary']}")):
                return f"/proc/{pid}/root"
        except OSError:
            continue


@probe
def file_of_the_server_by_descriptor_of_root():
    root = os.open("/", os.O_RDONLY)
    path = "../" * 30 + TARGET["canary"].lstrip("/")
    descriptor = os.open(path, os.O_RDONLY, dir_fd=root)
    if secret_in(os.read(descriptor, 4096)):
        return path


@probe
def file_of_the_server_by_handle():
    """The breakout of containers that still have open_by_handle_at."""
    root = os.open("/", os.O_RDONLY)
    handle = ctypes.create_string_buffer(struct.pack("Ii", 8, 1) + struct.pack("Q", 2))
    return f"descriptor {call(304, root, handle, os.O_RDONLY)}"


@probe
def connection_files_of_kernels():
    places = ("/run/nbk-*", "/tmp/nbk-*", f"{TARGET['home']}/**/kernel-*.json")
    found = [path for place in places for path in glob.glob(place, recursive=True)]
    return str(found) if found else None


@probe
def listing_of_the_server():
    return str(os.listdir(TARGET["home"]))


@probe
def history_of_other_people():
    return read(os.path.expanduser("/root/.bash_history"))[:20]


@probe
def log_of_the_system_kernel():
    size = libc("klogctl", 10, None, 0)
    return f"{size} bytes"


@probe
def addresses_of_the_system_kernel():
    for line in read("/proc/kallsyms").splitlines()[:50]:
        if int(line.split()[0], 16):
            return line.decode()


# ------------------------------------------------------------------- writing


def writes(path):
    with open(path, "wb") as file:
        file.write(b"x")
    os.unlink(path)
    return path


@probe
def write_to_the_root():
    return writes("/x-probe")


@probe
def write_to_usr():
    return writes("/usr/x-probe")


@probe
def write_to_etc():
    return writes("/etc/x-probe")


@probe
def write_to_the_interpreter():
    return writes(os.path.join(sys.prefix, "x-probe"))


@probe
def write_to_devices():
    return writes("/dev/x-probe")


@probe
def write_to_the_server():
    with open(TARGET["canary"], "ab") as file:
        file.write(b"x")
    return TARGET["canary"]


@probe
def write_to_tmp_of_the_host():
    path = TARGET["tmp"] + "/x-probe"
    with open(path, "wb") as file:
        file.write(b"x")
    return path


@probe
def write_beside_the_sockets():
    return writes("/run/k/x-probe")


@probe
def change_the_connection_file():
    path = "/run/k/c.json" if os.path.exists("/run/k") else connection_file()
    with open(path, "ab") as file:
        file.write(b" ")
    return path


def connection_file():
    words = read("/proc/self/cmdline").split(b"\0")
    return next(word.decode() for word in words if word.endswith(b".json"))


@probe
def link_out_of_the_sockets_directory():
    """A server that follows it would read or write what it names."""
    directory = (
        "/run/k" if os.path.exists("/run/k") else os.path.dirname(connection_file())
    )
    os.symlink("/etc/passwd", directory + "/link-probe")
    os.unlink(directory + "/link-probe")
    return directory


@probe
def socket_replaced_by_a_link():
    """The server would talk to another socket of its machine as if to this kernel."""
    directory = (
        "/run/k" if os.path.exists("/run/k") else os.path.dirname(connection_file())
    )
    path = directory + "/probe-socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        os.unlink(path)
        os.symlink("/run/systemd/private", path)
    os.unlink(path)
    return path


@probe
def change_a_system_setting():
    with open("/proc/sys/kernel/hostname", "w") as file:
        file.write("probe")
    return "kernel.hostname"


@probe
def core_pattern():
    with open("/proc/sys/kernel/core_pattern", "r+") as file:
        file.write(file.read())
    return "core_pattern"


@probe
def trigger_of_the_system():
    descriptor = os.open("/proc/sysrq-trigger", os.O_WRONLY)
    os.close(descriptor)
    return "/proc/sysrq-trigger"


@probe
def shield_from_the_oom_killer():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-500")
    return "oom_score_adj"


# ------------------------------------------------------------------- network


def connects(address, family=socket.AF_INET):
    with socket.socket(family) as client:
        client.settimeout(2)
        client.connect(address)
        return str(address)


@probe
def loopback_of_the_host():
    return connects(("127.0.0.1", TARGET["port"]))


@probe
def loopback_of_the_host_by_ipv6():
    return connects(("::1", TARGET["port6"]), socket.AF_INET6)


@probe
def loopback_of_the_host_by_any_address():
    return connects(("0.0.0.0", TARGET["port"]))


@probe
def datagram_to_the_host():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", TARGET["udp_port"]))
        client.send(b"probe")
        return client.recv(100).decode()


@probe
def way_to_the_outside():
    """No packet is sent: a connected datagram socket only looks for a way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("192.0.2.1", 9))
        return f"from {client.getsockname()[0]}"


@probe
def way_to_cloud_metadata():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("169.254.169.254", 80))
        return f"from {client.getsockname()[0]}"


@probe
def addresses_of_the_machine():
    found = [name for _, name in socket.if_nameindex() if name != "lo"]
    return str(found) if found else None


@probe
def abstract_socket_of_the_host():
    return connects("\0" + TARGET["abstract"], socket.AF_UNIX)


@probe
def socket_file_of_the_host():
    return connects(TARGET["unix"], socket.AF_UNIX)


@probe
def control_sockets_of_the_host():
    for path in (
        "/run/docker.sock",
        "/var/run/docker.sock",
        "/run/dbus/system_bus_socket",
        "/run/systemd/private",
        "/run/containerd/containerd.sock",
    ):
        try:
            return connects(path, socket.AF_UNIX)
        except OSError:
            continue


def opens(family, kind):
    with socket.socket(family, kind):
        return f"family {family}"


@probe
def virtual_machine_socket():
    return opens(40, socket.SOCK_STREAM)


@probe
def netlink_socket():
    return opens(16, socket.SOCK_RAW)


@probe
def packet_socket():
    return opens(17, socket.SOCK_RAW)


@probe
def crypto_socket():
    return opens(38, socket.SOCK_SEQPACKET)


@probe
def bluetooth_socket():
    return opens(31, socket.SOCK_RAW)


@probe
def raw_socket():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "raw socket"


# -------------------------------------------------------------------- powers


@probe
def namespace_of_users():
    return in_child(lambda: libc("unshare", 0x10000000) == 0 or None)


@probe
def namespace_of_users_by_clone():
    def work():
        pid = call(56, 0x10000000 | 17, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        return f"process {pid} in a namespace of its own"

    return in_child(work)


@probe
def namespace_of_users_by_clone3():
    arguments = ctypes.create_string_buffer(
        struct.pack("8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
    )

    def work():
        pid = call(435, arguments, 64)
        if pid == 0:
            os._exit(0)
        return f"process {pid}"

    return in_child(work)


@probe
def mount_a_file_system():
    return in_child(
        lambda: libc("mount", b"none", b"/tmp", b"tmpfs", 0, None) == 0 or None
    )


@probe
def unmount():
    return in_child(lambda: libc("umount2", b"/proc", 2) == 0 or None)


@probe
def mount_by_the_new_calls():
    return f"descriptor {call(430, b'tmpfs', 0)}"


@probe
def change_the_root():
    return in_child(lambda: libc("chroot", b"/tmp") == 0 or None)


@probe
def enter_a_namespace():
    descriptor = os.open(f"/proc/{os.getppid()}/ns/net", os.O_RDONLY)
    return in_child(lambda: libc("setns", descriptor, 0) == 0 or None)


@probe
def trace_another_process():
    """A child's own child: whoever is stopped by it is nobody who is needed."""

    def work():
        victim = os.fork()
        if victim == 0:
            time.sleep(5)
            os._exit(0)
        try:
            libc("ptrace", 16, victim, 0, 0)
            os.waitpid(victim, 0)
            libc("ptrace", 17, victim, 0, 0)
            return "attached"
        finally:
            os.kill(victim, signal.SIGKILL)

    return in_child(work)


@probe
def trace_a_child_of_its_own():
    """With it a filter of system calls can be tampered with on old kernels."""
    return in_child(lambda: libc("ptrace", 0, 0, 0, 0) == 0 or None)


@probe
def read_memory_of_process_1():
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), 8)
    return f"{call(310, 1, vector, 1, vector, 1, 0)} bytes"


@probe
def ring_of_requests():
    return f"descriptor {call(425, 4, ctypes.create_string_buffer(248))}"


@probe
def program_in_the_system_kernel():
    return f"descriptor {call(321, 0, ctypes.create_string_buffer(struct.pack('5I', 2, 4, 4, 4, 0) + bytes(100)), 72)}"


@probe
def counters_of_the_system_kernel():
    attribute = ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 0) + bytes(112))
    return f"descriptor {call(298, attribute, 0, -1, -1, 0)}"


@probe
def key_ring():
    return f"key {call(248, b'user', b'probe', b'x', 1, -3)}"


@probe
def page_faults_by_hand():
    return f"descriptor {call(323, 0)}"


@probe
def shared_memory_of_the_system():
    segment = libc("shmget", 0x4E42, 4096, 0o1666)
    LIBC.shmctl(segment, 0, None)
    return f"segment {segment}"


@probe
def memory_file():
    """Memory that belongs to no process, so that nobody's limit counts it."""
    return f"descriptor {os.memfd_create('probe')}"


@probe
def watch_all_files():
    return f"descriptor {call(300, 4, 0)}"


@probe
def system_calls_of_another_machine():
    """32-bit calls have other numbers: a filter that only knows its own is passed."""

    def work():
        code = (
            b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20 (getpid); int 0x80; ret
        )
        memory = mmap.mmap(-1, 4096, prot=7)
        memory.write(code)
        run = ctypes.CFUNCTYPE(ctypes.c_int)(
            ctypes.addressof(ctypes.c_char.from_buffer(memory))
        )
        return f"getpid() is {run()}" if run() == os.getpid() else None

    return in_child(work)


@probe
def system_calls_of_x32():
    return in_child(lambda: f"{call(0x40000000 + 39)}")


@probe
def become_root():
    return in_child(lambda: (libc("setuid", 0), f"uid {os.getuid()}")[1])


@probe
def program_that_makes_root():
    """A set-user-id program that would run as root."""
    for path in ("/usr/bin/su", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/chsh"):
        if not os.path.exists(path):
            continue
        status = read("/proc/self/status").decode()
        allowed = "NoNewPrivs:\t0" in status
        flags = os.statvfs(path).f_flag
        if allowed and not flags & os.ST_NOSUID and os.stat(path).st_mode & 0o4000:
            return f"{path} would run as uid {os.stat(path).st_uid}"


@probe
def powers_of_root():
    for line in read("/proc/self/status").decode().splitlines():
        if line.startswith(("CapEff", "CapPrm")) and int(line.split()[1], 16):
            return line


@probe
def powers_that_can_be_gained():
    for line in read("/proc/self/status").decode().splitlines():
        if line.startswith("CapBnd") and int(line.split()[1], 16):
            return line


@probe
def signal_to_process_1():
    os.kill(1, 0)
    return "process 1 can be signalled"


@probe
def signal_to_the_server():
    pid = TARGET["server_pid"] or os.getppid()
    os.kill(pid, 0)
    return f"process {pid} can be signalled"


@probe
def signal_to_everybody():
    """With signal 0: nothing is hurt."""
    os.kill(-1, 0)
    return "other processes can be signalled"


@probe
def real_time_priority():
    return in_child(
        lambda: (
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
            "real time",
        )[1]
    )


@probe
def higher_priority():
    return in_child(lambda: f"nice {os.nice(-1)}")


@probe
def higher_limits():
    def work():
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))
        return "more open files"

    return in_child(work)


@probe
def device_node():
    os.mknod("/tmp/x-node", 0o20666, os.makedev(1, 1))
    return "/dev/mem"


@probe
def disk_of_the_host():
    for path in (
        "/dev/sda",
        "/dev/vda",
        "/dev/nvme0n1",
        "/dev/mem",
        "/dev/kmsg",
        "/dev/port",
    ):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        os.close(descriptor)
        return path


@probe
def keys_into_the_terminal():
    descriptor = os.open("/dev/tty", os.O_RDWR)
    fcntl.ioctl(descriptor, 0x5412, b"x")
    return "TIOCSTI"


@probe
def clock_of_the_machine():
    return in_child(
        lambda: (time.clock_settime(time.CLOCK_REALTIME, time.time()), "clock")[1]
    )


@probe
def name_for_the_machine():
    return in_child(lambda: (socket.sethostname("probe"), "name")[1])


@probe
def module_for_the_system_kernel():
    return f"{call(313, os.open('/dev/null', os.O_RDONLY), b'', 0)}"


# -------------------------------------------------------------------- floods


@probe
def flood_of_processes():
    def work():
        pids = []
        try:
            while len(pids) < 260:
                pid = os.fork()
                if pid == 0:
                    time.sleep(20)
                    os._exit(0)
                pids.append(pid)
        except OSError:
            pass
        for pid in pids:
            os.kill(pid, 9)
        for pid in pids:
            os.waitpid(pid, 0)
        return f"{len(pids)} processes" if len(pids) >= 256 else None

    return in_child(work, 20)


@probe
def flood_of_threads():
    def work():
        import threading

        stop, started = threading.Event(), []
        try:
            while len(started) < 260:
                thread = threading.Thread(target=stop.wait, daemon=True)
                thread.start()
                started.append(thread)
        except RuntimeError:
            pass
        stop.set()
        return f"{len(started)} threads" if len(started) >= 256 else None

    return in_child(work, 20)


@probe
def one_huge_allocation():
    def work():
        memory = mmap.mmap(-1, 64 << 30)
        return f"{len(memory) >> 30} GiB of addresses"

    return in_child(work)


@probe
def open_files_without_end():
    def work():
        found = []
        try:
            while len(found) < 1030:
                found.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        return f"{len(found)} open files" if len(found) >= 1024 else None

    return in_child(work)


def fills(directory, mib):
    def work():
        total, block = 0, bytes(MIB)
        names = []
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            while total < mib:
                names.append(f"{directory}/fill-{os.getpid()}-{len(names)}")
                with open(names[-1], "wb", buffering=0) as file:
                    for _ in range(16):
                        file.write(block)
                        total += 1
        except OSError:
            pass
        for name in names:
            try:
                os.unlink(name)
            except OSError:
                pass
        return f"{total} MiB in {directory}" if total >= mib else None

    return in_child(work, 30)


@probe
def fill_the_home():
    return fills(os.environ.get("HOME", "/tmp"), 128) or fills(os.getcwd(), 128)


@probe
def fill_tmp():
    return fills("/tmp", 128)


@probe
def fill_shared_memory():
    return fills("/dev/shm", 128)


@probe
def one_huge_file():
    path = os.getcwd() + "/huge"
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open(path, "wb") as file:
            os.ftruncate(file.fileno(), 1 << 32)
            return "a file of 4 GiB"
    finally:
        os.unlink(path)


@probe
def core_dump():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    return f"core files of {hard} bytes" if hard else None


@probe
def flood_of_raw_output():
    """Past the notebook: into the file that the server keeps for this process."""

    def work():
        total = 0
        for name in os.listdir("/proc/self/fd"):
            path = f"/proc/self/fd/{name}"
            try:
                link = os.readlink(path)
                own = link.startswith(("/dev/", "/proc/", os.path.expanduser("~")))
                if own or not link.startswith(("/", "memfd:stderr")):
                    continue
                os.set_blocking(int(name), False)
                while total < 2 * MIB:
                    total += os.write(int(name), b"\n" * 65536)
            except (OSError, ValueError):
                continue
        return f"{total} bytes" if total >= 2 * MIB else None

    return in_child(work)


@probe
def more_processors_than_one():
    """CPU time of busy children over wall time."""
    pids = []
    began = time.monotonic()
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                pass
            os._exit(0)
        pids.append(pid)
    spent = 0.0
    for pid in pids:
        usage = os.wait4(pid, 0)[2]
        spent += usage.ru_utime + usage.ru_stime
    share = spent / (time.monotonic() - began)
    return f"{share:.2f} processors" if share > 1.3 else None


# ------------------------------------------- floods that may end the kernel

DEADLY = []


def deadly(function):
    DEADLY.append((function.__name__, function))
    return function


@deadly
def flood_of_memory():
    """In this process itself, so that nothing less than it can be ended for it."""
    hog = []
    for _ in range(24):
        hog.append(bytearray(os.urandom(MIB)) * 64)
    return f"{len(hog) * 64} MiB"


@deadly
def flood_of_memory_by_many():
    pids = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            hog = bytearray(os.urandom(MIB)) * 200
            time.sleep(4)
            os._exit(0 if hog else 1)
        pids.append(pid)
    statuses = [os.waitpid(pid, 0)[1] for pid in pids]
    return "1600 MiB" if not any(statuses) else None


@deadly
def flood_of_files():
    directory = f"/tmp/files-{os.getpid()}"
    os.mkdir(directory)
    count = 0
    try:
        while count < 120_000:
            os.close(os.open(f"{directory}/{count}", os.O_CREAT | os.O_WRONLY))
            count += 1
        time.sleep(2)
        return f"{count} files"
    finally:
        for number in range(count):
            os.unlink(f"{directory}/{number}")


@deadly
def flood_of_sockets_in_the_servers_directory():
    directory = (
        "/run/k" if os.path.exists("/run/k") else os.path.dirname(connection_file())
    )
    names = [f"{directory}/flood-{number}" for number in range(200)]
    try:
        for name in names:
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(name)
        time.sleep(3)
        return f"{len(names)} sockets"
    finally:
        for name in names:
            if os.path.exists(name):
                os.unlink(name)


def outcome(function):
    try:
        found = function()
    except BaseException as error:
        code = errno.errorcode.get(getattr(error, "errno", None) or 0, "")
        return [False, f"{type(error).__name__} {code}".strip()]
    return [
        found is not None and found is not False,
        str(found if found is not None else "came to nothing"),
    ]


def run(probes):
    print(json.dumps([[name, *outcome(function)] for name, function in probes]))
