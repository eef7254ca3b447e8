"""What IPython reads when a kernel starts: figures as data, and patience with outputs.

Handed into the sandbox as /etc/ipython/ipython_kernel_config.py, so that it needs
nothing of ours there. Plotly and Altair would else show their figures as HTML with a
script from elsewhere (docs/explanation/outputs.md). Whoever chooses another
renderer in the notebook gets it.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import re
import sys

from ipykernel.kernelapp import IPKernelApp

MAX_WAITING_MESSAGES = 50_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def named_as_json(render: Callable[..., Any]) -> Callable[..., Any]:
    """Return a renderer whose types end in `+json`.

    Altair 6 writes `.json`, and nbformat allows data under no such name.
    """

    def renamed(spec: dict[str, Any], **metadata: Any) -> tuple[Any, Any]:
        found = render(spec, **metadata)
        data, about = found if isinstance(found, tuple) else (found, {})
        return _renamed(data), _renamed(about)

    return renamed


def _renamed(bundle: dict[str, Any]) -> dict[str, Any]:
    return {
        re.sub(r"^(application/vnd\.vega\w*\.v\d+)\.json$", r"\1+json", name): value
        for name, value in bundle.items()
    }


class AltairByMime(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Sets Altair's renderer when it is imported; it has no variable for it."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Take the import of `altair`, once."""
        del path, target
        if fullname != "altair":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            self._loader = spec.loader
            spec.loader = self
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module as it would have been made."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then choose."""
        self._loader.exec_module(module)
        renderers = module.renderers
        renderers.enable("mimetype")
        renderers.register("mimetype", named_as_json(renderers.get()))
        renderers.enable("mimetype")


def let_outputs_wait() -> None:
    """Have ZMQ keep more of what is printed than its 1,000 messages.

    When the room is slow to read, as on a busy machine, it drops what comes beyond.
    """
    kernel_app: Any = IPKernelApp  # it has no setting for this
    init_iopub = kernel_app.init_iopub

    def patiently(app: IPKernelApp, context: Any) -> None:
        context.sndhwm = MAX_WAITING_MESSAGES
        init_iopub(app, context)

    kernel_app.init_iopub = patiently


os.environ.setdefault("PLOTLY_RENDERER", "plotly_mimetype")
sys.meta_path.insert(0, AltairByMime())
let_outputs_wait()
