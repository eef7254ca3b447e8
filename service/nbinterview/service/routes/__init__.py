"""The HTTP of the service: parse, call the domain, render."""
