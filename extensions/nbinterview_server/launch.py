"""`python -m nbinterview_server.launch`: what the hub's spawner runs.

Asks the service what interview this is, prepares the room's directory, and
becomes the single-user server. Everything that Jupyter would read from a home
is inside the room's directory.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbinterview.errors import NBInterviewError, Unavailable
from nbinterview_kernels import kernelspec
from nbinterview_server.config import NOTEBOOK, RoomConfig, RoomEnv, save_copy
from nbinterview_server.service_api import ServiceApi

CONFIG = """\
from nbinterview_server.room_config import configure

configure(get_config())  # noqa: F821
"""


def jupyter_env(room: Path) -> dict[str, str]:
    """Return the variables that keep Jupyter inside the room's directory."""
    jupyter = room / "jupyter"
    return {
        "HOME": str(room / "home"),
        "IPYTHONDIR": str(jupyter / "ipython"),
        "JUPYTER_CONFIG_DIR": str(jupyter / "config"),
        "JUPYTER_CONFIG_PATH": str(jupyter / "config"),
        "JUPYTER_DATA_DIR": str(jupyter / "data"),
        "JUPYTER_PATH": str(jupyter / "data"),
        "JUPYTER_RUNTIME_DIR": str(jupyter / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(jupyter / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(jupyter / "workspaces"),
    }


def prepare(env: RoomEnv, config: RoomConfig) -> None:
    """Make the room's directory; the notebook only when it is not there yet."""
    jupyter = env.directory / "jupyter"
    for directory in (env.work, env.directory / "home", jupyter / "config"):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
    notebook = env.work / NOTEBOOK
    if not notebook.exists():
        partial = notebook.with_suffix(".partial")
        partial.write_text(json.dumps(config.template, indent=1), "utf-8")
        partial.replace(notebook)
    (jupyter / "config" / "jupyter_server_config.py").write_text(CONFIG, "utf-8")
    kernelspec.write(jupyter / "data" / "kernels", env.kernel_python)


async def ask(env: RoomEnv) -> dict[str, Any]:
    """Return the room config from the service, or its last answer when it is away."""
    service = ServiceApi(env.service_api, env.interview, env.token)
    try:
        return await service.room()
    except Unavailable:
        if not env.config_copy.exists():
            raise
        kept: dict[str, Any] = json.loads(env.config_copy.read_text("utf-8"))
        return kept
    finally:
        await service.close()


async def ready(environ: Mapping[str, str]) -> RoomEnv:
    """Prepare the room that these variables name, and return its own."""
    env = RoomEnv.from_env(environ)
    env.directory.mkdir(parents=True, exist_ok=True)
    wire = await ask(env)
    config = RoomConfig.from_wire(wire)
    if config.interview != env.interview:
        raise Unavailable("The service answered with another interview.")
    save_copy(env.config_copy, wire)
    prepare(env, config)
    return env


def main() -> None:
    """Become the single-user server of the room that the environment names."""
    try:
        env = asyncio.run(ready(os.environ))
    except NBInterviewError as error:
        sys.exit(error.detail)
    os.environ.update(jupyter_env(env.directory))
    # Isolated: neither the working directory nor a home brings modules in.
    command = [sys.executable, "-I", "-m", "nbinterview_server.serve", *sys.argv[1:]]
    os.execv(sys.executable, command)  # noqa: S606  # no shell is what is wanted


if __name__ == "__main__":
    main()
