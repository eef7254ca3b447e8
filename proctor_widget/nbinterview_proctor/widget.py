"""`ProctorWidget`: what an interview measures, in any notebook.

    from nbinterview_proctor.widget import ProctorWidget
    watcher = ProctorWidget(policy="strict")
    watcher                      # press "Turn my camera on"
    watcher.faces, watcher.yaw_deg, watcher.findings

The browser measures and sends numbers; `geometry` and `engine` here make
observations and findings of them, with the same code as in a room. No picture
reaches the kernel, and nothing reaches any server but the notebook's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from nbinterview import __version__
from nbinterview.schemas import check
from nbinterview_proctor import geometry
from nbinterview_proctor.policy import Policy, load, names
from nbinterview_proctor.trial import Trial

_STATIC = Path(__file__).parent / "static"
#: Events that say how things are from then on; another policy must know them too.
_LASTING = frozenset({"visibility", "window_focus", "camera", "detector"})


def _built(name: str) -> Path:
    path = _STATIC / name
    if not path.is_file():
        raise ImportError(
            f"{path} was not built. In a source tree, run "
            "`npm run build -w proctor_widget/js` first."
        )
    return path


@cache
def _choices() -> list[dict[str, str]]:
    """Return the shipped policies that watch something, for the page's list."""
    loaded = [Policy.from_dict(load(name)) for name in names()]
    return [{"name": p.name, "title": p.title} for p in loaded if p.sensors]


class ProctorWidget(anywidget.AnyWidget):
    """Camera check, live observation and findings, in the page of whoever turns it on.

    The camera goes on only by a press of the button in that page; code can ask
    (`start`) and can always end it (`stop`).
    """

    _esm = _built("widget.js")
    _css = _built("widget.css")

    version = traitlets.Unicode(__version__, read_only=True).tag(sync=True)
    assets_url = traitlets.Unicode(
        "",
        help="Folder of worker.js, WASM and models, of the page's own origin. "
        "Empty: the nbinterview extension of the Jupyter server that sent the page.",
    ).tag(sync=True)
    policies: Any = traitlets.List(read_only=True).tag(sync=True)
    policy = traitlets.Unicode(
        "standard", help="Name of the policy that findings are judged by."
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
    findings: Any = traitlets.List(
        help="What was found: rule, title, level, text, started_at, ended_at, evidence."
    )
    sensors = traitlets.Dict(help="By sensor: its state and why, in words.")
    calibration = traitlets.Dict(
        None, allow_none=True, help="How well the head positions are known."
    )
    rate_hz = traitlets.Float(0.0, help="How often the page measures now.")
    frames_dropped = traitlets.Int(0, help="Since the start; a busy computer.")

    def __init__(
        self,
        *,
        rules: Policy | None = None,
        clock: Callable[[], float] = time.time,
        **traits: Any,
    ) -> None:
        """Make a widget that measures by the named policy, or by your own `rules`."""
        self._rules = rules
        self._clock = clock
        self._said: dict[str, dict[str, Any]] = {}
        super().__init__(**traits)
        self.set_trait("policies", [] if rules else _choices())
        self._trial = self._fresh()
        self.on_msg(self._receive)

    def start(self) -> None:
        """Ask the person for the camera; it goes on when they press the button."""
        self.asked = True

    def stop(self) -> None:
        """Switch the camera off in every page, and stop asking."""
        self.asked = False
        self.send({"type": "stop"})

    def recalibrate(self) -> None:
        """Forget findings and head positions; learn from the next steady seconds."""
        self._trial = self._fresh()
        self._tell()

    def on_observation(self, callback: Callable[[geometry.Observation], None]) -> None:
        """Call `callback` for every observation."""
        self.observe(lambda change: callback(change["new"]), "observation")

    def on_findings(self, callback: Callable[[list[dict[str, Any]]], None]) -> None:
        """Call `callback` with all findings whenever one is new or changes."""
        self.observe(lambda change: callback(change["new"]), "findings")

    # -------------------------------------------------------- the page

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        match content.get("type"):
            case "frames":
                self.rate_hz = content["rate_hz"]
                frames, dropped = content["frames"], content["dropped"]
                self._take(frames, dropped, content["monotonic_ms"])
            case "event":
                self._hear(content["event"], content["monotonic_ms"])
            case "hello":
                self._tell(always=True)

    def _hear(self, event: dict[str, Any], monotonic_ms: float) -> None:
        """Fold an event that a page sent; `Invalid` when it is none."""
        check(event, "live", "ClientEvent")
        if event["name"] in _LASTING:
            self._said[event["name"]] = event
        self._trial.event(event, monotonic_ms)
        self._tell()

    def _take(
        self, frames: list[dict[str, Any]], dropped: int, monotonic_ms: float
    ) -> None:
        """Fold frames that a page sent; `Invalid` when one is none."""
        for frame in frames:
            check(frame, "live", "Frame")
        self.frames_dropped += dropped
        for seen in self._trial.frames(
            frames, monotonic_ms, frames_dropped=dropped, rate_hz=self.rate_hz
        ):
            with self.hold_trait_notifications():
                self.faces = seen.faces
                self.yaw_deg = seen.yaw_deg
                self.pitch_deg = seen.pitch_deg
                self.observation = seen
        self._tell()

    def _tell(self, *, always: bool = False) -> None:
        """Bring the traits up to date, and the pages when something changed."""
        trial = self._trial
        told = {
            "findings": trial.findings,
            "sensors": {each["sensor"]: each for each in trial.sensors},
            "calibration": trial.calibration,
        }
        same = all(getattr(self, name) == value for name, value in told.items())
        if same and not always:
            return
        with self.hold_trait_notifications():
            for name, value in told.items():
                setattr(self, name, value)
        # As a message and no synced trait: those are saved into the notebook.
        self.send({"type": "told", **told})

    def _fresh(self) -> Trial:
        rules = self._rules or Policy.from_dict(load(self.policy))
        return Trial(rules, self._clock, self._said.values())

    @traitlets.validate("policy")
    def _known(self, proposal: dict[str, Any]) -> str:
        name: str = proposal["value"]
        if name not in names():
            known = ", ".join(names())
            raise traitlets.TraitError(f"no policy {name!r}; there are: {known}")
        return name

    @traitlets.observe("policy")
    def _policy_changed(self, _change: dict[str, Any]) -> None:
        if hasattr(self, "_trial"):
            self.recalibrate()

    @traitlets.observe("state")
    def _state_changed(self, change: dict[str, Any]) -> None:
        """Forget what was seen when nothing is seen any more."""
        if change["new"] == "starting":
            self.frames_dropped = 0
            self._said = {}
            self.recalibrate()
        elif change["new"] != "measuring":
            self.faces = self.yaw_deg = self.pitch_deg = None
            self._trial.end()
            self._tell()
