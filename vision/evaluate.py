"""Measuring a shipped model on labelled pictures, by the same path a patient's photo takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vision.classes import KEYS
from vision.data import DataError, Record, find_image, read_labels
from vision.images import UnreadableImage
from vision.metrics import Table, balanced_accuracy, summary
from vision.predict import Prediction, Predictor

Log = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """A picture with its label and what the model said."""

    record: Record
    prediction: Prediction


def trained_on(folder: Path) -> tuple[set[str], set[str]]:
    """Picture ids and groups (lesion, patient) a model was trained on, from its trained_on.txt."""
    ids, groups = set(), set()
    for line in (folder / "trained_on.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            image_id, *rest = line.split("\t")
            ids.add(image_id)
            groups.update(rest)
    return ids, groups


def groups_of(record: Record) -> set[str]:
    """Every group a picture belongs to: its lesion and its patient, as written in trained_on.txt."""
    found = set()
    if record.lesion_id:
        found.add(f"{record.source}/lesion/{record.lesion_id}")
    if record.patient_id:
        found.add(f"{record.source}/patient/{record.patient_id}")
    return found


def select(labels: Path, split: str | None, source: str | None) -> list[Record]:
    """The pictures of a labels file with one of the seven labels, of one split and source if asked."""
    found = [
        r
        for r in read_labels(labels)
        if r.label >= 0 and (split is None or r.split == split) and (source is None or r.source == source)
    ]
    if not found:
        wanted = " ".join(f"{k}={v}" for k, v in (("split", split), ("source", source)) if v)
        raise DataError(f"{labels}: no picture with one of the labels {', '.join(KEYS)} {wanted}".rstrip())
    return found


def judge_all(predictor: Predictor, records: Sequence[Record], images: Path, log: Log) -> list[Judged]:
    """Predict every picture; one that cannot be read is named and left out."""
    found = []
    for number, record in enumerate(records, 1):
        try:
            prediction = predictor.predict(find_image(images, record.image_id).read_bytes())
            found.append(Judged(record, prediction))
        except (UnreadableImage, DataError) as error:
            log(f"{record.image_id}: {error}; left out")
        if number % 250 == 0:
            log(f"{number} of {len(records)} pictures")
    return found


def table_of(judged: Sequence[Judged]) -> Table:
    """The numbers of some judged pictures."""
    groups = {g: i for i, g in enumerate(sorted({j.record.group for j in judged}))}
    return Table(
        labels=np.array([j.record.label for j in judged], dtype=np.int64),
        top=np.array([KEYS.index(j.prediction.top) for j in judged], dtype=np.int64),
        probability=np.array([[j.prediction.probabilities[k] for k in KEYS] for j in judged]),
        groups=np.array([groups[j.record.group] for j in judged], dtype=np.int64),
    )


def outcomes(judged: Sequence[Judged]) -> dict[str, float]:
    """Share of each outcome, and the balanced accuracy of what was called a reading."""
    names = [j.prediction.outcome for j in judged]
    shares = {n: round(names.count(n) / len(names), 4) for n in ("reading", "uncertain", "not_readable")}
    read = [j for j in judged if j.prediction.outcome == "reading"]
    if read:
        shares["balanced_accuracy_of_readings"] = round(balanced_accuracy(table_of(read)), 4)
    return shares


def report(judged: Sequence[Judged], *, rounds: int = 1000) -> dict[str, Any]:
    """Figures of all pictures together and of each source and modality apart."""
    parts: dict[str, list[Judged]] = {}
    for j in judged:
        parts.setdefault(
            f"{j.record.source or 'unknown source'} · {j.record.modality or 'unknown'}", []
        ).append(j)
    strata = parts if len(parts) == 1 else {"all": list(judged), **dict(sorted(parts.items()))}
    return {
        name: {**summary(table_of(rows), rounds=rounds), "outcomes": outcomes(rows)}
        for name, rows in strata.items()
    }


def judged_by(
    predictor: Predictor,
    *,
    images: Path,
    labels: Path,
    split: str | None = None,
    source: str | None = None,
    log: Log = lambda line: None,
) -> tuple[list[Judged], int]:
    """Predict labelled pictures; also how many were left out because lesion or patient was trained on."""
    records = select(labels, split, source)
    ids, groups = trained_on(predictor.folder)
    clean = [r for r in records if r.image_id not in ids and not groups_of(r) & groups]
    if len(clean) < len(records):
        log(f"{len(records) - len(clean)} pictures were trained on (picture, lesion or patient); left out")
    if not clean:
        raise DataError(f"{labels}: the model was trained on every picture that was asked for")
    judged = judge_all(predictor, clean, images, log)
    if not judged:
        raise DataError(f"{images}: none of the pictures could be read")
    return judged, len(records) - len(clean)


def evaluate(
    predictor: Predictor,
    *,
    images: Path,
    labels: Path,
    split: str | None = None,
    source: str | None = None,
    rounds: int = 1000,
    log: Log = lambda line: None,
) -> dict[str, Any]:
    """Measure a model on labelled pictures it was not trained on. Raises DataError where there are none."""
    judged, left_out = judged_by(predictor, images=images, labels=labels, split=split, source=source, log=log)
    return {
        "model": asdict(predictor.model),
        "split": split,
        "source": source,
        "left_out_as_trained_on": left_out,
        "strata": report(judged, rounds=rounds),
    }


def markdown(result: dict[str, Any]) -> str:
    """The report as Markdown tables: one row a figure, one column a stratum."""
    strata = result["strata"]
    left_out = result["left_out_as_trained_on"]
    lines = [
        f"# {result['model']['name']} {result['model']['version']}",
        "",
        f"Split: {result['split'] or 'all'}. Left out because trained on: {left_out}.",
        "Intervals: 95 %, bootstrap over lesions or patients.",
        "",
        "| figure | " + " | ".join(strata) + " |",
        "|---|" + "---|" * len(strata),
        "| pictures (groups) | "
        + " | ".join(f"{s['pictures']} ({s['groups']})" for s in strata.values())
        + " |",
    ]
    names = list(dict.fromkeys(name for s in strata.values() for name in s["figures"]))
    for name in names:
        cells = []
        for stratum in strata.values():
            figure = stratum["figures"].get(name)
            span = figure and figure["interval"]
            cells.append(
                "–"
                if not figure
                else f"{figure['value']:.3f}" + (f" ({span[0]:.3f}–{span[1]:.3f})" if span else "")
            )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    for name in ("reading", "uncertain", "not_readable", "balanced_accuracy_of_readings"):
        cells = [f"{s['outcomes'][name]:.3f}" if name in s["outcomes"] else "–" for s in strata.values()]
        lines.append(f"| outcome: {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write(result: dict[str, Any], out: Path) -> None:
    """Write evaluation.json and evaluation.md into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_text(
        json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (out / "evaluation.md").write_text(markdown(result), encoding="utf-8")
