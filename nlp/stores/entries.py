"""One review as a store gives it, before its author is made unrecognisable."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nlp.csvrows import hashed_author
from nlp.reviews import Review
from nlp.text import mask, storable

StoreName = Literal["appstore", "googleplay"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a store says. Never stored as it is: ``found`` makes of it what may be."""

    store_id: str
    author: str
    at: datetime
    star: int
    likes: int
    title: str
    text: str
    version: str


@dataclass(frozen=True, slots=True)
class Found:
    """A review that may be stored; ``digest`` changes when its author edits star, title or text."""

    review: Review
    updated: datetime
    digest: str


def found(entry: Entry, store: StoreName, app_id: str, author_key: bytes) -> Found:
    """The review with its author hashed under ``author_key``, and addresses and numbers masked."""
    title, text = mask(storable(entry.title)), mask(storable(entry.text))
    digest = hashlib.sha256(f"{entry.star}|{title}|{text}".encode()).hexdigest()[:16]
    review = Review(
        app=app_id,
        at=entry.at,
        star=entry.star,
        likes=entry.likes,
        title=title,
        text=text,
        author=hashed_author(storable(entry.author), author_key),
        store=store,
        store_id=storable(entry.store_id)[:200],
        version=storable(entry.version)[:40],
    )
    return Found(review, entry.at, digest)
