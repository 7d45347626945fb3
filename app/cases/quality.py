"""Is a photo good enough to read? The one place where the web process calls `vision`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from vision.predict import Predictor

log = structlog.get_logger(__name__)

_loading = threading.Lock()
_predictor: Predictor | None = None


def _model() -> Predictor:
    global _predictor
    with _loading:
        if _predictor is None:
            from vision.predict import Predictor

            _predictor = Predictor.load(threads=1)
        return _predictor


OF_CLOSEUPS = frozenset({"lesion", "framing"})
"""The checks that ask for a large spot in the middle: an overview has a small one on purpose."""


def shortcomings(jpeg: bytes, *, overview: bool = False) -> list[dict[str, str]] | None:
    """Return the checks that a photo does not meet: key, and what to do better in ko and en.

    overview: it shows where the lesion is, not what it looks like. [] means a good photo, None that no check
    could be made (the patient may send it all the same).
    """
    # Imported on the first photo: pages that show none should not wait for the network to load.
    from vision.images import UnreadableImage
    from vision.registry import ModelError

    try:
        quality = _model().quality_of(jpeg)
    except (ModelError, UnreadableImage) as error:
        log.error("quality.not_checked", error=type(error).__name__, reason=str(error))
        return None
    failed = [c for c in quality.checks if not c.ok and not (overview and c.key in OF_CLOSEUPS)]
    return [{"key": c.key, "ko": c.advice_ko, "en": c.advice_en} for c in failed]
