"""The models that ship: a folder each under ``vision/models``, their settings, their identity.

A folder holds model.onnx, head.npy, golden.npy, config.json, ood.npz, training.json, trained_on.txt,
metrics.json, MODEL_CARD.md and SHA256SUMS; what is loaded is checked against SHA256SUMS first. ``vision/models/default``
names the model that is used when none is asked for.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from vision.calibration import Calibration, Lean, SetLimits
from vision.classes import KEYS
from vision.context import Context

MODELS = Path(__file__).resolve().parent / "models"
LOADED_FILES = ("model.onnx", "head.npy", "config.json", "ood.npz")
BETWEEN_MOVES = 0.1
"""Seconds within which `remade` makes its second move after the first."""


class ModelError(RuntimeError):
    """A model is missing or its files are not what they should be; the message says which and what to do."""


@dataclass(frozen=True)
class ModelId:
    """Which model said it: folder name, version from its config, sha256 of its model.onnx in hex."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class QualityLimits:
    """Limits of the quality checks, set on data by ``vision.fit_limits``; see ``vision.quality``.

    size: shorter side of the original in pixels; sharpness: see ``quality.sharpness``;
    darkest, brightest: mean luminance 0..255; coldest, warmest, purplest, greenest: see ``quality.cast``;
    far, plain, foreign, off_centre: see ``ood.Evidence``. What older models have no limit for stops nothing.
    """

    size: float
    sharpness: float
    darkest: float
    brightest: float
    far: float
    plain: float
    foreign: float
    coldest: float = -99.0
    warmest: float = 99.0
    purplest: float = -99.0
    greenest: float = 99.0
    off_centre: float = 99.0


@dataclass(frozen=True)
class Config:
    """How a model is fed and how its outputs are read.

    ``calibration``: from logits to probabilities, and to ``top``, which maximises probability / prior of the kind of
    picture; ``sets``: which classes fit, ``coverage``: of how many lesions their own class, 0..1; ``max_set``: the
    largest prediction set that still counts as a reading; the thresholds apply to risk; ``context`` shifts the
    probabilities by what is known of the patient.
    """

    version: str
    architecture: str
    resolution: int
    input: int
    mean: float
    std: float
    views: tuple[str, ...]
    max_set: int
    risk_threshold: float
    urgent_threshold: float
    quality: QualityLimits
    context: Context
    calibration: Calibration
    sets: SetLimits
    coverage: float


@dataclass(frozen=True)
class Model:
    """A checked model folder."""

    id: ModelId
    folder: Path
    config: Config


def default_name() -> str:
    """Name of the model used when none is asked for."""
    try:
        return (MODELS / "default").read_text(encoding="utf-8").strip()
    except OSError:
        raise ModelError(f"{MODELS / 'default'} is missing: it names the model to use") from None


def folder_of(name: str | None) -> Path:
    """Folder of a model by its name, or the folder itself where ``name`` is a path to one."""
    name = name or default_name()
    folder = Path(name) if "/" in name else MODELS / name
    _put_back(folder)
    if not (folder / "SHA256SUMS").is_file():
        raise ModelError(f"no model {name!r} in {MODELS} (there: {', '.join(model_names()) or 'none'})")
    return folder


def model_names() -> list[str]:
    """The models in ``vision/models``, without what `remade` works on."""
    return sorted(p.parent.name for p in MODELS.glob("*/SHA256SUMS") if not p.parent.name.startswith("."))


def folder_to_make(name: str, version: str, *, replacing: bool = False) -> Path:
    """Where under ``vision/models`` a model is to be made.

    Raises ModelError for what cannot be the name of one, and, unless ``replacing``, where there is one of this version:
    who keeps what a model said must see the difference.
    """
    if name == "default" or not re.fullmatch(r"\w[\w.-]*", name):
        raise ModelError(
            f"{name!r} cannot be the name of a model: letters, digits, '.', '_' and '-', none of the signs first but '_', "
            "and not 'default'"
        )
    folder = MODELS / name
    _put_back(folder)
    if folder.exists() and not replacing and _version_of(folder) in {version, None}:
        raise ModelError(
            f"{folder} is there already (version {_version_of(folder) or 'unknown'}) and would be overwritten; "
            "give another name or version, or --replace"
        )
    return folder


def _version_of(folder: Path) -> str | None:
    try:
        return read_config(folder).version
    except ModelError:
        return None


def digest(path: Path) -> str:
    """sha256 of a file in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over every other file of a model folder, in the format of sha256sum."""
    names = sorted(p.name for p in folder.iterdir() if p.is_file() and p.name != "SHA256SUMS")
    (folder / "SHA256SUMS").write_text("".join(f"{digest(folder / n)}  {n}\n" for n in names))


@contextmanager
def remade(folder: Path) -> Iterator[Path]:
    """A copy of a model folder to work on (empty, if there is none), which takes the folder's place if all goes well.

    Setting a model anew takes minutes: whoever loads it meanwhile gets the one before, whole, and so does everybody if
    the work is killed (between the two moves at its end: as soon as it is asked for, see `folder_of`).
    """
    folder = folder.resolve()
    work, before = _beside(folder, "remade"), _beside(folder, "before")
    _put_back(folder)
    for left in (work, before):
        shutil.rmtree(left, ignore_errors=True)
    if folder.is_dir():
        shutil.copytree(folder, work)
    else:
        work.mkdir(parents=True)
    try:
        yield work
        if folder.is_dir():
            folder.rename(before)
        work.rename(folder)
    finally:
        _put_back(folder)
        for left in (work, before):
            shutil.rmtree(left, ignore_errors=True)
        read_config.cache_clear()


def _beside(folder: Path, what: str) -> Path:
    return folder.parent / f".{folder.name}-{what}"


def _put_back(folder: Path) -> None:
    """Put the model before back in place, if a kill left `remade` between its two moves."""
    before = _beside(folder, "before")
    if folder.exists() or not before.is_dir():
        return
    time.sleep(BETWEEN_MOVES)  # it may be at them just now
    if not folder.exists():
        with suppress(OSError):  # somebody else has put it back
            before.rename(folder)


def load_model(name: str | None = None) -> Model:
    """Find a model, check what will be loaded against SHA256SUMS and read its config. Raises ModelError."""
    folder = folder_of(name)
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {file: value for value, _, file in (line.partition("  ") for line in lines)}
    for file in LOADED_FILES:
        path = folder / file
        if not path.is_file() or file not in sums:
            raise ModelError(f"{path} is missing; restore the model folder from version control")
        if digest(path) != sums[file]:
            raise ModelError(
                f"{path} does not match SHA256SUMS; restore the model folder from version control"
            )
    config = read_config(folder)
    return Model(ModelId(folder.name, config.version, sums["model.onnx"]), folder, config)


@cache
def read_config(folder: Path) -> Config:
    """Read config.json of a model folder. Raises ModelError where a setting is missing or malformed."""
    path = folder / "config.json"
    try:
        return config_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: {type(error).__name__}: {error}") from None


def config_of(raw: dict[str, Any]) -> Config:
    """The settings as config.json holds them. Raises KeyError, TypeError or ValueError where one is missing or malformed."""
    if tuple(raw["classes"]) != KEYS:
        raise ValueError(f"classes must be {', '.join(KEYS)} in this order")
    conformal = raw.get("conformal", {})
    return Config(
        version=str(raw["version"]),
        architecture=str(raw["architecture"]),
        resolution=int(raw["resolution"]),
        input=int(raw["input"]),
        mean=float(raw["mean"]),
        std=float(raw["std"]),
        views=tuple(str(v) for v in raw["views"]),
        max_set=int(raw["max_set"]),
        risk_threshold=float(raw["risk_threshold"]),
        urgent_threshold=float(raw["urgent_threshold"]),
        quality=QualityLimits(**{k: float(v) for k, v in raw["quality"].items()}),
        context=Context.from_json(raw.get("context")),
        calibration=Calibration(
            float(raw["temperature"]),
            np.array(_per_class(raw["bias"])),
            np.array(_per_class(raw["priors"])),
            _lean(raw.get("kinds")),
        ),
        sets=SetLimits(
            np.array(_per_class(raw["conformal_quantiles"])),
            by_share=conformal.get("score", "share") == "share",
            clinical=float(conformal.get("clinical", 0.0)),
        ),
        coverage=float(raw.get("conformal_coverage", 0.9)),
    )


def _per_class(raw: dict[str, float]) -> tuple[float, ...]:
    return tuple(float(raw[k]) for k in KEYS)


def _lean(raw: dict[str, Any] | None) -> Lean | None:
    if not raw:
        return None
    priors = [_per_class(raw["priors"][kind]) for kind in ("dermoscopic", "clinical")]
    return Lean(float(raw["log_temperature"]), np.array(_per_class(raw["bias"])), np.array(priors))
