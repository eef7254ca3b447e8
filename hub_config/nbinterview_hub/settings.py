"""JupyterHub's settings of a local platform; the other parts run beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator

from nbinterview.home import Addresses, Home, Setup
from nbinterview_hub import roles
from nbinterview_hub.authenticator import InvitedOnly, in_front_of
from nbinterview_hub.spawner import RoomSpawner, configure_rooms

TEMPLATES = Path(__file__).parent / "templates"


def configure(
    c: Any,
    *,
    inner_authenticator: type[Authenticator] = InvitedOnly,
    env: Mapping[str, str] = os.environ,
) -> None:
    """Set up JupyterHub for interviews.

    `inner_authenticator` signs in everybody who has no invitation link; in
    production for example `oauthenticator.generic.GenericOAuthenticator`,
    configured under its own name as always.
    """
    home, addresses, setup = (
        Home.from_env(env),
        Addresses.from_env(env),
        Setup.from_env(env),
    )
    _configure_network(c, home, addresses)
    _configure_people(c, home, addresses, inner_authenticator)
    _configure_services(c, home, addresses)
    _configure_rooms(c, home, addresses, setup)


def _configure_network(c: Any, home: Home, addresses: Addresses) -> None:
    c.JupyterHub.bind_url = addresses.public_url
    # Every room and service gets an origin of its own below this host.
    c.JupyterHub.subdomain_host = addresses.public_url
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{addresses.hub_port}"
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{addresses.proxy_api_port}"
    c.ConfigurableHTTPProxy.auth_token = home.secret("proxy_token")
    c.JupyterHub.db_url = f"sqlite:///{home.path}/hub/jupyterhub.sqlite"
    c.JupyterHub.cookie_secret_file = str(home.path / "secrets" / "cookie_secret")
    # A restart of the hub leaves rooms and proxy running.
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False


def _configure_people(
    c: Any, home: Home, addresses: Addresses, inner: type[Authenticator]
) -> None:
    c.JupyterHub.authenticator_class = in_front_of(inner)
    c.InvitationAuthenticator.public_url = addresses.public_url
    c.InvitationAuthenticator.service_url = addresses.service_url
    c.InvitationAuthenticator.service_api = addresses.service_api
    c.InvitationAuthenticator.hub_key = home.secret("hub_key")
    c.InvitationAuthenticator.invitation_key = home.secret("invitation_key")
    c.JupyterHub.load_groups = roles.groups()
    c.JupyterHub.load_roles = roles.roles()
    c.JupyterHub.default_url = "/hub/home"
    c.JupyterHub.redirect_to_server = False
    c.JupyterHub.template_paths = [str(TEMPLATES)]
    c.JupyterHub.template_vars = {"service_url": addresses.service_url}
    # Links lead from mail to the hub and from the hub to the rooms' origins:
    # "Strict" cookies would not come along.
    c.JupyterHub.tornado_settings = {
        "cookie_options": {"samesite": "Lax"},
        "headers": {"Content-Security-Policy": page_policy(addresses.public_url)},
    }
    c.JupyterHub.oauth_require_pkce = True
    # `__Host-` cookies: no room can put one of its own in front of another host's.
    # Browsers keep them on https only; rooms and services take it from their
    # environment, which the hub gives them.
    c.JupyterHub.cookie_host_prefix_enabled = addresses.is_https


def page_policy(public_url: str) -> str:
    """Return what every page of the hub may do: no script, whoever wrote the page.

    Stock JupyterHub's says who may frame it and no more. Browsers check `form-action`
    also for the redirects after a form, and ours end at rooms and services.
    """
    scheme, _, host = public_url.partition("://")
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'unsafe-inline'",
            f"form-action 'self' {public_url} {scheme}://*.{host}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _configure_services(c: Any, home: Home, addresses: Addresses) -> None:
    ports = {
        roles.SERVICE: addresses.service_port,
        roles.REPORT: addresses.report_port,
    }
    c.JupyterHub.services = [
        {
            "name": name,
            "url": f"http://127.0.0.1:{port}",
            "api_token": home.secret(
                {roles.SERVICE: "service_token", roles.REPORT: "report_token"}[name]
            ),
            # Part of the platform: asking people to trust it would teach nothing.
            "oauth_no_confirm": True,
            # The routes are made whether it answers yet or not; the supervisor
            # watches its health. The stock 30 s would hold up all pages.
            "timeout": 1,
        }
        for name, port in ports.items()
    ] + [{"name": roles.SUPERVISOR, "api_token": home.secret("supervisor_token")}]


def _configure_rooms(c: Any, home: Home, addresses: Addresses, setup: Setup) -> None:
    c.JupyterHub.spawner_class = RoomSpawner
    c.JupyterHub.allow_named_servers = False
    c.Spawner.cmd = [str(setup.room_python), "-m", "nbinterview_server.launch"]
    configure_rooms(
        c,
        rooms_dir=str(home.path / "rooms"),
        logs_dir=str(home.path / "logs"),
        service_api=addresses.service_api,
        room_key=home.secret("room_key"),
        kernel_python=str(setup.kernel_python),
        bwrap=str(setup.bwrap),
    )
