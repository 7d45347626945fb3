"""Training: one command from labels.csv to a checkpoint; killed at any time, it goes on where it was.

Imports torch; nothing that serves imports this module.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vision.augment import augment, centre
from vision.classes import KEYS
from vision.data import PixelCache, Record, data_dir, read_labels
from vision.export import load_checkpoint, network_of, seen_by
from vision.images import UInt8
from vision.net import lite
from vision.recipe import Recipe, chosen
from vision.teachers import Teachers
from vision.views import MEAN, STD
from vision.warm import load_published


@dataclass(frozen=True)
class Options:
    """Where and how long: ``minutes`` of wall clock, ``until`` a time, or exactly ``steps`` (then repeatable by seed).

    The minutes are those of the whole run: what it had before a kill counts. The time holds whatever it had before.
    """

    out: Path
    minutes: float | None = None
    until: datetime | None = None
    steps: int | None = None
    threads: int = 2
    save_every: float = 120.0
    validate_every: float = 420.0


def sampling(
    records: list[Record], recipe: Recipe, square: npt.NDArray[np.bool_] | None = None
) -> np.ndarray:
    """Probability of drawing each picture: domains by share, classes by count to the power 1 − temper.

    square (n,): which pictures are as wide as high; those get ``recipe.square`` of their class.
    """
    sources, shares = dict(recipe.sources), dict(recipe.shares)
    weight = np.array([sources[r.source] for r in records])
    probability = np.zeros(len(records))
    domains = np.array([r.domain for r in records])
    labels = np.array([r.label for r in records])
    for domain, share in shares.items():
        inside = domains == domain
        if not inside.any():
            continue
        for label in range(len(KEYS)):
            cell = inside & (labels == label)
            if cell.any():
                probability[cell] = weight[cell] * weight[cell].sum() ** -recipe.temper
                if square is not None and recipe.square:
                    _share_out(probability, cell & square, cell & ~square, recipe.square)
        probability[inside] *= share / probability[inside].sum()
    return np.asarray(probability / probability.sum())


SHAPED = 20
"""Of fewer pictures each would be drawn again and again."""


def _share_out(
    probability: np.ndarray, some: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_], share: float
) -> None:
    """Give ``some`` rows ``share`` of what they and the ``others`` have together, if there are SHAPED each. In place."""
    if min(some.sum(), others.sum()) >= SHAPED:
        total = probability[some].sum() + probability[others].sum()
        probability[some] *= share * total / probability[some].sum()
        probability[others] *= (1.0 - share) * total / probability[others].sum()


def to_tensor(views: list[UInt8]) -> Tensor:
    """uint8 (h, w, 3) each → float32 (n, 3, h, w), normalised."""
    stacked = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2)
    return ((stacked.float() - MEAN) / STD).contiguous(memory_format=torch.channels_last)


class Batches:
    """Batch number n is a pure function of (seed, n, size), so a resumed run sees what it would have seen."""

    def __init__(self, records: list[Record], cache: PixelCache, recipe: Recipe) -> None:
        self._records, self._cache, self._recipe = records, cache, recipe
        shapes = [cache[r.image_id].shape for r in records]
        self._probability = sampling(records, recipe, np.array([high == wide for high, wide, _ in shapes]))

    def __call__(self, number: int, size: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((self._recipe.seed, number))
        picked = rng.choice(len(self._records), self._recipe.batch, p=self._probability)
        pictures = (self._cache[self._records[i].image_id] for i in picked)
        views = [augment(pixels, size, rng, self._recipe.coarse) for pixels in pictures]
        return to_tensor(views), torch.tensor([self._records[i].label for i in picked])


def rate(progress: float, warm_up: float) -> float:
    """One cycle: linear up to 1 during ``warm_up``, then a cosine down to 0."""
    if progress < warm_up:
        return 0.04 + 0.96 * progress / warm_up
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (progress - warm_up) / (1.0 - warm_up)))) + 1e-4


def _optimiser(net: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        groups.setdefault((name.startswith("_fc"), parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "peak": recipe.head_rate if head else recipe.body_rate,
                "weight_decay": recipe.weight_decay if decays else 0.0,
            }
            for (head, decays), parameters in groups.items()
        ]
    )


class Run:
    """A training run in a folder: state, one step, saving, validating.

    records: the labelled pictures with their splits, if they are not those of labels.csv; base: the checkpoint to begin
    with, if the recipe names none that is published. ``seen``: ids of the pictures that it, what it goes on from or a
    teacher was trained on.
    """

    def __init__(
        self,
        recipe: Recipe,
        options: Options,
        log: Callable[[str], None],
        *,
        records: list[Record] | None = None,
        base: Path | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        torch.set_num_threads(options.threads)
        self.recipe, self.options, self.log = recipe, options, log
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # Numbers too small for their exponent slow the processor down and mean nothing here.
        torch.set_flush_denormal(True)
        net = lite(recipe.variant, len(KEYS), pretrained=True, drop_connect=recipe.drop_connect)
        self.net: Any = net.to(self.device, memory_format=torch.channels_last)
        self.averaged = {k: v.clone() for k, v in self.net.state_dict().items()}
        self.optimiser = _optimiser(self.net, recipe)
        self.step, self.progress, self.seconds = 0, 0.0, 0.0
        if records is None:
            records = read_labels(data_dir() / "skin" / "labels.csv")
        self.train, self.val = chosen(records, recipe, "train"), chosen(records, recipe, "val")
        ids = [r.image_id for r in records]
        self.cache = PixelCache.open(
            options.out.parent / "cache", data_dir() / "skin" / "images", ids, recipe.resolution, log
        )
        self.batches = Batches(self.train, self.cache, recipe)
        self.teachers = Teachers(recipe.teachers, self.device) if recipe.teachers else None
        begin = str(base or recipe.begin)
        known = [*recipe.teachers, *([begin] if begin else [])]
        self.seen = {r.image_id for r in self.train}.union(*(seen_by(name, records) for name in known))
        if self._restore():
            return
        if base is not None:
            self.net.load_state_dict(load_checkpoint(base)[0].state_dict())
            self.averaged = {k: v.clone() for k, v in self.net.state_dict().items()}
        elif recipe.begin:
            self._go_on_from(recipe.begin)

    @property
    def path(self) -> Path:
        return self.options.out / "checkpoint.pt"

    def _go_on_from(self, name: str) -> None:
        pictures = torch.cat([self.batches(2**31 + n, self.recipe.large)[0] for n in range(8)])
        parts = [(model.folder, number) for model, number in network_of(name)[0]]
        load_published(self.net, parts, pictures.to(self.device))
        self.averaged = {k: v.clone() for k, v in self.net.state_dict().items()}
        self.log(f"goes on from {name}: {json.dumps(self.validate())}")

    def _restore(self) -> bool:
        if not self.path.exists():
            return False
        state = torch.load(self.path, map_location=self.device, weights_only=True)
        if state["recipe"] != json.dumps(asdict(self.recipe)):
            raise ValueError(f"{self.path} belongs to another recipe; name another folder with --out")
        self.net.load_state_dict(state["net"])
        self.averaged = state["averaged"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.progress, self.seconds = state["step"], state["progress"], state["seconds"]
        self.seen.update(state.get("trained_on", ()))
        self.log(f"resumed at step {self.step}, {self.progress:.1%} done")
        return True

    def save(self) -> None:
        """Write the state aside and put it in place in one move: a kill leaves the old one or the new one."""
        self.options.out.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        torch.save(
            {
                "recipe": json.dumps(asdict(self.recipe)),
                "net": self.net.state_dict(),
                "averaged": self.averaged,
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "progress": self.progress,
                "seconds": self.seconds,
                "trained_on": sorted(self.seen),
            },
            partial,
        )
        partial.replace(self.path)

    def size(self, step: int) -> int:
        """Side of the views of a step: small ones first, which is quicker and loses little.

        How far a run by the clock will be at that step is not known: how far it is now decides.
        """
        progress = self.progress if self.options.steps is None else step / self.options.steps
        return self.recipe.small if progress < self.recipe.small_until else self.recipe.large

    def learn(self, pictures: Tensor, labels: Tensor) -> float:
        """One optimisation step; returns the loss."""
        factor = rate(self.progress, self.recipe.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        self.net.train()
        # What is dropped depends on the step alone, not on whether the run was killed before.
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        pictures, labels = pictures.to(self.device), labels.to(self.device)
        share, partner = self._mixture(len(labels))
        if share < 1.0:
            pictures = (pictures * share + pictures[partner] * (1.0 - share)).contiguous(
                memory_format=torch.channels_last
            )
        logits = self.net(pictures)
        loss = share * self._loss(logits, labels)
        if share < 1.0:
            loss = loss + (1.0 - share) * self._loss(logits, labels[partner])
        if self.teachers is not None:
            told = nn.functional.cross_entropy(logits, self.teachers(pictures))
            loss = (1.0 - self.recipe.taught) * loss + self.recipe.taught * told
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        keep = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                if value.dtype.is_floating_point:
                    self.averaged[name].lerp_(value, 1.0 - keep)
                else:
                    self.averaged[name].copy_(value)
        return float(loss.item())

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return nn.functional.cross_entropy(logits, labels, label_smoothing=self.recipe.smoothing)

    def _mixture(self, count: int) -> tuple[float, Tensor]:
        """How much of itself each picture of this batch keeps, and which picture it is mixed with."""
        rng = np.random.default_rng((self.recipe.seed, self.step, count))
        share = float(rng.beta(self.recipe.mixing, self.recipe.mixing))
        if rng.random() >= self.recipe.mixed:
            share = 1.0
        return max(share, 1.0 - share), torch.from_numpy(rng.permutation(count)).to(self.device)

    def validate(self) -> dict[str, float]:
        """Balanced accuracy of the averaged weights on each domain's validation pictures, centre view."""
        net = lite(self.recipe.variant, len(KEYS), pretrained=False)
        net = net.to(self.device, memory_format=torch.channels_last)
        net.load_state_dict(self.averaged)
        net.eval()
        labels = np.array([r.label for r in self.val])
        logits = []
        with torch.inference_mode():
            for start in range(0, len(self.val), 64):
                chunk = self.val[start : start + 64]
                views = [centre(self.cache[r.image_id], self.recipe.large) for r in chunk]
                logits.append(net(to_tensor(views).to(self.device)).cpu().numpy())
        guess = np.concatenate(logits).argmax(axis=1)
        domains = np.array([r.domain for r in self.val])
        result = {}
        for domain in dict(self.recipe.shares):
            inside = domains == domain
            recalls = [
                (guess[c] == k).mean() for k in range(len(KEYS)) if (c := inside & (labels == k)).any()
            ]
            if recalls:
                result[domain] = round(float(np.mean(recalls)), 4)
        return result


def run(
    recipe: Recipe,
    options: Options,
    log: Callable[[str], None],
    *,
    records: list[Record] | None = None,
    base: Path | None = None,
) -> Path:
    """Train until the budget is spent; returns the path of the final checkpoint. records, base: see `Run`.

    With ``minutes`` or ``until`` the schedule follows the clock, so a busy machine ends on time with fewer steps.
    Raises ValueError where a run that is not finished has no time left.
    """
    if sum(budget is not None for budget in (options.minutes, options.until, options.steps)) != 1:
        raise ValueError("give one of --minutes, --until and --steps")
    state = Run(recipe, options, log, records=records, base=base)
    log(f"{len(state.train)} pictures to train on, {len(state.val)} to validate, device {state.device}")
    begun, first, spent = time.monotonic(), state.progress, state.seconds
    left = _seconds_left(state) if first < 1.0 else 0.0
    saved = validated = begun
    count, loss_sum, count_from = 0, 0.0, begun
    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(state.batches, state.step, state.size(state.step))
        while state.progress < 1.0:
            pictures, labels = waiting.result()
            waiting = ahead.submit(state.batches, state.step + 1, state.size(state.step + 1))
            loss_sum += state.learn(pictures, labels)
            count += 1
            now = time.monotonic()
            state.seconds = spent + now - begun
            if options.steps is None:
                state.progress = first + (1.0 - first) * min(1.0, (now - begun) / left)
            else:
                state.progress = min(1.0, state.step / options.steps)
            if count == 25:
                speed = count * recipe.batch / (now - count_from)
                to_come = (now - begun) * (1.0 - state.progress) / max(1e-9, state.progress - first) / 60.0
                log(
                    f"step {state.step} {state.progress:.1%} size {pictures.shape[-1]} "
                    f"loss {loss_sum / count:.3f} {speed:.1f} pictures/s, {to_come:.0f} min left"
                )
                count, loss_sum, count_from = 0, 0.0, now
            if now - validated > options.validate_every:
                log(f"validation at step {state.step}: {json.dumps(state.validate())}")
                validated = count_from = time.monotonic()
                count, loss_sum = 0, 0.0
            if now - saved > options.save_every:
                state.save()
                saved = now
    state.save()
    log(f"finished at step {state.step}: {json.dumps(state.validate())}")
    return state.path


def _seconds_left(state: Run) -> float:
    """What a run has until it must end; without end, if it goes by steps."""
    options = state.options
    if options.until is not None:
        left, why = (options.until - datetime.now(UTC)).total_seconds(), f"{options.until:%H:%M} UTC is past"
    elif options.minutes is not None:
        left = options.minutes * 60.0 - state.seconds
        why = f"it has had {state.seconds / 60.0:.0f} minutes of {options.minutes:g} already"
    else:
        return math.inf
    if left <= 0.0:
        raise ValueError(f"{state.path}: {why}; give it more")
    return left
