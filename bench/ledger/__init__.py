"""The record's speed, size and proof, beside its peers: `make bench-ledger`."""
