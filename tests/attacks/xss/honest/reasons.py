"""Why an honest output looks otherwise here than in stock JupyterLab, where it does."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "json": "stock has a field to search in it, and shows the keys in another order",
}
