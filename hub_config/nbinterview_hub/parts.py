"""The four programs of a local platform: what to run, and with which environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nbinterview.errors import Unavailable
from nbinterview.home import Addresses, Home, Setup
from nbinterview.redaction import Redaction
from nbinterview_hub.processes import Program

# What the parts get from the caller's environment; nothing of a surrounding Jupyter,
# virtual environment or HTTP proxy, and no secret.
INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    # The installation's own limits, and how many proxies stand before it.
    "NBINTERVIEW_LIMITS",
    "NBINTERVIEW_PROXY_HOPS",
    # How large the record of one room may become.
    "NBINTERVIEW_ROOM_QUOTA_BYTES",
)


def hub_config_path() -> Path:
    """Return the configuration file beside this package."""
    path = Path(__file__).resolve().parents[1] / "jupyterhub_config.py"
    if not path.is_file():
        raise Unavailable(f"{path} is missing. Run nbinterview from its source folder.")
    return path


def child_env(
    home: Home, addresses: Addresses, env: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of every part; secrets stay in their files."""
    return {
        **{name: env[name] for name in INHERITED if name in env},
        **addresses.env(),
        "NBINTERVIEW_HOME": str(home.path),
        "NBINTERVIEW_SETUP": str(Path(env["NBINTERVIEW_SETUP"]).absolute()),
        "PYTHONUNBUFFERED": "1",
    }


def programs(
    home: Home, addresses: Addresses, setup: Setup, env: Mapping[str, str]
) -> list[Program]:
    """Return the four programs, in the order in which they start."""
    common = child_env(home, addresses, env)
    hub_url = f"http://127.0.0.1:{addresses.hub_port}"
    proxy_argv = [
        *(str(setup.node), str(setup.proxy)),
        *("--ip", "127.0.0.1", "--port", str(addresses.port)),
        *("--api-ip", "127.0.0.1", "--api-port", str(addresses.proxy_api_port)),
        *("--error-target", f"{hub_url}/hub/error"),
        # Before the hub has filled its routes nothing is found, as after the proxy was
        # killed. The proxy says so to an upgrade in no proper HTTP, and leaves the
        # connection open; the hub, which has no such page, says it properly.
        *("--default-target", f"{hub_url}/hub/error/404"),
        "--host-routing",
    ]
    hub_python = str(setup.hub_python)
    argv_of = {
        "proxy": proxy_argv,
        "service": [hub_python, "-m", "nbinterview.service"],
        "report": [str(setup.report_python), "-m", "nbinterview.report"],
        "hub": [hub_python, "-m", "jupyterhub", "-f", str(hub_config_path())],
    }
    extra_env = {"proxy": {"CONFIGPROXY_AUTH_TOKEN": home.secret("proxy_token")}}
    redact = Redaction(home.secrets())
    return [
        Program(
            name,
            argv,
            {**common, **extra_env.get(name, {})},
            home.path / "logs" / f"{name}.log",
            redact,
        )
        for name, argv in argv_of.items()
    ]
