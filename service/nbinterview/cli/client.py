"""The running service, as the operator's command line reaches it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nbinterview.errors import NBInterviewError, Unavailable
from nbinterview.home import Addresses, Home

_CHUNK_BYTES = 1024 * 1024
_PAGE_RECORDS = 1000


@dataclass(frozen=True)
class Service:
    """The running service, as the operator reaches it."""

    api: str
    token: str

    @classmethod
    def find(cls, home: Home) -> Service:
        """Find it by the environment, or by what the supervisor left in the home."""
        env = dict(os.environ)
        if "NBINTERVIEW_SERVICE_PORT" in env:
            api = f"http://127.0.0.1:{int(env['NBINTERVIEW_SERVICE_PORT'])}"
            api += "/services/nbinterview/api/v1"
        else:
            api = Addresses.from_env(_run_file(home)).service_api
        return cls(api, home.secret("operator_token"))

    def call(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        content: Iterator[bytes] | None = None,
    ) -> Any:
        """Return the JSON that the service answers; raise its refusal as our error."""
        import httpx

        with self._client() as client:
            try:
                answer = client.request(method, path, json=body, content=content)
            except httpx.HTTPError as error:
                raise _no_answer() from error
        _check(answer)
        return answer.json() if answer.content else None

    def records(self, interview_id: str) -> list[dict[str, Any]]:
        """Return all records of an interview, in their order."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            path = f"/interviews/{interview_id}/records"
            page = self.call("GET", f"{path}?after={after}&limit={_PAGE_RECORDS}")
            found += page["records"]
            after = page["next_after"]
        return found

    def download(self, path: str) -> Iterator[bytes]:
        """Yield a long answer as it comes."""
        import httpx

        with self._client() as client:
            try:
                with client.stream("GET", path) as answer:
                    if answer.is_error:
                        answer.read()
                    _check(answer)
                    yield from answer.iter_bytes(_CHUNK_BYTES)
            except httpx.HTTPError as error:
                raise _no_answer() from error

    def _client(self) -> Any:
        import httpx

        return httpx.Client(
            base_url=self.api,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=httpx.Timeout(120, connect=5),
            trust_env=False,
        )


def _run_file(home: Home) -> dict[str, str]:
    try:
        ports: dict[str, str] = json.loads((home.path / "run.json").read_text("utf-8"))[
            "ports"
        ]
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable(
            f"No platform is running in {home.path}. Start it with ./run first."
        ) from error
    return ports


def _no_answer() -> Unavailable:
    return Unavailable(
        "The interview service does not answer. Is the platform running (./run)?"
    )


def _check(answer: Any) -> None:
    if not answer.is_error:
        return
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"The service answered {answer.status_code}."
    raise NBInterviewError(str(detail))
