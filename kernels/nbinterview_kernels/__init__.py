"""Run a candidate's Jupyter kernel in a sandbox, and say what that sandbox holds.

Stands alone: imports nothing else of nbinterview.
`settings`, `command`, `seccomp`, `landlock` and `cgroup` are pure descriptions;
`launcher` and `stage` are the two small programs that put them into force;
`sandbox` starts them; `provisioner` joins that to Jupyter;
`diagnose` and `check` tell people whether it works on this machine, and what to do.
"""
