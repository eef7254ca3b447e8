"""The same probes under a stock JupyterHub: its LocalProcessSpawner, a plain kernel.

As root, the hub starts the server as a system user who is nobody's login, as it would
start a person's. Else by `simple`, the same spawner without a change of user.
"""

from __future__ import annotations

import json
import os
import pwd
import tempfile
from pathlib import Path

from tests.attacks.kernel.ours import Outcome
from tests.attacks.kernel.target import Target
from tests.attacks.stock_hub import running_stock_hub

_MORE = """
c.Spawner.notebook_dir = "{home}"
c.Spawner.environment = {{name: "{home}/." + name.lower() for name in (
    "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}}
"""
_USERS = ("games", "mail", "daemon")


def spawner() -> str:
    """Return the name of the spawner that is used here."""
    return "jupyterhub.spawner.LocalProcessSpawner" if os.geteuid() == 0 else "simple"


def user() -> str:
    """Return a user of this machine with a home that is there."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in _USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if Path(found.pw_dir).is_dir() and found.pw_uid != 0:
            return name
    raise LookupError(f"none of {', '.join(_USERS)} has a home on this machine")


def all_probes(target: Target) -> list[Outcome]:
    """Run every probe, in one kernel; return what each came to."""
    name = user()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        more = _MORE.format(home=_home(folder, name))
        with running_stock_hub(Path(folder), name, spawner=spawner(), more=more) as hub:
            found = json.loads(hub.run(target.code("PROBES")).splitlines()[-1])
            for one in target.deadly():
                which = f"[each for each in DEADLY if each[0] == {one!r}]"
                found += json.loads(hub.run(target.code(which)).splitlines()[-1])
    return [tuple(each) for each in found]


def _home(folder: str, name: str) -> Path:
    """Make a folder that the person's server may write and reach."""
    home = Path(folder, "home")
    home.mkdir()
    Path(folder).chmod(0o755)
    account = pwd.getpwnam(name)
    os.chown(home, account.pw_uid, account.pw_gid)
    return home
