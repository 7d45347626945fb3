"""Smartphone photos of patients who were not trained on, all of them: `python -m vision folds`.

Imports torch. PAD-UFES-20 is too small for a test split of its own (66 photos, 3 melanomas). So a base that has seen
none of it (`train --without PAD-UFES-20`) goes on, once for each of five folds of patients, with the photos of the
other four among everything else, and reads those left out. Nothing is chosen or fitted on a photo it is judged on:
the number of steps is fixed beforehand, and the class-balanced decision divides by the shares that were trained with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vision.calibration import balanced, softmax
from vision.classes import KEYS
from vision.compare import logits_of
from vision.data import Record, read_labels
from vision.export import load_checkpoint, named
from vision.fit_limits import bytes_of
from vision.metrics import Table, confusion, counts, measured
from vision.recipe import Recipe, chosen
from vision.registry import digest
from vision.train import Options, run, sampling

SERIES = "PAD-UFES-20"
FOLDS = 5
FIGURES = (
    "balanced_accuracy",
    "auroc_malignant_or_premalignant",
    "auroc_mel",
    *(f"sensitivity.{key}" for key in KEYS),
    *(f"precision.{key}" for key in KEYS),
)

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Log = Callable[[str], None]


def fold_recipe(base: Mapping[str, Any], seed: int) -> Recipe:
    """How a fold goes on from a base: gentler steps, small views, two fifths of every batch from the series.

    base: the recipe of the base's checkpoint, whose pictures are of the same size. Raises ValueError if the base has
    seen the series, or may have through what it went on from or was taught by.
    """
    if base.get("begin") or base.get("teachers") or SERIES in dict(base["sources"]):
        raise ValueError(f"this base may have seen photos of {SERIES}; train one --without {SERIES}")
    return Recipe(
        seed=seed,
        variant=base["variant"],
        resolution=base["resolution"],
        small=160,
        large=base["large"],
        small_until=1.0,
        body_rate=3e-4,
        head_rate=1e-3,
        warm_up=0.1,
        average=0.99,
        coarse=base.get("coarse", 0.0),
        square=0.0,
        shares=(("dermoscopy", 0.25), ("milk-dermoscopy", 0.1), ("close-up", 0.25), ("smartphone", 0.4)),
    )


def folds_of(photos: Sequence[Record]) -> Int64:
    """Which fold each photo is in, (n,): a patient is in one, and every fold has its share of each class."""
    from sklearn.model_selection import StratifiedGroupKFold

    labels, groups = [r.label for r in photos], [r.group for r in photos]
    found = np.zeros(len(photos), dtype=np.int64)
    splitter = StratifiedGroupKFold(n_splits=FOLDS, shuffle=True, random_state=0)
    for number, (_, held) in enumerate(splitter.split(labels, labels, groups)):
        found[held] = number
    return found


def training_priors(records: Sequence[Record], recipe: Recipe) -> Float64:
    """The classes' shares among the smartphone photos of a batch, (classes,), none of them 0."""
    probability = sampling(list(records), recipe)
    phone = np.array([r.domain == "smartphone" for r in records])
    labels = np.array([r.label for r in records])
    share = np.array([probability[phone & (labels == k)].sum() for k in range(len(KEYS))])
    # A class that the series does not have is not in it: a share that no decision reaches.
    return np.where(share > 0, share / share.sum(), np.inf)


def run_folds(
    base: Path, data: Path, out: Path, *, steps: int, seed: int, threads: int, log: Log
) -> dict[str, Any]:
    """Train and read every fold, and measure them together; a fold that was finished in ``out`` is not repeated.

    base: a checkpoint; data: where labels.csv and images are. Raises ValueError for a base that has seen the series,
    or where ``out`` has folds of another base; `DataError` without the pictures.
    """
    torch.set_num_threads(threads)
    (about,) = load_checkpoint(base)[1]["runs"]
    # The base's name and sha256 are in the recipe, so that what another base has left in ``out`` does not count.
    recipe = replace(fold_recipe(about["recipe"], seed), begin=named(base))
    records = read_labels(data / "labels.csv")
    photos = [r for r in records if r.source == SERIES and r.label >= 0]
    folds = folds_of(photos)
    logits, priors = np.zeros((len(photos), len(KEYS))), np.zeros((len(photos), len(KEYS)))
    for number in range(FOLDS):
        held = {r.image_id for r, fold in zip(photos, folds, strict=True) if fold == number}
        divided = [replace(r, split=_split(r, held)) for r in records]
        rows = folds == number
        priors[rows] = training_priors(chosen(divided, recipe, "train"), recipe)
        log(f"fold {number + 1} of {FOLDS}: {len(held)} photos are left out")
        logits[rows] = _read_fold(
            replace(recipe, seed=seed + number),
            Options(out=out / f"fold{number + 1}", steps=steps, threads=threads),
            base,
            divided,
            [r for r in photos if r.image_id in held],
            data / "images",
            log,
        )
    return {
        "series": SERIES,
        "base": {"sha256": digest(base), **{k: about[k] for k in ("recipe", "steps", "hours")}},
        "steps": steps,
        "seed": seed,
        **result(photos, folds, logits, priors),
    }


def _split(record: Record, held: set[str]) -> str:
    if record.source != SERIES:
        return record.split
    return "held" if record.image_id in held else "train"


def _read_fold(
    recipe: Recipe,
    options: Options,
    base: Path,
    records: list[Record],
    held: list[Record],
    images: Path,
    log: Log,
) -> Float64:
    """Logits of the photos left out, (n, classes): from the file of a finished fold, else trained and read."""
    done = options.out / "logits.npz"
    of_what = json.dumps([asdict(recipe), options.steps, [r.image_id for r in held]])
    if done.exists():
        with np.load(done, allow_pickle=False) as file:
            if "of_what" in file and str(file["of_what"]) == of_what:
                return np.asarray(file["logits"])
    checkpoint = run(recipe, options, log, records=records, base=base)
    net = load_checkpoint(checkpoint)[0]
    logits = logits_of(net, bytes_of(images, held), ("frame",), recipe.resolution, recipe.large)
    partial = done.with_suffix(".partial.npz")
    np.savez(partial, of_what=np.array(of_what), logits=logits)
    partial.replace(done)
    return logits


def result(photos: Sequence[Record], folds: Int64, logits: Float64, priors: Float64) -> dict[str, Any]:
    """Figures of all photos out of their folds, with the photos of each fold.

    logits, priors (n, classes): of each photo, by the network that has not seen its patient.
    """
    labels = np.array([r.label for r in photos], dtype=np.int64)
    probability = softmax(logits)
    groups = np.unique([r.group for r in photos], return_inverse=True)[1].astype(np.int64)
    none = np.zeros(probability.shape, dtype=bool)
    table = Table(labels, balanced(probability, priors).argmax(axis=1), probability, groups, none)
    plain = Table(labels, probability.argmax(axis=1), probability, groups, none)
    return {
        **counts(table),
        "figures": measured(table, only=FIGURES),
        "plain_argmax": measured(plain, only=FIGURES[:1])["balanced_accuracy"],
        "confusion": confusion(table),
        "folds": [
            {
                **counts(table.rows(folds == number)),
                "balanced_accuracy": measured(table.rows(folds == number), only=FIGURES[:1])[
                    "balanced_accuracy"
                ],
                "photos": sorted(r.image_id for r, fold in zip(photos, folds, strict=True) if fold == number),
            }
            for number in range(FOLDS)
        ],
    }


def record(found: dict[str, Any], path: Path) -> None:
    """Write what was found, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def said(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    of_what = (
        f"{found['series']}, {found['pictures']} photos of {found['groups']} patients, five folds by patient; "
        "95 % of bootstrap rounds over patients"
    )
    lines = [of_what, "", "| figure | value | interval | n |", "|---|---|---|---|"]
    rows = {**found["figures"], "balanced_accuracy by plain argmax": found["plain_argmax"]}
    for name, one in rows.items():
        low, high = one["interval"] or ("", "")
        lines.append(f"| {name} | {one['value']} | {low}–{high} | {one.get('n', '')} |")
    each = ", ".join(str(fold["balanced_accuracy"]["value"]) for fold in found["folds"])
    return "\n".join([*lines, "", f"Balanced accuracy by fold: {each}."]) + "\n"
