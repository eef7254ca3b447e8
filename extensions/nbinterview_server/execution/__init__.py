"""Cells run on the server; every run and every kernel's life is recorded."""
