"""The outer launcher: joins the control group, drops the user, limits, becomes bwrap.

Run by path in a bare interpreter (`-I -S`), so that a kernel starts quickly;
its one argument is `command.launcher_task`, marshalled, as hexadecimal digits: reading
JSON would take longer than all the rest.
"""

import marshal
import os
import resource
import sys


def main() -> None:
    """Do the whole task in this order, or die with a line on stderr."""
    task = marshal.loads(bytes.fromhex(sys.argv[1]))  # noqa: S302  # the server's
    for procs in task["cgroup_procs"]:
        with open(procs, "w", encoding="ascii") as file:  # noqa: PTH123
            file.write("0")
    # When the machine runs out of memory or time, this goes first, not the server.
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("800")
    os.nice(5)
    if task["uid"] is not None:
        uid = task["uid"]
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    for name, value in task["rlimits"].items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (least, least))
    os.execve(task["argv"][0], task["argv"], task["environment"])  # noqa: S606


if __name__ == "__main__":
    main()
