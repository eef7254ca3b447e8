"""The shared notebook: recorded before it is broadcast, under the true name."""
