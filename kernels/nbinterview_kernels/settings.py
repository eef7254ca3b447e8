"""What one sandbox may use and see. Values only, no effects."""

from __future__ import annotations

from dataclasses import dataclass, field

MIB = 1 << 20

# Paths inside the sandbox. The connection directory must not lie below a writable
# directory: Landlock rules are a union along the path.
HOME = "/home/candidate"
CONNECTION_DIR = "/run/k"
STAGE = "/run/stage.py"
STAGE_SPEC = "/run/stage.task"
SANDBOX_UID = 1000

# What a policy may require beyond what every kernel has. See kernels/README.md.
LAYERS = ("seccomp", "landlock", "cgroup", "cpu_limit")

# Free on Debian (60000-64999 is handed out by hand), outside systemd's dynamic
# range (from 61184), and nobody's login.
DEFAULT_HOST_UID = 60990


@dataclass(frozen=True)
class Limits:
    """How much a kernel may use."""

    memory_bytes: int = 1024 * MIB
    processes: int = 128
    cpus: float = 1.0
    tmp_bytes: int = 64 * MIB
    home_bytes: int = 64 * MIB
    shm_bytes: int = 32 * MIB
    file_bytes: int = 64 * MIB
    open_files: int = 512
    # Address space is not memory: numpy and its friends reserve about 1 GiB.
    # A single huge allocation then ends in MemoryError, not in a dead kernel.
    address_space_slack_bytes: int = 2048 * MIB

    @property
    def address_space_bytes(self) -> int:
        """Address space of one process."""
        return self.memory_bytes + self.address_space_slack_bytes

    @property
    def threads(self) -> int:
        """How many threads numerical libraries should start."""
        return max(1, round(self.cpus))


@dataclass(frozen=True)
class Interpreter:
    """A Python and the directories outside /usr that it needs."""

    python: str
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SandboxSettings:
    """Everything that decides what one sandbox looks like.

    `root_links`: the host's top-level system directories as (name, link target),
    with an empty target for a real directory.
    `host_uid`: the real user of all sandboxed processes; None keeps the server's,
    which must then not be root.
    """

    interpreter: Interpreter
    connection_dir: str
    limits: Limits = field(default_factory=Limits)
    root_links: tuple[tuple[str, str], ...] = (
        ("bin", "usr/bin"),
        ("lib", "usr/lib"),
        ("lib64", "usr/lib64"),
    )
    host_uid: int | None = None
