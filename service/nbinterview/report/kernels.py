"""The report's kernels: one a page view, over sockets that only this user can open."""

from __future__ import annotations

import os
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import default

from nbinterview.report.visit import current_visit, kernel_environment


class OwnInterpreterOnly(KernelSpecManager):
    """Knows this process's interpreter, and no kernel that somebody installed."""

    @default("kernel_dirs")
    def _no_kernel_dirs(self) -> list[str]:
        return []


class ReportKernelManager(AsyncMappingKernelManager):
    """Starts kernels only for the visit at hand."""

    # The base class is asynchronous as well, but typed by its synchronous parent.
    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        """Start a kernel whose environment is made here, whatever Voila proposed."""
        visit = current_visit.get()
        kwargs["env"] = kernel_environment(os.environ, visit, self.connection_dir)
        kernel_id: str = await super().start_kernel(**kwargs)
        visit.kernel_ids.append(kernel_id)
        return kernel_id
