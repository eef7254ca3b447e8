"""Sphinx configuration."""

from nbinterview import __version__

project = "nbinterview"
author = "The nbinterview developers"
copyright = "2026, the nbinterview developers"  # noqa: A001 - Sphinx's name
version = release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
html_theme = "pydata_sphinx_theme"
html_title = "nbinterview"
html_show_sourcelink = False
exclude_patterns = ["_build"]
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
