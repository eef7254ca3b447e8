"""What watching costs the page and the machine, beside peers: `make bench-widget`."""
