"""Measuring a shipped model on labelled pictures, by the same path a patient's photo takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vision.classes import KEYS
from vision.curves import roc_points
from vision.data import Record, find_image, read_labels
from vision.images import UnreadableImage, why
from vision.leakage import leakage
from vision.metrics import Table, balanced_accuracy, counts, measured, scored, summary
from vision.predict import Prediction, Predictor
from vision.provenance import networks_in, training_of
from vision.robustness import drawn, robustness
from vision.strata import SMALLEST, STRATA, in_order
from vision.tables import DataError

VALIDATION = "val"
CHIEF = (
    "balanced_accuracy",
    "auroc_malignant_or_premalignant",
    "auroc_mel",
    "sensitivity_at_specificity_0.80_malignant_or_premalignant",
    "ece",
    "conformal_coverage",
    "prediction_set_size",
)
"""What is reported of strata of people, who are fewer."""
UNKNOWN_NAMED = 10
"""So many of the labels that it does not know are named."""
Log = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """A picture with its label and what the model said."""

    record: Record
    prediction: Prediction


@dataclass(frozen=True)
class Trial:
    """Judged pictures; how many of those asked for were left out, and how many are not independent.

    as_trained_on: picture, lesion or patient was trained on; unreadable: missing or damaged; setting: of the
    judged ones, validation pictures on which this model's calibration, limits and thresholds were set.
    """

    judged: list[Judged]
    as_trained_on: int
    unreadable: int
    setting: int


def trained_on(folder: Path) -> tuple[set[str], set[str]]:
    """Picture ids and groups (lesion, patient) a model was trained on, from its trained_on.txt."""
    ids, groups = set(), set()
    for line in (folder / "trained_on.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            image_id, *rest = line.split("\t")
            ids.add(image_id)
            groups.update(rest)
    return ids, groups


def sources_of(folder: Path) -> set[str]:
    """The sources a model was trained on, and set on their validation pictures. Raises as `training_of`."""
    training = training_of(folder)
    # Older ones name them in the recipe alone.
    return set(map(str, training.get("sources") or networks_in(training)[0]["runs"][0]["sources"]))


def groups_of(record: Record) -> set[str]:
    """Every group a picture belongs to: its lesion and its patient, as written in trained_on.txt."""
    found = set()
    if record.lesion_id:
        found.add(f"{record.source}/lesion/{record.lesion_id}")
    if record.patient_id:
        found.add(f"{record.source}/patient/{record.patient_id}")
    return found


def select(labels: Path, split: str | None, source: str | None, log: Log = lambda line: None) -> list[Record]:
    """The pictures of a labels file with one of the seven labels, of one split and source if asked."""
    asked = [
        r
        for r in read_labels(labels)
        if (split is None or r.split == split) and (source is None or r.source == source)
    ]
    found = [r for r in asked if r.label >= 0]
    if not found:
        wanted = " ".join(f"{k}={v}" for k, v in (("split", split), ("source", source)) if v)
        raise DataError(f"{labels}: no picture with one of the labels {', '.join(KEYS)} {wanted}".rstrip())
    if others := [r.dx for r in asked if r.label < 0]:
        values = list(dict.fromkeys(others))
        named = ", ".join(map(repr, values[:UNKNOWN_NAMED])) + (", …" if len(values) > UNKNOWN_NAMED else "")
        log(
            f"{len(others)} of {len(asked)} rows have none of the labels {', '.join(KEYS)} but {named}; left out"
        )
    return found


def judge_all(predictor: Predictor, records: Sequence[Record], images: Path, log: Log) -> list[Judged]:
    """Predict every picture; one that cannot be read is named and left out."""
    found = []
    for number, record in enumerate(records, 1):
        try:
            prediction = predictor.predict(find_image(images, record.image_id).read_bytes())
            found.append(Judged(record, prediction))
        except DataError as error:
            log(f"{record.image_id}: {error}; left out")
        except (UnreadableImage, OSError, MemoryError) as error:
            log(f"{record.image_id}: {why(error)}; left out")
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
        sets=np.array([[k in j.prediction.prediction_set for k in KEYS] for j in judged], dtype=np.bool_),
    )


def outcomes(judged: Sequence[Judged]) -> dict[str, float]:
    """Share of each outcome, and the balanced accuracy of what was called a reading."""
    names = [j.prediction.outcome for j in judged]
    shares = {n: round(names.count(n) / len(names), 4) for n in ("reading", "uncertain", "not_readable")}
    read = [j for j in judged if j.prediction.outcome == "reading"]
    if read:
        shares["balanced_accuracy_of_readings"] = round(balanced_accuracy(table_of(read)), 4)
    return shares


def by_source(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """All pictures together and each source and modality apart; of one alone, that one."""
    parts: dict[str, list[Judged]] = {}
    for j in judged:
        name = f"{j.record.source or 'unknown source'} · {j.record.modality or 'unknown'}"
        parts.setdefault(name, []).append(j)
    return parts if len(parts) == 1 else {"all": list(judged), **dict(sorted(parts.items()))}


def report(judged: Sequence[Judged], *, rounds: int = 1000) -> dict[str, Any]:
    """Figures of all pictures together and of each source and modality apart."""
    return {
        name: {
            **summary(table_of(rows), rounds=rounds),
            "too_small": len(rows) < SMALLEST,
            "outcomes": outcomes(rows),
        }
        for name, rows in by_source(judged).items()
    }


def by_person(judged: Sequence[Judged], *, rounds: int = 1000) -> dict[str, Any]:
    """The chief figures by age, sex, body site and skin: {what: {"unknown": n, "strata": {name: …}}}.

    All sources together, so that a stratum also differs in what its sources are. One with fewer than SMALLEST
    pictures is listed with its number alone.
    """
    found = {}
    for what, stratum_of in STRATA.items():
        parts: dict[str, list[Judged]] = {}
        for j in judged:
            parts.setdefault(stratum_of(j.record) or "", []).append(j)
        unknown = len(parts.pop("", []))
        strata = {name: _stratum(parts[name], rounds) for name in in_order(parts)}
        found[what] = {"unknown": unknown, "strata": strata}
    return found


def _stratum(rows: Sequence[Judged], rounds: int) -> dict[str, Any]:
    table = table_of(rows)
    small = len(rows) < SMALLEST
    figures = {} if small else measured(table, rounds=rounds, only=CHIEF)
    return {**counts(table), "too_small": small, "figures": figures}


def roc_curves(judged: Sequence[Judged]) -> dict[str, dict[str, list[list[float]]]]:
    """The ROC curves of each source and modality, for malignant or premalignant and for melanoma."""
    return {
        source: {name: roc_points(score, positive) for name, (score, positive) in scored(table).items()}
        for source, table in ((source, table_of(rows)) for source, rows in by_source(judged).items())
    }


def judged_by(
    predictor: Predictor,
    *,
    images: Path,
    labels: Path,
    split: str | None = None,
    source: str | None = None,
    log: Log = lambda line: None,
) -> Trial:
    """Predict labelled pictures that the model was not trained on. Raises DataError where there are none."""
    records = select(labels, split, source, log)
    ids, groups = trained_on(predictor.folder)
    clean = [r for r in records if r.image_id not in ids and not groups_of(r) & groups]
    if len(clean) < len(records):
        log(f"{len(records) - len(clean)} pictures were trained on (picture, lesion or patient); left out")
    if not clean:
        raise DataError(f"{labels}: the model was trained on every picture that was asked for")
    judged = judge_all(predictor, clean, images, log)
    if not judged:
        raise DataError(f"{images}: none of the pictures could be read")
    unreadable = len(clean) - len(judged)
    if unreadable:
        log(f"{unreadable} of {len(clean)} pictures could not be read; left out")
    sources = sources_of(predictor.folder)
    setting = sum(j.record.split == VALIDATION and j.record.source in sources for j in judged)
    if setting:
        log(f"{setting} of {len(judged)} pictures set this model's thresholds; --split test leaves them out")
    return Trial(judged, len(records) - len(clean), unreadable, setting)


def evaluate(
    predictor: Predictor,
    *,
    images: Path,
    labels: Path,
    split: str | None = None,
    source: str | None = None,
    rounds: int = 1000,
    worsened: int | None = None,
    overlap: bool = False,
    strangers: Path | None = None,
    log: Log = lambda line: None,
) -> dict[str, Any]:
    """Measure a model on labelled pictures it was not trained on. Raises DataError where there are none.

    worsened: of how many pictures, at most, worse copies are read too; overlap: whether the splits of the whole
    labels file are searched for what they share; strangers: a folder of ordinary photos to be told from lesions.
    """
    from vision.jointly import jointly

    trial = judged_by(predictor, images=images, labels=labels, split=split, source=source, log=log)
    result: dict[str, Any] = {
        "model": asdict(predictor.model),
        "split": split,
        "source": source,
        "left_out_as_trained_on": trial.as_trained_on,
        "left_out_unreadable": trial.unreadable,
        "measured_though_used_to_set_thresholds": trial.setting,
        "strata": report(trial.judged, rounds=rounds),
        "people": by_person(trial.judged, rounds=rounds),
        "jointly": jointly(predictor, trial.judged, rounds=rounds),
        "roc": roc_curves(trial.judged),
    }
    if worsened is not None:
        chosen = drawn([j.record for j in trial.judged], worsened)
        result["robustness"] = robustness(predictor, chosen, images, rounds=rounds, log=log)
    if strangers is not None:
        from vision.strangers import out_of_distribution

        log("pictures that show no lesion")
        result["out_of_distribution"] = out_of_distribution(predictor, trial.judged, strangers, rounds=rounds)
    if overlap:
        result["leakage"] = leakage(read_labels(labels), images, log=log)
    return result
