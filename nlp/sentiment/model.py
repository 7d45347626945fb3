"""The shipped model: one weight per n-gram, one offset, and the two numbers that calibrate them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.sentiment.features import BITS, features

#: What ``train`` writes and what is loaded unless another file is named.
SHIPPED = Path(__file__).with_name("complaint.npz")
FORMAT = 1
#: Texts whose n-grams are held at a time: a bound on memory.
BATCH = 4096
#: What a text without a readable character gets: it neither complains nor praises.
BLANK = 0.5


class ModelDamaged(Exception):
    """The model's file is missing or is not what was shipped."""


@dataclass(frozen=True)
class SentimentModel:
    """P(complaint) = 1 / (1 + exp(−(slope · (weights · features + offset) + shift))).

    weights: float64 (2**BITS,); sha256: of the file, which names the model in reports; trained: when and on
    what, as the training wrote it.
    """

    weights: NDArray[np.float64]
    offset: float
    slope: float
    shift: float
    sha256: str
    trained: dict[str, object]

    @classmethod
    def load(cls, path: Path | None = None) -> SentimentModel:
        """Load a model; the shipped one is checked against its recorded sha256. Raises ``ModelDamaged``."""
        return _load(path or SHIPPED)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability that each text complains, shape (texts,), 0–1; 0.5 is the decision.

        ``texts``: whole reviews (title, line end, text) or sentences. What a text gets does not depend on the
        others. A text without readable characters gets ``BLANK``.
        """
        out = np.full(len(texts), BLANK, dtype=np.float64)
        for start in range(0, len(texts), BATCH):
            rows = features(texts[start : start + BATCH])
            logits = self.slope * (rows @ self.weights + self.offset) + self.shift
            read = np.diff(rows.indptr) > 0
            out[start : start + BATCH][read] = 1 / (1 + np.exp(-logits[read]))
        return out


@lru_cache(maxsize=2)
def _load(path: Path) -> SentimentModel:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelDamaged(f"{path.name} is missing: restore it from version control") from error
    digest = hashlib.sha256(content).hexdigest()
    if path == SHIPPED:
        recorded = json.loads(path.with_name("metrics.json").read_text(encoding="utf-8"))["model"]["sha256"]
        if digest != recorded:
            raise ModelDamaged(f"{path.name} is not the file that was measured: restore it")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            head = json.loads(file["head"].tobytes())
            places, steps = file["places"], file["steps"]
        if head["format"] != FORMAT or head["bits"] != BITS:
            raise ModelDamaged(f"{path.name} is of another version of this library")
        weights = np.zeros(1 << BITS, dtype=np.float32)
        weights[np.cumsum(places, dtype=np.int64)] = steps.astype(np.float32) * np.float32(head["step"])
    except (ValueError, KeyError, EOFError, OSError) as error:
        raise ModelDamaged(f"{path.name} is no model") from error
    return SentimentModel(
        weights.astype(np.float64),
        float(head["offset"]),
        float(head["slope"]),
        float(head["shift"]),
        digest,
        head["trained"],
    )


def packed(
    weights: NDArray[np.float32], offset: float, slope: float, shift: float, trained: dict[str, object]
) -> bytes:
    """A model as the bytes of its .npz: weights in 255 steps, those that round to nothing left out."""
    step = float(np.abs(weights).max()) / 127
    steps = np.rint(weights / step).astype(np.int8)
    kept = np.flatnonzero(steps)
    places = np.diff(kept, prepend=0).astype(np.uint32)
    head = {
        "format": FORMAT,
        "bits": BITS,
        "step": step,
        "offset": offset,
        "slope": slope,
        "shift": shift,
        "trained": trained,
    }
    out = io.BytesIO()
    np.savez_compressed(
        out,
        head=np.frombuffer(json.dumps(head, sort_keys=True).encode(), dtype=np.uint8),
        places=places.astype(np.uint16) if places.max(initial=0) < 1 << 16 else places,
        steps=steps[kept],
    )
    return out.getvalue()
