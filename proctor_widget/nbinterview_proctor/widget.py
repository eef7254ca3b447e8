"""`ProctorWidget`: what an interview measures, in any notebook.

    from nbinterview_proctor.widget import ProctorWidget
    watcher = ProctorWidget()
    watcher                      # press "Turn my camera on"
    watcher.faces, watcher.yaw_deg

The browser measures and sends numbers; `geometry` here makes an observation of
them, with the same code as in a room. No picture reaches the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from nbinterview import __version__
from nbinterview.schemas import check
from nbinterview_proctor import geometry, policy

_STATIC = Path(__file__).parent / "static"


def _built(name: str) -> Path:
    path = _STATIC / name
    if not path.is_file():
        raise ImportError(
            f"{path} was not built. In a source tree, run "
            "`npm run build -w proctor_widget/js` first."
        )
    return path


class ProctorWidget(anywidget.AnyWidget):
    """Camera check and live observation, in the page of whoever turns it on.

    The camera goes on only by a press of the button in that page; code can ask
    (`start`) and can always end it (`stop`).
    """

    _esm = _built("widget.js")
    _css = _built("widget.css")

    version = traitlets.Unicode(__version__, read_only=True).tag(sync=True)
    assets_url = traitlets.Unicode(
        "",
        help="Folder of worker.js, WASM and model, of the page's own origin. "
        "Empty: the nbinterview extension of the Jupyter server that sent the page.",
    ).tag(sync=True)
    asked = traitlets.Bool(
        default_value=False, help="Whether the page asks for the camera."
    ).tag(sync=True)
    state = traitlets.Enum(
        ["off", "starting", "measuring", "denied", "missing", "lost", "failed"],
        "off",
        help="Of the camera and the detector, as the page tells it.",
    ).tag(sync=True)
    detail = traitlets.Unicode("", help="Why it failed.").tag(sync=True)

    observation = traitlets.Instance(
        geometry.Observation, allow_none=True, help="The newest observation."
    )
    faces = traitlets.Int(None, allow_none=True, help="None: cannot be said.")
    yaw_deg = traitlets.Float(
        None,
        allow_none=True,
        help="Head away from its own baseline; + is the nose to the picture's right.",
    )
    pitch_deg = traitlets.Float(None, allow_none=True, help="The same; + is down.")
    frames_dropped = traitlets.Int(0, help="Since the start; a busy computer.")

    def __init__(self, *, rules: policy.Policy | None = None, **traits: Any) -> None:
        """Make a widget that measures by `rules`, the standard policy by default."""
        super().__init__(**traits)
        self._rules = rules or policy.Policy.from_dict(policy.load("standard"))
        self._fold = geometry.initial(self._rules)
        self.on_msg(self._receive)

    def start(self) -> None:
        """Ask the person for the camera; it goes on when they press the button."""
        self.asked = True

    def stop(self) -> None:
        """Switch the camera off in every page, and stop asking."""
        self.asked = False
        self.send({"type": "stop"})

    def recalibrate(self) -> None:
        """Take the head's baseline anew, from the next steady seconds."""
        self._fold = geometry.initial(self._rules)

    def on_observation(self, callback: Callable[[geometry.Observation], None]) -> None:
        """Call `callback` for every observation."""
        self.observe(lambda change: callback(change["new"]), "observation")

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        if content.get("type") == "frames":
            self._take(content["frames"], content["dropped"])

    def _take(self, frames: list[dict[str, Any]], dropped: int) -> None:
        """Fold frames that a page sent; `Invalid` when one is none."""
        for frame in frames:
            check(frame, "live", "Frame")
        self.frames_dropped += dropped
        for frame in frames:
            self._fold, seen = geometry.observe(
                self._fold, frame, frame["at_ms"] / 1000
            )
            with self.hold_trait_notifications():
                self.faces = seen.faces
                self.yaw_deg = seen.yaw_deg
                self.pitch_deg = seen.pitch_deg
                self.observation = seen

    @traitlets.observe("state")
    def _state_changed(self, change: dict[str, Any]) -> None:
        """Forget what was seen when nothing is seen any more."""
        if change["new"] == "starting":
            self.frames_dropped = 0
            self.recalibrate()
        elif change["new"] != "measuring":
            self.faces = self.yaw_deg = self.pitch_deg = None
