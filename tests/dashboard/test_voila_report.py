"""The report as people open it: real hub, proxy, service, Voila and Chromium."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from nbinterview.home import SECRET_NAMES
from tests.dashboard.stage import Made, Stage, wait_for

PAGE_WITHIN_MS = 30_000


@contextmanager
def signed_in(browser: Browser, link: str) -> Iterator[BrowserContext]:
    """Sign in by an invitation link, in a browser of one's own."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state()
    yield context
    context.close()


def opened(context: BrowserContext, url: str) -> tuple[Page, Response]:
    """Open an address and wait for the whole page."""
    page = context.new_page()
    response = page.goto(url, timeout=PAGE_WITHIN_MS)
    assert response is not None
    return page, response


def report(context: BrowserContext, url: str) -> Page:
    """Open a report that must come."""
    page, response = opened(context, url)
    assert response.status == 200
    page.locator("#complete").wait_for(state="attached", timeout=PAGE_WITHIN_MS)
    return page


def noted(attacks: list[str]) -> Callable[[str], None]:
    """Return a function for the page that notes its calls."""

    def attacked(what: str) -> None:
        attacks.append(what)

    return attacked


def test_a_reviewer_sees_the_list_and_a_whole_report(
    platform: Stage, honest: Made, chromium: Browser, artifacts: Path
) -> None:
    with signed_in(chromium, honest.links["reviewer"]) as context:
        page = report(context, platform.report_url)
        page.screenshot(path=artifacts / "list.png")
        page.get_by_role("link", name="Ada Example").click()
        page.locator("#complete").wait_for(state="attached", timeout=PAGE_WITHIN_MS)

        assert page.get_by_role("heading", level=1).inner_text() == "Ada Example"
        titles = page.locator("#flags h3 bdi").all_inner_texts()
        assert titles == [
            "Nobody in front of the camera",
            "More than one person in the camera picture",
            "Head turned far aside of the screen",
            "Pasted a longer text from outside the notebook",
            "Left the interview's tab",
        ]
        assert page.locator("#notebook .source").inner_text().startswith("import numpy")
        page.screenshot(path=artifacts / "report.png", full_page=True)


def test_the_filter_of_the_list_hides_what_does_not_match(
    platform: Stage, honest: Made, hostile: Made, chromium: Browser
) -> None:
    with signed_in(chromium, honest.links["reviewer"]) as context:
        page = report(context, platform.report_url)
        page.get_by_label("Find").fill("ada ex")
        assert page.locator("[data-row]:visible").count() == 1
        assert page.locator("#found").inner_text().startswith("1 of ")


def test_the_interviewer_sees_only_the_own_interview(
    platform: Stage, honest: Made, hostile: Made, chromium: Browser
) -> None:
    with signed_in(chromium, honest.links["interviewer"]) as context:
        page = report(context, platform.report_url)
        assert page.locator("[data-row]").count() == 1
        report(context, platform.report_of(honest.id))
        page, response = opened(context, platform.report_of(hostile.id))
        assert response.status == 403
        assert "not open to you" in page.inner_text("h1")


def test_a_candidate_is_refused_both_views(
    platform: Stage, honest: Made, chromium: Browser
) -> None:
    with signed_in(chromium, honest.links["candidate"]) as context:
        for url in (platform.report_url, platform.report_of(honest.id)):
            _, response = opened(context, url)
            assert response.status == 403


def test_the_anonymous_are_sent_to_the_hub(platform: Stage, honest: Made) -> None:
    host = {"Host": urlsplit(platform.report_url).netloc}
    public = f"http://127.0.0.1:{platform.addresses.port}"
    with httpx.Client(trust_env=False) as client:
        for path in ("", f"?interview={honest.id}", "api/contents", "voila/files/x"):
            url = f"{public}/services/report/{path}"
            answer = client.get(url, headers=host)
            assert answer.status_code == 302
            hub = f"{platform.addresses.public_url}/hub/api/oauth2/authorize?"
            assert answer.headers["location"].startswith(hub)
        made_up = {**host, "Authorization": "Bearer made-up"}
        answer = client.get(f"{public}/services/report/", headers=made_up)
        assert answer.status_code in (302, 403)


@pytest.mark.parametrize(
    "query", ["?interview=", "?interview=../x", "?interview=a&interview=b"]
)
def test_an_id_that_is_none_is_not_found(
    platform: Stage, honest: Made, chromium: Browser, query: str
) -> None:
    with signed_in(chromium, honest.links["reviewer"]) as context:
        _, response = opened(context, platform.report_url + query)
        assert response.status == 404


def test_nothing_but_the_page_is_served_to_a_reviewer(
    platform: Stage, honest: Made, chromium: Browser
) -> None:
    with signed_in(chromium, honest.links["reviewer"]) as context:
        opened(context, platform.report_url)
        for path in (
            "api/contents",
            "api/kernels",
            "voila/render/report.ipynb",
            "voila/files/report.ipynb",
            "voila/static/voila.js",
            "voila/templates/lab/static/voila.js",
            "report.ipynb",
            "lab",
        ):
            _, response = opened(context, platform.report_url + path)
            assert response.status == 404, path


def test_the_page_asks_nobody_for_anything(
    platform: Stage, honest: Made, chromium: Browser
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    with signed_in(chromium, honest.links["reviewer"]) as context:
        opened(context, platform.report_url)
        context.on("request", lambda request: asked.append(request.url))
        context.on("console", lambda message: complaints.append(message.text))
        report(context, platform.report_of(honest.id))
    assert [url for url in asked if not url.startswith("data:")] == [
        platform.report_of(honest.id)
    ]
    assert complaints == []


def test_a_hostile_notebook_runs_nothing(
    platform: Stage, hostile: Made, chromium: Browser, artifacts: Path
) -> None:
    attacks: list[str] = []
    asked: list[str] = []
    with signed_in(chromium, hostile.links["reviewer"]) as context:
        context.expose_function("attacked", noted(attacks))
        context.on("request", lambda request: asked.append(request.url))
        page = report(context, platform.report_of(hostile.id))
        page.screenshot(path=artifacts / "hostile.png", full_page=True)
        page.get_by_text("[picture: far]").wait_for()
        here = f"{platform.addresses.service_url}interviews/{hostile.id}"
        ours = {f"{here}/replay", f"{here}/findings"}
        for link in page.locator("main a").all():
            target = link.get_attribute("href") or ""
            assert target.startswith(("#", "?")) or target in ours, target
        # The film was data, and is gone once the player, as text, shows it.
        expect(page.locator("main script")).to_have_count(0)
        assert page.locator("main iframe, main object").count() == 0
        assert page.locator("#notebook .cells svg, #notebook .cells img").count() == 0
        report(context, platform.report_url)
    assert attacks == []
    assert all(url.startswith((platform.report_url, "data:")) for url in asked), asked


def test_the_policy_forbids_scripts_even_if_one_got_through(
    platform: Stage, honest: Made, chromium: Browser
) -> None:
    attacks: list[str] = []
    with signed_in(chromium, honest.links["reviewer"]) as context:
        context.expose_function("attacked", noted(attacks))
        page = report(context, platform.report_url)
        page.evaluate(
            """() => {
              const attempts = [
                () => {
                  const inline = document.createElement('script');
                  inline.append("attacked('inline')");
                  document.body.append(inline);
                },
                () => { document.body.innerHTML += '<img src=x onerror=attacked(1)>'; },
                () => {
                  const image = document.createElement('img');
                  image.setAttribute('onerror', "attacked('handler')");
                  image.src = 'data:,';
                  document.body.append(image);
                },
              ];
              for (const attempt of attempts) {
                try { attempt(); } catch (error) { /* refused, as it should be */ }
              }
            }"""
        )
        # Proves that the trap works: what the test itself calls is noticed.
        page.evaluate("() => attacked('by the test')")
    assert attacks == ["by the test"]


class KernelWatch(threading.Thread):
    """Notes the environment and the sockets of the kernels that a server starts.

    ipykernel itself listens on TCP once more: for the output of its subprocesses,
    which it takes only with a random word.
    """

    def __init__(self, server: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._server = server
        self.done = threading.Event()
        self.environments: dict[int, dict[str, str]] = {}
        self.transports: set[str] = set()
        self.open_to_others: set[int] = set()

    def run(self) -> None:
        """Look again and again until told to stop."""
        while not self.done.wait(0.05):
            for child in self._server.children(recursive=True):
                try:
                    command = child.cmdline()
                    if "ipykernel_launcher" in command:
                        self.environments[child.pid] = child.environ()
                        self._note(Path(command[command.index("-f") + 1]))
                except (psutil.Error, FileNotFoundError):
                    continue

    def _note(self, connection_file: Path) -> None:
        self.transports.add(json.loads(connection_file.read_text())["transport"])
        self.open_to_others.add(connection_file.parent.stat().st_mode & 0o077)


def test_the_kernel_knows_a_ticket_and_no_secret_and_ends_with_the_page(
    platform: Stage, honest: Made, chromium: Browser
) -> None:
    server = platform.report_process()
    watch = KernelWatch(server)
    with signed_in(chromium, honest.links["reviewer"]) as context:
        watch.start()
        report(context, platform.report_of(honest.id))
        watch.done.set()
        watch.join(5)
    assert len(watch.environments) == 1
    [environment] = watch.environments.values()
    assert environment["NBINTERVIEW_REPORT_INTERVIEW"] == honest.id
    values = " ".join(environment.values())
    for name in SECRET_NAMES:
        assert platform.home.secret(name) not in values, name
    unwanted = [
        name
        for name in environment
        if name.startswith("JUPYTERHUB")
        or name in ("NBINTERVIEW_HOME", "CANARY_SECRET")
    ]
    assert unwanted == []
    assert watch.transports == {"ipc"}
    assert watch.open_to_others == {0}
    wait_for("the kernel's end", lambda: not server.children(), timeout_s=10)


def test_a_reader_who_leaves_early_leaves_no_kernel_behind(
    platform: Stage, honest: Made, chromium: Browser
) -> None:
    server = platform.report_process()
    with signed_in(chromium, honest.links["reviewer"]) as context:
        opened(context, platform.report_url)
        page = context.new_page()
        page.goto(platform.report_of(honest.id), wait_until="commit")
        wait_for("a kernel", server.children, timeout_s=10)
        page.close()
    wait_for("the kernel's end", lambda: not server.children(), timeout_s=20)


def test_a_cold_report_takes_less_than_six_seconds(
    platform: Stage, honest: Made, chromium: Browser
) -> None:
    with signed_in(chromium, honest.links["reviewer"]) as context:
        opened(context, platform.report_url)
        began = time.monotonic()
        report(context, platform.report_of(honest.id))
        assert time.monotonic() - began < 6


def test_without_the_service_a_kind_page_says_so(
    platform: Stage, honest: Made, chromium: Browser
) -> None:
    """Last in this file: it stops the service (the supervisor starts it again)."""
    with signed_in(chromium, honest.links["reviewer"]) as context:
        opened(context, platform.report_url)
        [service] = [
            child
            for child in psutil.Process(platform.process.pid).children()
            if "nbinterview.service" in child.cmdline()
        ]
        service.suspend()
        try:
            page, response = opened(context, platform.report_of(honest.id))
        finally:
            service.resume()
        assert response.status == 503
        assert "reload" in page.inner_text("main")
