"""The Jupyter configuration of a room: what is switched on is listed, nothing else.

`launch` writes a configuration file of two lines that calls `configure`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nbinterview_server.config import KERNEL_NAME, NOTEBOOK, RoomEnv

HERE = Path(__file__).parent
MIB = 1024 * 1024

# Ours bring their own subclasses of jupyter_server_ydoc and jupyter_server_nbmodel.
EXTENSIONS = {
    "jupyterlab": True,
    "jupyter_server_fileid": True,
    "nbinterview_server": True,
    "jupyter_lsp": False,
    "jupyter_server_nbmodel": False,
    "jupyter_server_terminals": False,
    "jupyter_server_ydoc": False,
    "nbclassic": False,
    "notebook": False,
    "notebook_shim": False,
    "voila.server_extension": False,
}


def configure(c: Any, env: RoomEnv | None = None) -> None:
    """Set everything that makes a Jupyter server a room."""
    env = env or RoomEnv.from_env()
    _server(c, env)
    _lab(c)
    _kernel(c)
    _collaboration(c, env)


def _server(c: Any, env: RoomEnv) -> None:
    c.ServerApp.jpserver_extensions = EXTENSIONS
    c.ServerApp.root_dir = str(env.work)
    c.ServerApp.default_url = f"/lab/tree/{NOTEBOOK}"
    c.ServerApp.open_browser = False
    c.ServerApp.allow_root = os.geteuid() == 0
    c.ServerApp.terminals_enabled = False
    c.ServerApp.quit_button = False
    c.ServerApp.allow_unauthenticated_access = False
    c.ServerApp.authorizer_class = "nbinterview_server.authorizer.RoomAuthorizer"
    # Handlers refuse more than 8 MiB with words; this cuts the connection.
    c.ServerApp.max_body_size = 16 * MIB
    c.ContentsManager.allow_hidden = False
    c.FileContentsManager.delete_to_trash = False


def _lab(c: Any) -> None:
    c.LabApp.extra_labextensions_path = [str(HERE / "labextensions")]
    c.LabApp.app_settings_dir = str(HERE / "lab_settings")
    c.LabApp.extension_manager = "readonly"
    c.LabApp.news_url = None
    c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"


def _kernel(c: Any) -> None:
    c.ServerApp.kernel_manager_class = (
        "nbinterview_server.execution.kernels.RoomKernelManager"
    )
    # Lists are filtered by `allowed_kernelspecs`; a start by name is not.
    c.ServerApp.kernel_spec_manager_class = (
        "nbinterview_kernels.provisioner.SandboxedKernelSpecManager"
    )
    c.MappingKernelManager.default_kernel_name = KERNEL_NAME
    c.ServerApp.kernel_websocket_connection_class = (
        "nbinterview_server.execution.channel.RoomChannel"
    )
    # What a kernel says while nobody is here is in the document; else it would
    # be kept in memory, without a limit.
    c.MappingKernelManager.buffer_offline_messages = False
    c.KernelSpecManager.allowed_kernelspecs = {KERNEL_NAME}
    c.KernelRestarter.time_to_dead = 1.0
    c.KernelRestarter.random_ports_until_alive = False


def _collaboration(c: Any, env: RoomEnv) -> None:
    c.YDocExtension.server_side_execution = True
    c.YDocExtension.document_cleanup_delay = None
    # Nobody but this server writes the file: the kernel cannot reach it.
    c.YDocExtension.file_poll_interval = 0
    c.YDocExtension.session_store_path = str(env.directory / "sessions.json")
    c.BaseFileIdManager.db_path = str(env.directory / "file_ids.sqlite")
