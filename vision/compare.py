"""Which network, or which mixture of votes, validation prefers: `python -m vision compare`.

Imports torch. Nothing here sees a test picture. Frame view, for each network at its own resolution, judged as in
``vision.judging``; ISIC 2017 is left out, whose validation pictures are melanoma and keratosis only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from vision.data import read_labels
from vision.export import reads_at, voter
from vision.fit_limits import bytes_of
from vision.images import decode
from vision.judging import Judged, Pictures, judge, loss_of
from vision.metrics import recalls
from vision.train import Recipe
from vision.validation import DOMAIN_WEIGHTS
from vision.views import make_views

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
ROUNDS = 1000
MEAN, STD = 127.0, 128.0


def compare(
    mixtures: Sequence[Mapping[str, float]], data: Path, *, threads: int, log: Callable[[str], None]
) -> str:
    """A Markdown table of the mixtures, and of each one's differences from the first.

    mixtures: network (see ``export.voter``) → vote. data: where labels.csv and images are. Raises ValueError for a
    network that there is not, `DataError` without the pictures.
    """
    torch.set_num_threads(threads)
    sources = {source for source, _ in Recipe().sources} - {"ISIC2017"}
    wanted = [
        r
        for r in read_labels(data / "labels.csv")
        if r.split == "val" and r.label >= 0 and r.source in sources
    ]
    pictures = Pictures.of(wanted)
    names = list(dict.fromkeys(name for votes in mixtures for name in votes))
    nets = {name: voter(name) for name in names}
    said = {}
    for name, net in nets.items():
        log(f"{name} reads {len(wanted)} validation pictures")
        said[name] = logits_of(net, bytes_of(data / "images", wanted), *reads_at(name))
    judged = []
    for votes in mixtures:
        mixed = sum(vote * said[name] for name, vote in votes.items()) / sum(votes.values())
        judged.append(judge(np.asarray(mixed), pictures))
    titles = [
        " + ".join(name if len(votes) == 1 else f"{vote:g} {name}" for name, vote in votes.items())
        for votes in mixtures
    ]
    return table(titles, judged, pictures)


def logits_of(net: torch.nn.Module, photos: Iterable[bytes], resolution: int, size: int) -> Float64:
    """What a network says of each photo's frame, (n, classes). resolution, size: see `reads_at`."""
    rows = []
    with torch.inference_mode():
        for photo in photos:
            picture = decode(photo, resolution).pixels
            view = make_views(picture, ("frame",), resolution=resolution, size=size, mean=MEAN, std=STD)[0]
            rows.append(net(torch.from_numpy(view.values))[0].numpy().astype(np.float64))
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
        f"{len(everything)} validation pictures; loss and class-balanced decision fitted on the other half; "
        f"in brackets 95 % of {ROUNDS} paired bootstrap rounds over lesions and patients."
    )
    lines = [said, "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    drawn = _draws(pictures)
    for title, one in zip(titles, judged, strict=True):
        each = [f"{value:.3f}" for value in _by_domain(one.plain, pictures, everything)]
        means = [_mean(guess, pictures, everything) for guess in (one.plain, one.top)]
        against = ["", ""]
        if one is not judged[0]:
            losses = [
                loss_of(one, pictures, rows) - loss_of(judged[0], pictures, rows)
                for rows in (everything, *drawn)
            ]
            gains = [
                _mean(one.top, pictures, rows) - _mean(judged[0].top, pictures, rows)
                for rows in (everything, *drawn)
            ]
            against = [_interval(losses), _interval(gains)]
        figures = [
            f"{loss_of(one, pictures, everything):.4f}",
            *each,
            *(f"{value:.3f}" for value in means),
            *against,
        ]
        lines.append(f"| {title} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def _draws(pictures: Pictures) -> list[Int64]:
    members = [np.flatnonzero(pictures.groups == group) for group in np.unique(pictures.groups)]
    rng = np.random.default_rng(0)
    draws = (rng.integers(0, len(members), len(members)) for _ in range(ROUNDS))
    return [np.concatenate([members[n] for n in draw]) for draw in draws]


def _by_domain(guess: Int64, pictures: Pictures, rows: Int64) -> list[float]:
    """Balanced accuracy by domain, in the order of DOMAIN_WEIGHTS."""
    inside = [rows[pictures.domains[rows] == name] for name in DOMAIN_WEIGHTS]
    return [float(np.mean(recalls(pictures.labels[chosen], guess[chosen]))) for chosen in inside]


def _mean(guess: Int64, pictures: Pictures, rows: Int64) -> float:
    return float(np.mean(_by_domain(guess, pictures, rows)))


def _interval(values: Sequence[float]) -> str:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return f"{values[0]:+.4f} ({low:+.4f} to {high:+.4f})"
