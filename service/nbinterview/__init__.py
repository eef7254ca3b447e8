"""nbinterview: data-science interviews in real notebooks."""

__version__ = "0.1.0"
