"""bwrap's arguments, the kernel's environment and the stages' tasks, as values."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbinterview_kernels import landlock
from nbinterview_kernels.settings import (
    CONNECTION_DIR,
    HOME,
    SANDBOX_UID,
    STAGE,
    STAGE_SPEC,
    Interpreter,
    Limits,
    SandboxSettings,
)

# bwrap's own environment. It is the sandbox's process 1, whose environment a cell
# could read: --clearenv clears only what the child gets.
BWRAP_ENVIRONMENT = {"PATH": "/usr/bin:/bin"}

_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""

_IPYTHON = Path(__file__).with_name("ipython_startup.py").read_text("utf-8")

# Files that exist only inside the sandbox, by their path there. matplotlib asks
# fontconfig, which complains into the notebook without a configuration.
ETC = {
    "/etc/passwd": f"candidate:x:{SANDBOX_UID}:{SANDBOX_UID}::{HOME}:/bin/sh\n",
    "/etc/group": f"candidate:x:{SANDBOX_UID}:\n",
    "/etc/fonts/fonts.conf": _FONTS,
    "/etc/ipython/ipython_kernel_config.py": _IPYTHON,
}


def interpreter(
    python: str, prefix: str, base_prefix: str, executable: str
) -> Interpreter:
    """Return what must be visible for `python` to run.

    `executable` is the fully resolved program; the others as the interpreter itself
    says. /usr is always visible and is left out, and so is what another one covers.
    """
    wanted = (prefix, base_prefix, posixpath.dirname(posixpath.dirname(executable)))
    kept: list[str] = []
    for path in sorted({posixpath.normpath(path) for path in wanted}):
        covered = any(_is_below(path, other) for other in ("/usr", *kept))
        if path != "/" and not covered:
            kept.append(path)
    return Interpreter(python, tuple(kept))


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory + "/")


def environment(settings: SandboxSettings) -> dict[str, str]:
    """Return the kernel's whole environment."""
    threads = str(settings.limits.threads)
    return {
        "HOME": HOME,
        "USER": "candidate",
        "LOGNAME": "candidate",
        "PATH": posixpath.dirname(settings.interpreter.python) + ":/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm-256color",
        "IPYTHONDIR": f"{HOME}/.ipython",
        "MPLCONFIGDIR": f"{HOME}/.config/matplotlib",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "LOKY_MAX_CPU_COUNT": threads,
    }


def bwrap_arguments(
    settings: SandboxSettings, seccomp_fd: int, data_fds: Mapping[str, int]
) -> list[str]:
    """Return bwrap's options, in the order in which it applies them.

    `data_fds` maps a path inside the sandbox to a descriptor with its contents.
    """
    limits = settings.limits
    uid = str(SANDBOX_UID)
    return [
        *("--unshare-user", "--disable-userns", "--unshare-ipc", "--unshare-pid"),
        *("--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox"),
        *("--uid", uid, "--gid", uid, "--cap-drop", "ALL", "--clearenv"),
        # Before every bind: a later tmpfs would hide a bind below it.
        *("--size", str(limits.tmp_bytes), "--tmpfs", "/tmp"),  # noqa: S108
        *_read_only("/usr"),
        *_system_directories(settings.root_links),
        *("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
        *(part for path in settings.interpreter.prefixes for part in _read_only(path)),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--size", str(limits.home_bytes), "--tmpfs", HOME),
        *("--size", str(limits.shm_bytes), "--tmpfs", "/dev/shm"),  # noqa: S108
        *("--bind", settings.connection_dir, CONNECTION_DIR),
        *_data(data_fds),
        *("--chdir", HOME),
        *_setenv(environment(settings)),
        *("--seccomp", str(seccomp_fd)),
        # Last. Without these two, / and /dev are tmpfs without a size.
        *("--remount-ro", "/dev", "--remount-ro", "/"),
    ]


def _read_only(path: str) -> tuple[str, ...]:
    return ("--ro-bind", path, path)


def _system_directories(root_links: Sequence[tuple[str, str]]) -> list[str]:
    found: list[str] = []
    for name, target in root_links:
        path = f"/{name}"
        found += ("--symlink", target, path) if target else _read_only(path)
    return found


def _data(data_fds: Mapping[str, int]) -> list[str]:
    found: list[str] = []
    for path, descriptor in data_fds.items():
        found += ("--perms", "0444", "--ro-bind-data", str(descriptor), path)
    return found


def _setenv(variables: Mapping[str, str]) -> list[str]:
    return [part for pair in variables.items() for part in ("--setenv", *pair)]


def stage_command(settings: SandboxSettings) -> list[str]:
    """Return what bwrap runs: the inner stage, in a Python without site packages."""
    return [settings.interpreter.python, "-I", "-S", STAGE, STAGE_SPEC]


def stage_task(
    settings: SandboxSettings, landlock_abi: int, ready_fd: int, argv: Sequence[str]
) -> dict[str, Any]:
    """Return what the inner stage must do before it becomes `argv`.

    It does all of it or exits: a kernel never runs with less than this says.
    """
    return {
        # Set here, in the sandbox's own user namespace, so that it counts per sandbox.
        "rlimits": {"RLIMIT_NPROC": settings.limits.processes},
        "landlock": landlock.ruleset(landlock_abi) if landlock_abi else None,
        "ready_fd": ready_fd,
        "argv": list(argv),
    }


def outer_rlimits(limits: Limits) -> dict[str, int]:
    """Return the limits that the launcher sets before bwrap."""
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_AS": limits.address_space_bytes,
    }


def launcher_task(
    settings: SandboxSettings,
    bwrap: str,
    args_fd: int,
    cgroup_procs: Sequence[str],
) -> dict[str, Any]:
    """Return what the outer launcher must do before it becomes bwrap."""
    return {
        "cgroup_procs": list(cgroup_procs),
        "uid": settings.host_uid,
        "rlimits": outer_rlimits(settings.limits),
        # --args keeps host paths out of /proc/1/cmdline.
        "argv": [bwrap, "--args", str(args_fd), "--", *stage_command(settings)],
        "environment": BWRAP_ENVIRONMENT,
    }


def kernel_argv(argv: Sequence[str]) -> list[str]:
    """Return a kernelspec's argv with the connection file as the sandbox sees it."""
    path = f"{CONNECTION_DIR}/c.json"
    return [part.replace("{connection_file}", path) for part in argv]
