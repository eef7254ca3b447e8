"""Why an honest output looks otherwise here than in stock JupyterLab, where it does."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, str] = {}
