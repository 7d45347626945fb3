"""``python -m nlp train``: measure by the gate, fit on everything, write the model with its figures and card."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nlp.sentiment import corpora
from nlp.sentiment.card import card
from nlp.sentiment.gate import measure
from nlp.sentiment.learning import Recipe, corpus, fit
from nlp.sentiment.model import packed

FILES = ("complaint.npz", "metrics.json", "MODEL_CARD.md")


def train(folder: Path, out: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Train on the corpora in ``folder`` and write ``FILES`` to ``out``; returns the metrics.

    The same corpora give the same weights. Nothing is written unless all of it was made. Raises ``OSError``
    where a corpus is missing or ``out`` cannot be written.
    """
    recipe = Recipe()
    texts = corpora.of_stars(corpora.telemedicine(folder))
    others = corpora.others(folder)
    tell(f"{len(texts)} reviews of telemedicine apps, {len(others)} other texts")
    figures, (slope, shift), _found = measure(texts, others, recipe, tell, with_baseline=True)
    tell("fitting on everything")
    model = fit(corpus([*texts, *others], recipe), recipe)
    sizes = {source: sum(o.source == source for o in others) for source in ("fitness", "films", "sentences")}
    trained: dict[str, object] = {
        "on": datetime.now(UTC).date().isoformat(),
        "telemedicine": len(texts),
        **sizes,
        "recipe": {name: getattr(recipe, name) for name in recipe.__dataclass_fields__},
    }
    content = packed(model.weights.astype(np.float32), model.offset, slope, shift, trained)
    metrics = {
        "model": {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "trained": trained},
        "gate": figures,
    }
    out.mkdir(parents=True, exist_ok=True)
    files = {
        "complaint.npz": content,
        "metrics.json": (json.dumps(metrics, ensure_ascii=False, indent=1) + "\n").encode(),
        "MODEL_CARD.md": card(metrics).encode(),
    }
    for name in FILES:
        _put(out / name, files[name])
    return metrics


def _put(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(path)
