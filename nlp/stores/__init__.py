"""Clients of the App Store and Google Play that ask politely, tell errors apart and can go on where they stopped.

They were written from the stores' known formats and are tested against a server of ours that speaks them;
they were never run against the live stores. The stores' terms of use apply to whoever runs them.
"""

from __future__ import annotations

from nlp.stores.collecting import Batch, NoCursor, collect
from nlp.stores.entries import Found, StoreName
from nlp.stores.errors import Blocked, ChangedFormat, NoSuchApp, RateLimited, StoreError, Unreachable
from nlp.stores.http import Settings

__all__ = [
    "Batch", "Blocked", "ChangedFormat", "Found", "NoCursor", "NoSuchApp", "RateLimited", "Settings", "StoreError",
    "StoreName", "Unreachable", "collect",
]  # fmt: skip
