"""Output widgets: what they show, gathered here and by nobody else.

In a stock page every open browser gathers what a kernel prints below an Output widget
and sends it back to the kernel. Outputs do not go to pages in a room, so the room
gathers them: in the order in which the kernel speaks, once, with the limits of all
outputs. Pages hear of it as of any other change of a widget's state.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from nbinterview_kernels.outputs import MIB, Collector

Json = dict[str, Any]

MAX_WIDGETS = 100
"""Of one kernel; the one that was quiet for longest is forgotten first."""
MAX_WIDGET_BYTES = MIB
EVERY_S = 0.2
"""Pages are told at most so often what a widget shows."""

Later = Callable[[float, Callable[[], None]], object]


class _Shown:
    """What one Output widget shows."""

    def __init__(self) -> None:
        self._collector = Collector(MAX_WIDGET_BYTES)
        self._clears_at_next = False

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "clear_output" and content.get("wait") is True:
            self._clears_at_next = True
            return
        if kind == "clear_output" or self._clears_at_next:
            self._collector = Collector(MAX_WIDGET_BYTES)
            self._clears_at_next = False
        if kind != "clear_output":
            self._collector.take(kind, content)

    def outputs(self) -> list[Json]:
        return self._collector.outputs()


class OutputWidgets:
    """The Output widgets of one kernel."""

    def __init__(self, tell: Callable[[Json], None], later: Later) -> None:
        self._tell = tell
        self._later = later
        self._shown: OrderedDict[str, _Shown] = OrderedDict()
        self._untold: set[str] = set()

    def take(self, comm: str, kind: str, content: Mapping[str, Any]) -> None:
        """Show an output in a widget."""
        self._widget(comm).take(kind, content)
        self._changed(comm)

    def replace(self, comm: str, outputs: object) -> None:
        """Show what the kernel says that a widget shows."""
        self._shown.pop(comm, None)
        shown = self._widget(comm)
        for one in outputs if isinstance(outputs, list) else ():
            if isinstance(one, dict) and isinstance(one.get("output_type"), str):
                shown.take(one["output_type"], one)

    def forget(self, comm: str) -> None:
        """Forget a widget that was closed."""
        self._shown.pop(comm, None)

    def update(self, comm: str) -> Json:
        """Return what a comm says to have a widget show this."""
        outputs = self._shown[comm].outputs() if comm in self._shown else []
        state = {"outputs": outputs}
        data = {"method": "update", "state": state, "buffer_paths": []}
        return {"comm_id": comm, "data": data}

    def _widget(self, comm: str) -> _Shown:
        shown = self._shown.setdefault(comm, _Shown())
        self._shown.move_to_end(comm)
        while len(self._shown) > MAX_WIDGETS:
            self._shown.popitem(last=False)
        return shown

    def _changed(self, comm: str) -> None:
        if not self._untold:
            self._later(EVERY_S, self._tell_all)
        self._untold.add(comm)

    def _tell_all(self) -> None:
        untold, self._untold = self._untold, set()
        for comm in untold & set(self._shown):
            self._tell(self.update(comm))


class Capture:
    """Which widget takes the outputs of one request at the moment."""

    def __init__(self, widgets: OutputWidgets, request: str) -> None:
        self._widgets = widgets
        self._request = request
        self._open: list[str] = []
        """The widgets that ask for this request's outputs; the last one gets them."""
        self._changed: dict[str, None] = {}

    def hear(self, kind: str, content: Mapping[str, Any]) -> None:
        """Hear what the kernel says of a widget while it answers this request."""
        if kind == "comm_close":
            self._end(content["comm_id"])
            self._widgets.forget(content["comm_id"])
        if kind not in {"comm_open", "comm_msg"}:
            return
        data, comm = content["data"], content["comm_id"]
        state = data.get("state")
        is_update = kind == "comm_open" or data.get("method") == "update"
        if not is_update or not isinstance(state, dict):
            return
        if "outputs" in state and kind == "comm_msg":
            self._widgets.replace(comm, state["outputs"])
        if "msg_id" in state:
            self._end(comm)
            if state["msg_id"] == self._request:
                self._open.append(comm)

    def take(self, kind: str, content: Mapping[str, Any]) -> bool:
        """Take an output in; say whether a widget wanted it."""
        if not self._open:
            return False
        self._widgets.take(self._open[-1], kind, content)
        self._changed[self._open[-1]] = None
        return True

    def updates(self) -> list[Json]:
        """Return what the kernel has to hear, once, when it is done."""
        changed, self._changed = self._changed, {}
        return [self._widgets.update(comm) for comm in changed]

    def _end(self, comm: str) -> None:
        if comm in self._open:
            self._open.remove(comm)
