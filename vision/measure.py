"""The figures that ship with a model, metrics.json and MODEL_CARD.md, from pictures that served nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.card import card
from vision.classes import RISKY
from vision.data import CLINICAL, PATCHES, find_image, read_labels
from vision.evaluate import Judged, by_person, judged_by, report, table_of
from vision.fit_limits import PARTS
from vision.foreign import REPORTED, cut_outs, ordinary_halves, rendering
from vision.images import decode, one_resolution
from vision.jointly import knowing, together
from vision.metrics import measured
from vision.predict import Predictor
from vision.provenance import training_of
from vision.registry import Config, remade, write_sums
from vision.rounding import against_floats
from vision.samples import Change, aside, blurred, exposed, share, shrunk, tinted
from vision.strangers import RENDERINGS, out_of_distribution

Log = Callable[[str], None]
Bool = npt.NDArray[np.bool_]
ROUNDS = 1000
EVALUATE = (
    "python -m vision evaluate --images ../shared/data/skin/images "
    "--labels ../shared/data/skin/labels.csv --split test --model {model}"
)


def measure(model: str | None, data: Path, *, threads: int, log: Log) -> None:
    """Measure a model on the test split and the reporting half; write metrics.json and MODEL_CARD.md."""
    predictor = Predictor.load(model, threads=threads)
    images, labels = data / "skin" / "images", data / "skin" / "labels.csv"
    trial = judged_by(predictor, images=images, labels=labels, split="test", log=log)
    judged = trial.judged
    log("intervals by bootstrap")
    config = predictor.config
    clinical = [j for j in judged if j.record.domain in CLINICAL]
    known = [knowing(config, j) for j in clinical]
    dermoscopic = [j for j in judged if j.record.domain not in CLINICAL]
    metrics: dict[str, Any] = {
        "model": {
            "name": predictor.model.name,
            "version": predictor.model.version,
            "sha256": predictor.model.sha256,
        },
        "commands": [
            f"python -m vision measure --model {predictor.model.name}",
            EVALUATE.format(model=predictor.model.name),
        ],
        "left_out_as_trained_on": trial.as_trained_on,
        "test": report(judged, rounds=ROUNDS),
        "test_by_person": by_person(judged, rounds=ROUNDS),
        "risk_threshold": {
            "clinical": at_threshold(clinical, config.risk_threshold),
            "clinical, with age, sex, site and symptoms": at_threshold(known, config.risk_threshold),
            "dermoscopic": at_threshold(dermoscopic, config.risk_threshold),
        },
    }
    urgent = at_threshold(known, config.urgent_threshold)
    metrics["urgent_notice"] = {
        "threshold": config.urgent_threshold,
        "ppv": urgent["ppv"],
        "ppv_interval": urgent["ppv_interval"],
        "sensitivity": urgent["sensitivity"],
        "n": urgent["n"],
        "notices": urgent["above"],
        "split": "test, close-ups and smartphone photos with age, sex, site and symptoms, as the portal has them",
    }
    metrics["lesions_read_together"] = both_photos(predictor, judged)
    metrics["with_age_sex_and_site"] = with_context(config, judged)
    if rounded := against_floats(predictor.folder, data / "skin", threads=threads):
        metrics["int8_against_float_on_validation"] = rounded
    log("refusals and degraded copies")
    metrics["refusal"] = refusal(predictor, data, judged)
    metrics["out_of_distribution"] = out_of_distribution(
        predictor, judged, data / "other_photos", rounds=ROUNDS
    )
    for name, part in (
        ("ISIC 2020", metrics["refusal"]["isic2020"]),
        ("PAD-UFES-20", metrics["refusal"]["pad_ufes_20"]),
    ):
        log(f"wrongly refused of {name}: {part['refused']:.1%} of {part['n']}")
    metrics["quality"] = quality(predictor, images, clinical)
    metrics["quality_wrongly"] = wrongly_stopped(judged)
    write_figures(predictor.folder, metrics, config)
    log(f"written: {predictor.folder}/metrics.json and MODEL_CARD.md")


def write_figures(folder: Path, metrics: dict[str, Any], config: Config) -> None:
    """Write metrics.json, MODEL_CARD.md and SHA256SUMS of a model folder: all of them or none."""
    with remade(folder) as work:
        (work / "metrics.json").write_text(
            json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        (work / "MODEL_CARD.md").write_text(card(metrics, config, training_of(work)), encoding="utf-8")
        write_sums(work)


def both_photos(predictor: Predictor, judged: Sequence[Judged]) -> dict[str, Any]:
    """Balanced accuracy where every photo of a MILK10k test lesion is read together (close-up and dermoscopy)."""
    lesions: dict[str, list[Judged]] = {}
    for j in judged:
        if j.record.source == "MILK10k":
            lesions.setdefault(j.record.lesion_id, []).append(j)
    both = [own for own in lesions.values() if len({j.record.modality for j in own}) > 1]
    return {"lesions": len(both), **_balanced([together(predictor, own) for own in both])}


def with_context(config: Config, judged: Sequence[Judged]) -> dict[str, Any]:
    """Balanced accuracy by source where age, sex, site and symptoms are given, beside the photo alone."""
    out: dict[str, Any] = {"strength": config.context.strength}
    for source in sorted({(j.record.source, j.record.modality) for j in judged}):
        own = [j for j in judged if (j.record.source, j.record.modality) == source]
        out[" · ".join(source)] = {
            "n": len(own),
            "photo": _balanced(own),
            "with": _balanced([knowing(config, j) for j in own]),
        }
    return out


def _balanced(judged: Sequence[Judged]) -> dict[str, Any]:
    """Balanced accuracy with its 95 % bootstrap interval over lesions or patients."""
    found = measured(table_of(judged), rounds=ROUNDS, only=["balanced_accuracy"])["balanced_accuracy"]
    return {"balanced_accuracy": found["value"], "interval": found["interval"]}


def at_threshold(judged: Sequence[Judged], threshold: float) -> dict[str, Any]:
    """Sensitivity, specificity and predictive values of risk ≥ threshold, the PPV with its interval."""
    risk = np.array([j.prediction.risk for j in judged])
    risky = np.array(RISKY)[[j.record.label for j in judged]]
    above = risk >= threshold
    names = [j.record.group for j in judged]
    return {
        "threshold": threshold,
        "n": len(judged),
        "risky": int(risky.sum()),
        "above": int(above.sum()),
        "sensitivity": share(above[risky]),
        "specificity": share(~above[~risky]),
        "ppv": share(risky[above]) if above.any() else None,
        "npv": share(~risky[~above]) if (~above).any() else None,
        "ppv_interval": _ppv_interval(risky, above, names),
    }


def _ppv_interval(risky: Bool, above: Bool, names: Sequence[str]) -> list[float] | None:
    """95 % percentile bootstrap over lesions or patients."""
    groups: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        groups.setdefault(name, []).append(row)
    members, rng, drawn = list(groups.values()), np.random.default_rng(0), []
    for _ in range(ROUNDS):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        chosen = above[rows]
        if chosen.any():
            drawn.append(risky[rows][chosen].mean())
    return (
        [round(float(q), 4) for q in np.percentile(drawn, [2.5, 97.5])] if len(drawn) > ROUNDS / 2 else None
    )


def refusal(predictor: Predictor, data: Path, judged: Sequence[Judged]) -> dict[str, Any]:
    """Share called not_readable: ordinary photos by half, patches of bare skin, and lesions (wrongly)."""
    images = data / "skin" / "images"
    patches = [
        r for r in read_labels(data / "skin" / "labels.csv") if r.source == PATCHES and r.split == "test"
    ]
    unseen = [r for r in read_labels(data / "skin" / "labels.csv") if r.source == "ISIC2020"]
    phone = [j.prediction.outcome == "not_readable" for j in judged if j.record.source == "PAD-UFES-20"]
    chosen, reported = ordinary_halves(data / "other_photos")
    rng = np.random.default_rng(1)

    def refused(pictures: Iterable[bytes]) -> dict[str, Any]:
        found = [predictor.predict(picture).outcome == "not_readable" for picture in pictures]
        return {"n": len(found), "refused": share(found)}

    wrongly: dict[str, list[bool]] = {}
    for j in judged:
        wrongly.setdefault(j.record.domain, []).append(j.prediction.outcome == "not_readable")
    return {
        "ordinary_photos_half_for_choosing": refused(p.read_bytes() for p in chosen),
        "ordinary_photos_half_for_reporting": refused(p.read_bytes() for p in reported),
        "renderings_of_kinds_never_learned": {
            kind: refused(rendering(kind, rng) for _ in range(RENDERINGS)) for kind in REPORTED
        },
        "bare_skin_test_patches": refused(find_image(images, r.image_id).read_bytes() for r in patches),
        "parts_of_bare_skin_test_patches": refused(
            part for r in patches for part in cut_outs(find_image(images, r.image_id), PARTS, rng)
        ),
        "isic2020": refused(find_image(images, r.image_id).read_bytes() for r in unseen),
        "pad_ufes_20": {"n": len(phone), "refused": share(phone)},
        "lesions_wrongly_refused": {
            k: {"n": len(v), "refused": share(v)} for k, v in sorted(wrongly.items())
        },
    }


CHECKS = ("size", "exposure", "colour", "sharpness", "framing", "lesion")


def quality(predictor: Predictor, images: Path, clinical: Sequence[Judged]) -> dict[str, Any]:
    """Share of clinical test photos, as they are and worsened, that the checks stop: any, and each by itself.

    Changed at the model's resolution; a photo's own size is measured by shrinking the photo itself.
    """
    data = [find_image(images, j.record.image_id).read_bytes() for j in clinical[::2]]
    copies: dict[str, Change | None] = {
        "as they are": None,
        "blur of 2 pixels at 150": blurred(2.0),
        "blur of 3 pixels at 150": blurred(3.0),
        "blur of 5 pixels at 150": blurred(5.0),
        "a quarter of the light": exposed(0.25),
        "an eighth of the light": exposed(0.125),
        "two and a half times the light": exposed(2.5),
        "red light": tinted(1.3, 0.6, 0.4),
        "blue light": tinted(0.5, 0.8, 1.5),
        "green light": tinted(0.6, 1.4, 0.6),
        "lesion in a corner": aside,
        "a thumbnail of 64 pixels": shrunk(64),
    }
    return {name: stopped(predictor, data, change) for name, change in copies.items()}


def stopped(predictor: Predictor, data: Sequence[bytes], change: Change | None) -> dict[str, Any]:
    """{"n", "stopped", "by": {check: share}} of pictures after a change."""
    found = []
    for picture in data:
        whole = decode(picture, predictor.config.resolution)
        image = one_resolution(whole.pixels, predictor.config.resolution)
        found.append(predictor.quality_of(image if change is None else change(image)))
    failed = [{c.key for c in quality.checks if not c.ok} for quality in found]
    return {
        "n": len(found),
        "stopped": share([bool(keys) for keys in failed]),
        "by": {key: share([key in keys for keys in failed]) for key in CHECKS},
    }


def wrongly_stopped(judged: Sequence[Judged]) -> dict[str, Any]:
    """Of test lesions, which are all good enough to have been labelled: share that each check stops, by kind."""
    kinds: dict[str, list[set[str]]] = {}
    for j in judged:
        failed = {c.key for c in j.prediction.quality.checks if not c.ok}
        kinds.setdefault(j.record.domain, []).append(failed)
    return {
        kind: {"n": len(rows), **{key: share([key in failed for failed in rows]) for key in CHECKS}}
        for kind, rows in sorted(kinds.items())
    }
