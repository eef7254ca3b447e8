"""What a crash leaves of a record: `make crash`."""
