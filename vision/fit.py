"""What a model folder needs beside its network, set on validation pictures: calibration, limits, thresholds.

Which pictures serve what (groups are lesions or patients, never divided):
- training pictures: the feature space of ``ood``, its probe for the kind of picture and, with training patches of
  bare skin, that for bare skin; before that, how large the numbers get inside a model of whole ones (``int8``);
- the ordinary photos' first half and some kinds of rendering: the probe for pictures that show no skin;
- validation half A: temperature, bias and priors, how far they lean by kind of picture, and how much age, sex,
  site and symptoms may say;
- validation half B: conformal quantiles, the size of set still called a reading, risk and urgent thresholds;
- all validation pictures, validation patches: limits of distance, bare skin, sharpness, exposure and size;
- the first half of the ordinary photos: also choosing how to measure distance (EXPERIMENTS.md), never a limit.
Test pictures, the second half of the ordinary photos and the other kinds of rendering serve nothing here: see
``vision.measure``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from vision.classes import KEYS
from vision.data import PATCHES, Record, read_labels
from vision.fit_limits import (
    SPACE_PICTURES,
    bare_skin,
    bytes_of,
    feature_space,
    fit_limits,
    fit_size,
    pictures_without_skin,
)
from vision.fit_reading import COVERAGE, fit_calibration, fit_context, fit_thresholds
from vision.judging import Pictures, judge, loss_of
from vision.metrics import recalls
from vision.ood import FeatureSpace
from vision.predict import Predictor
from vision.registry import read_config, write_sums
from vision.samples import Samples, merged, read_views
from vision.validation import DOMAIN_WEIGHTS, Validation
from vision.views import MEAN, STD

Log = Callable[[str], None]
Bool = npt.NDArray[np.bool_]

SINGLE_VIEWS = ("centre", "frame", "frame-turned", "small-turned")
VIEWS: tuple[tuple[str, ...], ...] = (
    ("centre",),
    ("frame",),
    ("frame", "frame-turned"),
    ("frame", "small-turned"),
    ("centre", "frame"),
)
VIEW_GAIN = 0.005
"""What the loss must gain for a dearer set of views to be chosen."""


def neutral_config(resolution: int, size: int, version: str, architecture: str) -> dict[str, Any]:
    """The settings before anything is fitted: nothing refused, nothing scaled."""
    zeros, equal = dict.fromkeys(KEYS, 0.0), dict.fromkeys(KEYS, 1.0 / len(KEYS))
    return {
        "version": version,
        "architecture": architecture,
        "classes": list(KEYS),
        "resolution": resolution,
        "input": size,
        "mean": MEAN,
        "std": STD,
        "views": ["frame"],
        "temperature": 1.0,
        "bias": zeros,
        "priors": equal,
        "conformal_quantiles": zeros,
        "conformal_coverage": COVERAGE,
        "max_set": len(KEYS),
        "risk_threshold": 0.5,
        "urgent_threshold": 1.0,
        "quality": {
            "size": 0,
            "sharpness": 0,
            "darkest": 0,
            "brightest": 255,
            "far": 1e9,
            "plain": 1e9,
            "foreign": 1e9,
        },
    }


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """Write config.json and renew SHA256SUMS."""
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    read_config.cache_clear()
    write_sums(folder)


def texture_of(folder: Path) -> int:
    """How many numbers of texture the model in ``folder`` gives of a picture."""
    outputs = onnx.load(str(folder / "model.onnx"), load_external_data=False).graph.output
    return int(next(o for o in outputs if o.name == "texture").type.tensor_type.shape.dim[1].dim_value)


def fit(
    folder: Path,
    data: Path,
    train: list[Record],
    config: dict[str, Any],
    *,
    views: tuple[str, ...] | None,
    threads: int,
    log: Log,
) -> None:
    """Fit everything on a folder that holds model.onnx and head.npy. data: where labels.csv and images are."""
    channels = np.load(folder / "head.npy", allow_pickle=False).shape[1]
    FeatureSpace.empty(texture_of(folder), channels).save(folder / "ood.npz")
    write_config(folder, config)
    predictor = Predictor.load(str(folder), threads=threads)
    images = data / "images"
    records = read_labels(data / "labels.csv")
    val = set_on(records, train)
    log(f"reading {len(val)} validation pictures")
    if views:
        config["views"] = list(views)
    singles = read_views(predictor, bytes_of(images, val), views or SINGLE_VIEWS)
    if not views:
        choose_views(val, singles, config, log)
    validation = Validation(val, merged([singles[v] for v in config["views"]]))
    write_config(folder, config)
    predictor = Predictor.load(str(folder), threads=threads)
    patches = [r for r in records if r.source == PATCHES]
    log(
        f"reading {SPACE_PICTURES} training pictures and {sum(r.split == 'train' for r in patches)} patches of bare skin"
    )
    learned = [r for r in patches if r.split == "train"]
    bare = list(bare_skin(images, learned, np.random.default_rng(0)))
    space = feature_space(
        predictor, images, train, bare, list(pictures_without_skin(data.parent / "other_photos"))
    )
    space.save(folder / "ood.npz")
    clinical = space.clinical(validation.samples.texture)
    fit_calibration(validation, clinical, config, log)
    fit_context(validation, clinical, train, config, log)
    fit_thresholds(validation, clinical, config, log)
    fit_limits(validation, space, config)
    log("reading reduced copies")
    fit_size(predictor, validation, images, config)
    write_config(folder, config)


def set_on(records: list[Record], train: list[Record]) -> list[Record]:
    """The validation pictures of the sources that were trained on, but none that was trained on itself (``vision.folds``)."""
    sources, learned = {r.source for r in train}, {r.image_id for r in train}
    val = [r for r in records if r.split == "val" and r.label >= 0 and r.source in sources]
    return [r for r in val if r.image_id not in learned]


def choose_views(
    records: list[Record], singles: dict[str, Samples], config: dict[str, Any], log: Log
) -> None:
    """Choose the views by the loss on all validation pictures, each half judged by what was fitted on the other.

    Balanced accuracy hangs on the few pictures of rare classes: it is written down beside it, and chooses nothing.
    """
    known = np.array([r.source != "ISIC2017" for r in records])
    pictures = Pictures.of([r for r in records if r.source != "ISIC2017"])
    best, best_loss, table = VIEWS[0], np.inf, {}
    for views in VIEWS:
        judged = judge(merged([singles[v] for v in views]).logits[known], pictures)
        loss = loss_of(judged, pictures, np.arange(len(pictures.labels)))
        found = {
            domain: round(float(np.mean(recalls(pictures.labels[rows], judged.top[rows]))), 4)
            for domain in DOMAIN_WEIGHTS
            if (rows := pictures.domains == domain).any()
        }
        table[" + ".join(views)] = {"loss": round(loss, 4), **found}
        log(f"validation, {' + '.join(views)}: loss {loss:.4f}, balanced accuracy {json.dumps(found)}")
        if loss < best_loss - (VIEW_GAIN if len(views) > len(best) else 0.0):
            best, best_loss = views, loss
    config["views"] = list(best)
    config["views_on_validation"] = table
