"""What a model folder needs beside its network, set on validation pictures: calibration, limits, thresholds.

Which pictures serve what (groups are lesions or patients, never divided):
- training pictures: the feature space of ``ood`` and, with training patches of bare skin, its probe;
- the ordinary photos' first half and some kinds of rendering: the probe for pictures that show no skin;
- validation half A: temperature, bias and priors, and how much age, sex and site may say;
- validation half B: conformal quantiles, the size of set still called a reading, risk and urgent thresholds;
- all validation pictures, validation patches: limits of distance, bare skin, sharpness, exposure and size;
- the first half of the ordinary photos: also choosing how to measure distance (EXPERIMENTS.md), never a limit.
Test pictures, the second half of the ordinary photos and the other kinds of rendering serve nothing here: see
``vision.measure``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vision import calibration
from vision.classes import KEYS, RISKY
from vision.context import Context, learn, of, shifted
from vision.data import CLINICAL, PATCHES, Record, find_image, read_labels
from vision.foreign import CHOSEN, CUT_OUTS, cut_outs, ordinary_halves, rendering
from vision.metrics import recalls
from vision.net import TEXTURE
from vision.ood import FeatureSpace, fit_distance, fit_probe
from vision.predict import Predictor
from vision.registry import read_config, write_sums
from vision.samples import Samples, merged, read_all, read_views, reduced

Log = Callable[[str], None]
Bool = npt.NDArray[np.bool_]

DOMAIN_WEIGHTS = {"dermoscopy": 0.4, "milk-dermoscopy": 0.15, "close-up": 0.3, "smartphone": 0.15}
"""How much each kind of picture counts in the calibration: half of it as a patient's camera sees."""
COVERAGE = 0.90
RISK_SENSITIVITY = 0.95
URGENT_SPECIFICITY = 0.95
WRONGLY_REFUSED = 0.005
"""Share of good validation photos that a single limit may refuse."""
MOST_UNCERTAIN = 0.35
DARKER_SKIN = 0.5
"""Dark skin reflects about half the light of the skin in the data: how far below it a photo may be."""
SPACE_PICTURES = 1000
RENDERINGS = 60
"""Of each kind, for the probe for pictures that show no skin."""
STRANGER_STRENGTH = 0.1
FOREIGN_AT_LEAST = 0.5
"""Log-odds below which nothing is refused as foreign: up to 1 that costs no ordinary photo (EXPERIMENTS.md)."""
FAR_SLACK = 1.25
"""Lesions from cameras that nothing was trained on stand farther than validation pictures can tell."""
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much of what age, sex and site say may be used."""
SINGLE_VIEWS = ("centre", "frame", "frame-mirrored")
VIEWS: tuple[tuple[str, ...], ...] = (
    ("centre",),
    ("frame",),
    ("frame", "frame-mirrored"),
    ("centre", "frame"),
)
VIEW_GAIN = 0.005
"""What the mean balanced accuracy over domains must gain for a dearer set of views to be chosen."""
FLIPS_ALLOWED = 0.15
SIZES = (150, 120, 100, 80, 60)


@dataclass(frozen=True, eq=False)
class Validation:
    """Validation pictures with their raw readings."""

    records: list[Record]
    samples: Samples

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class index by row."""
        return np.array([r.label for r in self.records], dtype=np.int64)

    def domain(self, *names: str) -> Bool:
        """Rows of some domains."""
        return np.array([r.domain in names for r in self.records])

    def half(self, name: str) -> Bool:
        """Rows of half 'A' or 'B', divided by lesion or patient."""
        return np.array([half_of(r.group) == name for r in self.records])


def half_of(group: str) -> str:
    """'A' or 'B', fixed by the name of the lesion or patient."""
    return "AB"[hashlib.sha256(group.encode()).digest()[0] & 1]


def neutral_config(resolution: int, size: int, version: str, networks: int = 1) -> dict[str, Any]:
    """The settings before anything is fitted: nothing refused, nothing scaled."""
    zeros, equal = dict.fromkeys(KEYS, 0.0), dict.fromkeys(KEYS, 1.0 / len(KEYS))
    return {
        "version": version,
        "architecture": "EfficientNet-Lite0" + (f", {networks} that vote" if networks > 1 else ""),
        "classes": list(KEYS),
        "resolution": resolution,
        "input": size,
        "mean": 127.0,
        "std": 128.0,
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


def _bytes(images: Path, records: Sequence[Record]) -> Any:
    return (find_image(images, r.image_id).read_bytes() for r in records)


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
    FeatureSpace.empty(TEXTURE, channels).save(folder / "ood.npz")
    write_config(folder, config)
    predictor = Predictor.load(str(folder), threads=threads)
    images = data / "images"
    records = read_labels(data / "labels.csv")
    val = [r for r in records if r.split == "val" and r.label >= 0 and r.source in {t.source for t in train}]
    log(f"reading {len(val)} validation pictures")
    if views:
        config["views"] = list(views)
    singles = read_views(predictor, _bytes(images, val), views or SINGLE_VIEWS)
    if not views:
        choose_views(val, singles, config, log)
    validation = Validation(val, merged([singles[v] for v in config["views"]]))
    write_config(folder, config)
    predictor = Predictor.load(str(folder), threads=threads)
    fit_calibration(validation, config)
    fit_context(validation, train, config, log)
    fit_thresholds(validation, config)
    patches = [r for r in records if r.source == PATCHES]
    log(f"reading {SPACE_PICTURES} training pictures and {len(patches)} patches of bare skin")
    bare = [r for r in patches if r.split == "train"]
    space = _space(predictor, images, train, bare, list(pictures_without_skin(data.parent / "other_photos")))
    space.save(folder / "ood.npz")
    fit_limits(validation, space, config)
    log("reading reduced copies")
    fit_size(predictor, validation, images, config)
    write_config(folder, config)


def choose_views(
    records: list[Record], singles: dict[str, Samples], config: dict[str, Any], log: Log
) -> None:
    """Choose the views by balanced accuracy (plain argmax) on all validation pictures, averaged over domains."""
    labels = np.array([r.label for r in records], dtype=np.int64)
    domains = np.array([r.domain for r in records])
    known = np.array([r.source != "ISIC2017" for r in records])
    best, best_score, table = VIEWS[0], 0.0, {}
    for views in VIEWS:
        guess = merged([singles[v] for v in views]).logits.argmax(axis=1)
        rows = {d: known & (domains == d) for d in DOMAIN_WEIGHTS}
        found = {
            d: round(float(np.mean(recalls(labels[r], guess[r]))), 4) for d, r in rows.items() if r.any()
        }
        score = float(np.mean(list(found.values())))
        table[" + ".join(views)] = found
        log(f"validation, {' + '.join(views)}: {json.dumps(found)}, mean {score:.4f}")
        if score > best_score + (VIEW_GAIN if len(views) > len(best) else 0.0):
            best, best_score = views, score
    config["views"] = list(best)
    config["views_on_validation"] = table


def fit_calibration(validation: Validation, config: dict[str, Any]) -> None:
    """Temperature, bias and priors on half A, each domain weighing what DOMAIN_WEIGHTS says.

    ISIC 2017 is left out: its validation pictures are melanoma and keratosis only.
    """
    rows = validation.half("A") & np.array([r.source != "ISIC2017" for r in validation.records])
    weights = np.zeros(len(rows))
    for domain, weight in DOMAIN_WEIGHTS.items():
        inside = rows & validation.domain(domain)
        weights[inside] = weight / max(1, inside.sum())
    logits, labels = validation.samples.logits[rows], validation.labels[rows]
    temperature, bias = calibration.fit_scaling(logits, labels, weights[rows])
    frequency = np.array([weights[rows][labels == k].sum() for k in range(len(KEYS))])
    priors = (frequency + 0.005) / (frequency + 0.005).sum()
    config["temperature"] = round(temperature, 5)
    config["bias"] = _by_class(bias)
    config["priors"] = _by_class(priors)


def fit_context(validation: Validation, train: list[Record], config: dict[str, Any], log: Log) -> None:
    """Log ratios of age, sex and site on training pictures; how much of them is used, on validation half A.

    The share with the lowest weighted negative log-likelihood; none if none is better than doing without.
    """
    rows = validation.half("A") & np.array([r.source != "ISIC2017" for r in validation.records])
    probability, _ = calibrated(validation.samples.logits[rows], config)
    records = [r for r, chosen in zip(validation.records, rows, strict=True) if chosen]
    labels = validation.labels[rows]
    weights = np.zeros(len(records))
    for domain, weight in DOMAIN_WEIGHTS.items():
        inside = np.array([r.domain == domain for r in records])
        weights[inside] = weight / max(1, inside.sum())
    ratios = learn([r for r in train if r.source != "ISIC2017"])
    losses = {}
    for strength in STRENGTHS:
        context = Context(ratios, strength)
        shift = np.array([context.shift(of(r)) for r in records])
        chosen = shifted(probability, shift)[np.arange(len(labels)), labels]
        losses[strength] = float(-(weights * np.log(chosen + 1e-12)).sum() / weights.sum())
    best = min(losses, key=lambda s: (round(losses[s], 6), s))
    table = {str(s): round(v, 4) for s, v in losses.items()}
    log(f"validation half A, loss by strength of age, sex and site: {json.dumps(table)}; {best} is used")
    config["context"] = Context(ratios, best).to_json()
    config["context_on_validation"] = table


def calibrated(logits: npt.NDArray[np.float64], config: dict[str, Any]) -> tuple[Any, Any]:
    """Probabilities and balanced shares under a config, each (n, classes)."""
    bias = np.array([config["bias"][k] for k in KEYS])
    probability = calibration.probabilities(logits, config["temperature"], bias)
    return probability, calibration.balanced(probability, np.array([config["priors"][k] for k in KEYS]))


def fit_thresholds(validation: Validation, config: dict[str, Any]) -> None:
    """Conformal quantiles, the largest set called a reading, risk and urgent thresholds on half B."""
    rows = validation.half("B")
    probability, shares = calibrated(validation.samples.logits[rows], config)
    labels, risk = validation.labels[rows], probability[:, np.array(RISKY)].sum(axis=1)
    risky = np.array(RISKY)[labels]
    quantiles = calibration.conformal_quantiles(shares, labels, COVERAGE)
    sizes = calibration.prediction_sets(shares, quantiles).sum(axis=1)
    clinical = validation.domain(*CLINICAL)[rows]
    config["conformal_quantiles"] = _by_class(quantiles)
    config["max_set"] = next(
        m for m in range(1, len(KEYS) + 1) if ((sizes > m) | (sizes == 0))[clinical].mean() <= MOST_UNCERTAIN
    )
    config["risk_threshold"] = round(calibration.threshold_for_sensitivity(risk, risky, RISK_SENSITIVITY), 5)
    config["urgent_threshold"] = round(
        calibration.threshold_for_specificity(risk[clinical], risky[clinical], URGENT_SPECIFICITY), 5
    )


def pictures_without_skin(folder: Path) -> Iterator[bytes]:
    """What the probe learns from: the first half of the ordinary photos in ``folder``, cut-outs, renderings."""
    rng = np.random.default_rng(0)
    for path in ordinary_halves(folder)[0]:
        yield path.read_bytes()
        yield from cut_outs(path, CUT_OUTS, rng)
    for kind in CHOSEN:
        for _ in range(RENDERINGS):
            yield rendering(kind, rng)


def _space(
    predictor: Predictor, images: Path, train: list[Record], bare: list[Record], without_skin: list[bytes]
) -> FeatureSpace:
    rng = np.random.default_rng(0)
    counts = Counter(r.domain for r in train)
    weight = np.array([1.0 / counts[r.domain] for r in train])
    picked = rng.choice(len(train), min(SPACE_PICTURES, len(train)), replace=False, p=weight / weight.sum())
    lesions = [train[i] for i in picked]
    samples = read_all(predictor, _bytes(images, lesions))
    centre, whitening = fit_distance(samples.texture)
    probe, offset = fit_probe(samples.pooled, read_all(predictor, _bytes(images, bare)).pooled)
    stranger, stranger_offset = fit_probe(
        samples.texture, read_all(predictor, without_skin).texture, strength=STRANGER_STRENGTH
    )
    return FeatureSpace(centre, whitening, probe, offset, stranger, stranger_offset)


def fit_limits(validation: Validation, space: FeatureSpace, config: dict[str, Any]) -> None:
    """Limits that refuse at most WRONGLY_REFUSED of clinical and of dermoscopic validation pictures each.

    Exposure keeps a distance from them: the photos at hand show light skin, and dark skin, well lit, must pass.
    """
    samples = validation.samples
    kinds = [validation.domain(*CLINICAL), ~validation.domain(*CLINICAL)]

    def low(values: npt.NDArray[np.float64]) -> float:
        return round(min(float(np.quantile(values[k], WRONGLY_REFUSED)) for k in kinds), 4)

    def high(values: npt.NDArray[np.float64]) -> float:
        return round(max(float(np.quantile(values[k], 1.0 - WRONGLY_REFUSED)) for k in kinds), 4)

    config["quality"].update(
        sharpness=low(samples.sharpness),
        darkest=round(low(samples.brightness) * DARKER_SKIN, 1),
        brightest=round((high(samples.brightness) + 255.0) / 2.0, 1),
        far=round(high(samples.far(space)) * FAR_SLACK, 4),
        plain=high(space.plainness(samples.pooled)),
        foreign=max(high(space.foreignness(samples.texture)), FOREIGN_AT_LEAST),
    )


def fit_size(predictor: Predictor, validation: Validation, images: Path, config: dict[str, Any]) -> None:
    """The smallest size at which few decisions on clinical validation photos differ from the full size's."""
    rows = np.flatnonzero(validation.domain(*CLINICAL))[::4]
    records = [validation.records[i] for i in rows]
    before = validation.samples.logits[rows].argmax(axis=1)
    good = SIZES[0]
    for size in SIZES[1:]:
        after = read_all(predictor, _bytes(images, records), change=reduced(size)).logits.argmax(axis=1)
        if (after != before).mean() > FLIPS_ALLOWED:
            break
        good = size
    config["quality"]["size"] = good


def _by_class(values: npt.NDArray[np.float64]) -> dict[str, float]:
    return {k: round(float(v), 6) for k, v in zip(KEYS, values, strict=True)}
