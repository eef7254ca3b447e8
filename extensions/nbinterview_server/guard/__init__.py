"""The guard: what may be written where in the shared notebook. See docs/adr/0009."""
