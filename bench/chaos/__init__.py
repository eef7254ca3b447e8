"""Twenty faults over the whole platform: `make chaos`."""
