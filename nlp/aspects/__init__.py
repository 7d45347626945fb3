"""What reviews speak of: twelve aspects as dated data (``aspects.toml``) and the finder that reads it."""

from __future__ import annotations

from nlp.aspects.catalogue import KEYS, names

__all__ = ["KEYS", "names"]
