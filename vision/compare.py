"""Which network, or which mixture of votes, validation prefers: `python -m vision compare`.

Imports torch. Nothing here sees a test picture. Each network at its own resolution, judged as in
``vision.judging``; ISIC 2017 is left out, whose validation pictures are melanoma and keratosis only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from vision.data import read_labels
from vision.export import reads_at, seen_by, voter
from vision.fit_limits import bytes_of
from vision.images import decode
from vision.judging import (
    ROUNDS,
    Judged,
    Pictures,
    by_domain,
    differences,
    judge,
    judged_records,
    loss_of,
    mean_by_domain,
)
from vision.validation import DOMAIN_WEIGHTS
from vision.views import make_views

Float64 = npt.NDArray[np.float64]


def compare(
    mixtures: Sequence[Mapping[str, float]],
    data: Path,
    *,
    views: Sequence[str],
    threads: int,
    log: Callable[[str], None],
) -> str:
    """A Markdown table of the mixtures, and of each one's differences from the first.

    mixtures: network (see ``export.networks``) → vote. data: where labels.csv and images are. Raises ValueError for a
    network or view that there is not or a network that was trained on them, `DataError` without the pictures.
    """
    torch.set_num_threads(threads)
    records = read_labels(data / "labels.csv")
    wanted = judged_records(records)
    pictures = Pictures.of(wanted)
    names = list(dict.fromkeys(name for votes in mixtures for name in votes))
    asked = {r.image_id for r in wanted}
    if learned := [name for name in names if seen_by(name, records) & asked]:
        raise ValueError(
            f"{', '.join(learned)}: trained on validation pictures, which can tell nothing of it"
        )
    nets = {name: voter(name) for name in names}
    said = {}
    for name, net in nets.items():
        log(f"{name} reads {len(wanted)} validation pictures")
        said[name] = logits_of(net, bytes_of(data / "images", wanted), views, *reads_at(name))
    judged = []
    for votes in mixtures:
        mixed = sum(vote * said[name] for name, vote in votes.items()) / sum(votes.values())
        judged.append(judge(np.asarray(mixed), pictures))
    titles = [
        " + ".join(name if len(votes) == 1 else f"{vote:g} {name}" for name, vote in votes.items())
        for votes in mixtures
    ]
    return table(titles, judged, pictures)


def logits_of(
    net: torch.nn.Module, photos: Iterable[bytes], views: Sequence[str], resolution: int, size: int
) -> Float64:
    """What a network says of each photo, the mean of its views, (n, classes). resolution, size: see `reads_at`."""
    rows = []
    with torch.inference_mode():
        for photo in photos:
            picture = decode(photo, resolution).pixels
            seen = make_views(picture, tuple(views), resolution=resolution, size=size)
            said = [net(torch.from_numpy(view.values))[0].numpy().astype(np.float64) for view in seen]
            rows.append(np.mean(said, axis=0))
    return np.array(rows)


def table(titles: Sequence[str], judged: Sequence[Judged], pictures: Pictures) -> str:
    """The comparison in Markdown."""
    everything = np.arange(len(pictures.labels))
    columns = (
        "what votes",
        "loss",
        *DOMAIN_WEIGHTS,
        "mean, plain argmax",
        "mean, class-balanced",
        "loss against the first",
        "class-balanced against the first",
    )
    said = (
        f"{len(everything)} validation pictures, networks in 32-bit floats; loss and class-balanced decision fitted on "
        f"the other half; in brackets 95 % of {ROUNDS} paired bootstrap rounds over lesions and patients."
    )
    lines = [said, "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for title, one in zip(titles, judged, strict=True):
        each = [f"{value:.3f}" for value in by_domain(one.plain, pictures, everything)]
        means = [mean_by_domain(guess, pictures, everything) for guess in (one.plain, one.top)]
        against = ["", ""]
        if one is not judged[0]:
            against = [_interval(*found) for found in differences(one, judged[0], pictures)]
        figures = [
            f"{loss_of(one, pictures, everything):.4f}",
            *each,
            *(f"{value:.3f}" for value in means),
            *against,
        ]
        lines.append(f"| {title} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:+.4f} ({low:+.4f} to {high:+.4f})"
