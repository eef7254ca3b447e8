"""How soon interviewers see a flag: `make bench-flags`."""
