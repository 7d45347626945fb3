"""What a run of training is: every number that decides it, and which pictures it is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vision.data import Record


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run.

    variant: the network, one of ``vision.net.VARIANTS``; begin: name of the published model, or of the run, to go on
    from (empty: ImageNet weights); mixed: share of the batches
    that are mixed with themselves (mixup, Zhang 2018), mixing: the parameter of its beta distribution;
    coarse: share of the views that come through a smaller resolution than ``resolution``;
    square: what square pictures get of every class of a domain in which there are some SHAPED of them and of others
    (0: as many as there are); shares: how much of each batch a domain gets; teachers: whose word counts beside the
    label, and taught: how much of the loss it is.
    """

    seed: int = 7
    variant: str = "lite0"
    begin: str = ""
    resolution: int = 224
    small: int = 128
    large: int = 224
    small_until: float = 0.55
    batch: int = 48
    body_rate: float = 6e-4
    head_rate: float = 3e-3
    weight_decay: float = 0.02
    warm_up: float = 0.06
    smoothing: float = 0.05
    mixed: float = 0.5
    mixing: float = 0.4
    drop_connect: float = 0.1
    average: float = 0.997
    temper: float = 0.5
    coarse: float = 0.5
    square: float = 0.6
    teachers: tuple[str, ...] = ()
    taught: float = 0.5
    shares: tuple[tuple[str, float], ...] = (
        ("dermoscopy", 0.48),
        ("milk-dermoscopy", 0.18),
        ("close-up", 0.25),
        ("smartphone", 0.09),
    )
    sources: tuple[tuple[str, float], ...] = (
        ("HAM10000", 1.0),
        ("MILK10k", 1.0),
        ("PAD-UFES-20", 1.0),
        ("ISIC2017", 0.5),
    )


def going_on(begin: str, variant: str, seed: int) -> Recipe:
    """The recipe of a run that goes on from the network called ``begin``, which is of ``variant``.

    More pixels of each picture, larger views, gentler steps. Of HAM10000 a share that differs by class is square and
    of more pixels, so every class gets the same share of those, and half of all views come through fewer pixels.
    """
    return Recipe(
        seed=seed,
        variant=variant,
        begin=begin,
        resolution=224,
        small=160,
        large=224,
        small_until=0.4,
        body_rate=3e-4,
        head_rate=1e-3,
        mixed=0.6,
        drop_connect=0.2,
        coarse=0.5,
        square=0.6,
    )


def larger(seed: int) -> Recipe:
    """The recipe of Lite2: small views for a little more than half of the schedule, then views as it is served."""
    return Recipe(seed=seed, variant="lite2", small_until=0.55, mixed=0.3)


def without(recipe: Recipe, left_out: Sequence[str]) -> Recipe:
    """The recipe without these sources. Raises ValueError for one that is not in it, or if none would be left."""
    known = [source for source, _ in recipe.sources]
    if strange := [source for source in left_out if source not in known]:
        raise ValueError(f"{', '.join(strange)}: not trained on anyway; there are {', '.join(known)}")
    sources = tuple(pair for pair in recipe.sources if pair[0] not in left_out)
    if not sources:
        raise ValueError("no source is left to train on")
    return replace(recipe, sources=sources)


def taught_by(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """The recipe with these networks as teachers; none: the recipe itself."""
    return replace(recipe, teachers=tuple(names)) if names else recipe


def recipe_of(saved: Mapping[str, Any]) -> Recipe:
    """The recipe that a checkpoint or training.json holds; what older ones do not name has its default."""
    return Recipe(
        **{k: v for k, v in saved.items() if k not in {"shares", "sources", "teachers"}},
        teachers=tuple(saved.get("teachers", ())),
        shares=tuple((d, s) for d, s in saved["shares"]),
        sources=tuple((d, s) for d, s in saved["sources"]),
    )


def chosen(records: Sequence[Record], recipe: Recipe, split: str) -> list[Record]:
    """The pictures of ``split`` from the recipe's sources that carry one of the seven labels."""
    sources = dict(recipe.sources)
    return [r for r in records if r.split == split and r.label >= 0 and r.source in sources]
