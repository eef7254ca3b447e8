"""Which system calls a candidate's kernel is refused, and with which answer."""

from __future__ import annotations

import errno
import functools
import os
from dataclasses import dataclass

_PERMISSION = """\
mount umount2 pivot_root chroot unshare setns keyctl add_key request_key bpf
perf_event_open ptrace process_vm_readv process_vm_writev userfaultfd io_uring_setup
io_uring_enter io_uring_register kexec_load kexec_file_load init_module finit_module
delete_module open_by_handle_at name_to_handle_at swapon swapoff reboot sethostname
setdomainname iopl ioperm quotactl acct syslog fsopen fsmount fsconfig fspick open_tree
move_mount mount_setattr clock_settime settimeofday adjtimex clock_adjtime
lookup_dcookie nfsservctl vhangup modify_ldt pidfd_getfd kcmp fanotify_init mknod
mknodat
""".split()  # noqa: SIM905

# Memory that no process has mapped is invisible to a watchdog that adds up processes.
# ENOSYS makes libraries take another way.
_NO_SUCH_CALL = "memfd_create memfd_secret shmget msgget semget mq_open".split()  # noqa: SIM905

# NEWUSER NEWPID NEWNET NEWNS NEWIPC NEWUTS NEWCGROUP
_NAMESPACE_FLAGS = (
    *(0x10000000, 0x20000000, 0x40000000, 0x00020000),
    *(0x08000000, 0x04000000, 0x02000000),
)

_AF_INET6 = 10
_REFUSED_FAMILIES = (3, 4, 5, 6, 7, 8, 9)  # between AF_INET and AF_INET6


@dataclass(frozen=True)
class Rule:
    """Answer `syscall` with `error`, where its argument fits the condition.

    `condition` is (argument index, comparison, value), comparisons as libseccomp
    names them; a MASKED_EQ compares the value's own bits.
    """

    syscall: str
    error: int
    condition: tuple[int, str, int] | None = None


RULES: tuple[Rule, ...] = (
    *(Rule(name, errno.EPERM) for name in _PERMISSION),
    *(Rule(name, errno.ENOSYS) for name in _NO_SUCH_CALL),
    *(Rule("clone", errno.EPERM, (0, "MASKED_EQ", bit)) for bit in _NAMESPACE_FLAGS),
    # clone3's flags lie behind a pointer; ENOSYS makes libc fall back to clone.
    Rule("clone3", errno.ENOSYS),
    # Only unix and internet sockets. AF_VSOCK is in no namespace and would reach the
    # host. libzmq needs EOPNOTSUPP, not EPERM, for AF_NETLINK.
    Rule("socket", errno.EOPNOTSUPP, (0, "GT", _AF_INET6)),
    *(Rule("socket", errno.EOPNOTSUPP, (0, "EQ", n)) for n in _REFUSED_FAMILIES),
)


class SeccompMissing(Exception):
    """libseccomp or its Python binding is not on this machine."""


@dataclass(frozen=True)
class Program:
    """A BPF program for `bwrap --seccomp`, and the calls libseccomp does not know."""

    bpf: bytes
    unknown: tuple[str, ...]


@functools.cache
def program() -> Program:
    """Compile the rules, once in a process.

    Calls of a foreign architecture kill the caller. Raises SeccompMissing.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError) as error:
        raise SeccompMissing(str(error)) from error
    allowing = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    unknown: list[str] = []
    for rule in RULES:
        arguments = []
        if rule.condition is not None:
            index, comparison, value = rule.condition
            arguments.append(
                pyseccomp.Arg(index, getattr(pyseccomp, comparison), value, value)
            )
        try:
            allowing.add_rule(pyseccomp.ERRNO(rule.error), rule.syscall, *arguments)
        except (OSError, ValueError):
            unknown.append(rule.syscall)
    descriptor = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "w+b") as file:
        allowing.export_bpf(file)
        file.seek(0)
        return Program(file.read(), tuple(unknown))
