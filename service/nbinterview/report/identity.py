"""Who is there: JupyterHub's OAuth with PKCE, set up from our own files.

JupyterHub hands a service its token by environment variables; ours comes from a
file, so that no process started by this one can inherit it.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.utils import url_path_join
from jupyterhub.services.auth import HubOAuth
from jupyterhub.singleuser.extension import JupyterHubIdentityProvider
from traitlets import default

from nbinterview.home import REPORT_PREFIX, Addresses

# A person whose rights were taken away is asked for anew after this long.
USER_CACHE_S = 30


def hub_oauth(addresses: Addresses, report_token: str, **kwargs: Any) -> HubOAuth:
    """Return the OAuth client of the hub's service `report`."""
    return HubOAuth(
        api_token=report_token,
        api_url=addresses.hub_api,
        base_url=REPORT_PREFIX,
        hub_host=addresses.public_url,
        hub_prefix="/hub/",
        oauth_client_id="service-report",
        oauth_redirect_uri=addresses.report_url + "oauth_callback",
        access_scopes={"access:services", "access:services!service=report"},
        cache_max_age=USER_CACHE_S,
        allow_token_in_url=False,
        # As the hub's own; rooms are told by the hub, this process by nobody.
        cookie_host_prefix_enabled=addresses.is_https,
        **kwargs,
    )


class ReportIdentityProvider(JupyterHubIdentityProvider):  # type: ignore[misc]  # untyped
    """JupyterHub's identity provider, for Voila on its own."""

    @default("hub_auth")
    def _our_hub_auth(self) -> HubOAuth:
        return hub_oauth(self.parent.addresses, self.parent.report_token, parent=self)

    def get_handlers(self) -> list[Any]:
        """Return log-out and OAuth callback below our prefix; Voila adds none."""
        return [
            (url_path_join(REPORT_PREFIX, rule[0]), *rule[1:])
            for rule in super().get_handlers()
        ]
