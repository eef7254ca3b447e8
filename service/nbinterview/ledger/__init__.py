"""The journal's records: their form, their hash, what can be rebuilt from them."""
