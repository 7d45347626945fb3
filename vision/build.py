"""A model folder from a checkpoint: the network's files, then what is set on validation pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.data import Record, find_image, read_labels
from vision.evaluate import trained_on
from vision.export import (
    called,
    checkpoints_of,
    each_of,
    export_onnx,
    load_checkpoint,
    loudness_of,
    network_of,
    networks,
    reads_at,
    seen_by,
    seen_by_runs,
    with_weight,
    write_trained_on,
)
from vision.fit import fit, neutral_config
from vision.images import decode
from vision.net import architecture_of
from vision.provenance import networks_in, training_of
from vision.recipe import recipe_of
from vision.registry import ModelError, load_model, remade
from vision.validation import DOMAIN_WEIGHTS
from vision.views import Float32, make_views

Float64 = npt.NDArray[np.float64]
MEASURED = ("metrics.json", "MODEL_CARD.md")
"""What ``vision.measure`` writes of a model, and what no longer holds of one that is set anew."""
BOUNDING = 75
"""Training pictures of each domain that bound the numbers of a model of whole ones."""
BOUNDING_VIEWS = ("frame", "small-turned")


def build(
    checkpoints: tuple[Path, ...],
    folder: Path,
    data: Path,
    *,
    version: str,
    average: bool = True,
    voters: tuple[str, ...] = (),
    votes: tuple[float, ...] = (),
    views: tuple[str, ...] | None = None,
    whole_numbers: bool = False,
    threads: int,
    log: Callable[[str], None],
) -> None:
    """Write every file of a model folder but what ``vision.measure`` writes: metrics.json and MODEL_CARD.md.

    checkpoints: one, or several whose weights are averaged into one network (``load_checkpoint``).
    voters: what votes beside it, as for ``vision.export.networks``; all networks that one means share its vote.
    votes: how much each counts, the checkpoint's network first; all the same if none are given. whole_numbers: see
    ``vision.int8``. Raises ValueError if there are more or fewer votes than that, or if a voter was made for
    pictures of another size or on other pictures than the checkpoint.
    """
    net, about = load_checkpoint(*checkpoints, average=average)
    recipe = recipe_of(about["runs"][0]["recipe"])
    records = read_labels(data / "labels.csv")
    known = seen_by_runs(checkpoints, records)
    train = _among(records, known)
    # Everything that can be refused comes before anything of the folder is touched.
    shares = shares_of(votes or [1.0] * (1 + len(voters)), 1 + len(voters))
    sizes = (recipe.resolution, recipe.large)
    if unfit := [name for name in voters if reads_at(name) != sizes]:
        raise ValueError(f"{', '.join(unfit)}: made for pictures of another size than {checkpoints[0]}")
    if strange := [name for name in voters if not seen_by(name, records) <= known]:
        raise ValueError(
            f"{', '.join(strange)}: trained on pictures that {checkpoints[0]} has not seen; name it as the checkpoint, "
            "lest the model be measured on them"
        )
    own = [each_of(name) for name in voters]
    others = [name for names in own for name in names]
    weights = [
        share / count for share, count in zip(shares, [1, *map(len, own)], strict=True) for _ in range(count)
    ]
    nets = [net, *(networks(name)[0] for name in others)]
    if not np.allclose(weights, weights[0]):
        nets = [with_weight(one, weight * len(nets)) for one, weight in zip(nets, weights, strict=True)]
    training = {
        "networks": [told_of(checkpoints, about, records), *(history_of(name, records) for name in others)],
        "sources": sorted({record.source for record in train}),
        **votes_told(np.array(weights) * [1.0, *map(loudness_of, others)]),
    }
    config = neutral_config(recipe.resolution, recipe.large, version, architecture_of(nets))
    with remade(folder) as work:
        for stale in MEASURED:
            (work / stale).unlink(missing_ok=True)
        log(f"exporting {', '.join(map(str, checkpoints))}")
        bounds = list(_balanced_views(train, data / "images", *sizes)) if whole_numbers else []
        export_onnx(nets, work, whole_numbers=bounds)
        write_trained_on(known, records, work)
        (work / "training.json").write_text(json.dumps(training, indent=1) + "\n", encoding="utf-8")
        fit(work, data, train, config, views=views, threads=threads, log=log)


def votes_told(heard: Float64) -> dict[str, list[float]]:
    """What each network's vote counts, together 1, as training.json holds it; nothing if all count the same."""
    if np.allclose(heard, heard[0]):
        return {}
    return {"votes": [round(float(vote), 4) for vote in heard / heard.sum()]}


def history_of(name: str, records: Sequence[Record]) -> dict[str, Any]:
    """How a network was trained, as training.json holds it; name: of `export.each_of`."""
    if files := checkpoints_of(name):
        return told_of(files, load_checkpoint(*files)[1], records)
    parts = [networks_in(training_of(model.folder))[number - 1] for model, number in network_of(name)[0]]
    if len(parts) == 1:
        return {**parts[0], "from": Path(name).name}
    runs = []
    for part, own in zip(name.split("+"), parts, strict=True):
        known = own["runs"] or [{"called": own.get("called", part), "times": 1}]
        whole = sum(run["times"] for run in known)
        runs += [{**run, "times": run["times"] / whole} for run in known]
    return {"called": called(name), "runs": runs}


def told_of(
    checkpoints: Sequence[Path], about: Mapping[str, Any], records: Sequence[Record]
) -> dict[str, Any]:
    """What is said of checkpoints (see `load_checkpoint`), with their teachers by name and the sources of their pictures."""
    runs = []
    for path, run in zip(dict.fromkeys(checkpoints), about["runs"], strict=True):
        recipe = recipe_of(run["recipe"])
        seen = {record.source for record in _among(records, seen_by_runs([path], records))}
        teachers = list(map(called, recipe.teachers))
        sources = [source for source, _ in recipe.sources if source in seen]
        runs.append({**run, "recipe": {**run["recipe"], "teachers": teachers}, "sources": sources})
    return {**about, "called": " + ".join(run["called"] for run in runs), "runs": runs}


def _among(records: Sequence[Record], ids: set[str]) -> list[Record]:
    return [record for record in records if record.image_id in ids and record.label >= 0]


def _balanced_views(train: Sequence[Record], images: Path, resolution: int, size: int) -> Iterator[Float32]:
    """Views of BOUNDING training pictures of each domain, float32 (1, 3, h, w)."""
    rng = np.random.default_rng(0)
    for domain in DOMAIN_WEIGHTS:
        own = [r for r in train if r.domain == domain]
        for n in rng.permutation(len(own))[:BOUNDING]:
            picture = decode(find_image(images, own[n].image_id).read_bytes(), resolution).pixels
            for view in make_views(picture, BOUNDING_VIEWS, resolution=resolution, size=size):
                yield view.values


def shares_of(votes: Sequence[float], voters: int) -> list[float]:
    """What each of so many votes counts, together 1. Raises ValueError if there is not one above 0 for each."""
    if len(votes) != voters or not all(vote > 0 and math.isfinite(vote) for vote in votes):
        raise ValueError(f"the checkpoint and each --with have a vote: give {voters}, each above 0")
    return [vote / sum(votes) for vote in votes]


def refit(
    folder: Path,
    data: Path,
    *,
    version: str,
    views: tuple[str, ...] | None,
    threads: int,
    log: Callable[[str], None],
) -> None:
    """Set everything that is set on validation pictures anew, on a model folder that has been exported before.

    version: another than it had, since the network's sha256 stays: who keeps what a model said must see the difference.
    What ``vision.measure`` had written no longer holds and is removed. Raises ModelError or DataError.
    """
    model = load_model(str(folder))
    if version == model.config.version:
        raise ModelError(f"{folder.name} has the version {version} already; give another with --version")
    train = _among(read_labels(data / "labels.csv"), trained_on(folder)[0])
    old = model.config
    config = neutral_config(old.resolution, old.input, version, old.architecture)
    with remade(folder) as work:
        for stale in MEASURED:
            (work / stale).unlink(missing_ok=True)
        fit(work, data, train, config, views=views, threads=threads, log=log)
