"""Indexes of reviews as earlier versions wrote them."""

from __future__ import annotations

import io
import json

import numpy as np

from nlp.index import ReviewIndex


def earlier_bytes(index: ReviewIndex) -> bytes:
    """Return an index as it was written before there were versions and days in it."""
    with np.load(io.BytesIO(index.to_bytes())) as file:
        columns = {name: file[name] for name in file if name not in ("day", "version")}
    head = json.loads(columns["head"].tobytes())
    del head["versions"]
    columns["head"] = np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), dtype=np.uint8)
    out = io.BytesIO()
    np.savez_compressed(out, **columns)
    return out.getvalue()


def earlier(index: ReviewIndex) -> ReviewIndex:
    """Return an index as it is read from what was written before there were versions and days in it."""
    return ReviewIndex.from_bytes(earlier_bytes(index))
