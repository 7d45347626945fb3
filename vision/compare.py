"""Which views to ship: the same network on the validation pictures, seen in different ways."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np

from vision.classes import KEYS, RISKY
from vision.data import find_image, read_labels
from vision.metrics import Table, auroc, balanced_accuracy
from vision.predict import Predictor
from vision.samples import read_all

CANDIDATES: tuple[tuple[str, ...], ...] = (
    ("centre",),
    ("frame",),
    ("centre", "frame"),
    ("frame", "frame-mirrored"),
    ("centre", "frame", "centre-mirrored", "frame-mirrored"),
)


def compare_views(model: str | None, data: Path, *, threads: int, log: Callable[[str], None]) -> str:
    """Balanced accuracy (plain argmax of the logits) and AUROC of risk by domain, as a Markdown table."""
    predictor = Predictor.load(model, threads=threads)
    images = data / "images"
    records = [
        r
        for r in read_labels(data / "labels.csv")
        if r.split == "val" and r.label >= 0 and r.source != "ISIC2017"
    ]
    files = [find_image(images, r.image_id) for r in records]
    logits = {}
    for name in sorted(set(chain.from_iterable(CANDIDATES))):
        log(f"reading {len(files)} validation pictures as {name}")
        logits[name] = read_all(predictor, (f.read_bytes() for f in files), views=(name,)).logits
    labels = np.array([r.label for r in records])
    domains = np.array([r.domain for r in records])
    kinds = list(dict.fromkeys(domains.tolist()))
    lines = ["| views | " + " | ".join(kinds) + " |", "|---|" + "---|" * len(kinds)]
    for names in CANDIDATES:
        mean = np.mean([logits[n] for n in names], axis=0)
        scores = np.exp(mean - mean.max(axis=1, keepdims=True))
        table = Table(labels, mean.argmax(axis=1), scores / scores.sum(axis=1, keepdims=True), labels)
        cells = []
        for kind in kinds:
            rows = table.rows(domains == kind)
            cells.append(
                f"{balanced_accuracy(rows):.3f} / {auroc(rows.risk, np.array(RISKY)[rows.labels]):.3f}"
            )
        lines.append(f"| {' + '.join(names)} | " + " | ".join(cells) + " |")
    return f"Balanced accuracy / AUROC of risk, {len(KEYS)} classes, validation\n\n" + "\n".join(lines) + "\n"
