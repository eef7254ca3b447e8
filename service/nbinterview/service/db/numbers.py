"""Whole numbers of 64 bits in both databases.

SQLite's are anyway, and only a key that it calls INTEGER counts up by itself;
PostgreSQL's INTEGER ends at 2^31, below the "to the end" of an erasure.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer

WHOLE = BigInteger().with_variant(Integer(), "sqlite")
