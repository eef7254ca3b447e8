"""Pictures of pages for a person's eyes, where a run keeps such things."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page


def keep(page: Page, name: str) -> None:
    """Keep a picture if `NBINTERVIEW_ARTIFACTS` names a folder."""
    folder = os.environ.get("NBINTERVIEW_ARTIFACTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")
