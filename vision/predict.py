"""Photo in, Prediction out: what the portal's worker calls. ONNX Runtime, numpy and Pillow only."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from vision import heatmap
from vision.classes import CLASSES, KEYS, RISKY
from vision.context import Known, shifted
from vision.images import Decoded, UnreadableImage, decode
from vision.memory import give_back_freed
from vision.ood import Evidence, FeatureSpace, strangeness
from vision.quality import Quality, judge
from vision.registry import Model, ModelError, ModelId, load_model
from vision.several import pooled
from vision.views import Float32, View, make_views

__all__ = [
    "ModelError",
    "ModelId",
    "Outcome",
    "Prediction",
    "Predictor",
    "Reading",
    "Together",
    "UnreadableImage",
]

Bool = npt.NDArray[np.bool_]
Outcome = Literal["reading", "uncertain", "not_readable"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says of one photo.

    probabilities: calibrated, by class key, sum 1; clinical: how much the photo looks like a clinical one, 0
    (dermoscopy) … 1; top: the class-balanced decision (probability over prior of that kind); prediction_set: every
    class that fits, by key in the order of CLASSES, possibly none: the model's coverage (config.json:
    conformal_coverage) of the lesions is meant to have its own class in the set (conformal prediction, see
    ``vision.calibration``), also of a photo that is not readable. It goes by probability, and a rare class can be
    ``top`` without being in it: such a photo is uncertain (``top_not_in_set``);
    risk: P(malignant or premalignant), 0..1; outcome and reason: whether this is a reading, and why
    (a machine key); suspicious: risk at or above the first threshold, urgent: above the second, higher one, both of
    a photo that could be read;
    heatmap: float32 (h, w) in 0..1 over the whole
    original photo, for ``top``; milliseconds: by stage; strangeness: above 0 the photo is refused as no skin lesion
    (``ood.strangeness``); known: what was known of the patient and had a say, names of ``context.ATTRIBUTES``.
    """

    probabilities: dict[str, float]
    top: str
    prediction_set: tuple[str, ...]
    risk: float
    outcome: Outcome
    reason: str
    suspicious: bool
    urgent: bool
    heatmap: Float32
    quality: Quality
    model: ModelId
    milliseconds: dict[str, float]
    clinical: float = 0.5
    strangeness: float = 0.0
    known: tuple[str, ...] = ()

    def heatmap_png(self, original_size: tuple[int, int]) -> bytes:
        """RGBA PNG to lay over the upright original; original_size: its (width, height)."""
        return heatmap.overlay_png(self.heatmap, original_size)

    def to_json(self) -> dict[str, Any]:
        """Everything but the heatmap's pixels, ready for ``json.dumps``."""
        return {
            "probabilities": {k: round(v, 6) for k, v in self.probabilities.items()},
            "top": self.top,
            "top_class": CLASSES[KEYS.index(self.top)].to_json(),
            "prediction_set": list(self.prediction_set),
            "risk": round(self.risk, 6),
            "outcome": self.outcome,
            "reason": self.reason,
            "suspicious": self.suspicious,
            "urgent": self.urgent,
            "clinical": round(self.clinical, 4),
            "known": list(self.known),
            "quality": {"ok": self.quality.ok, "checks": [asdict(c) for c in self.quality.checks]},
            "model": asdict(self.model),
            "milliseconds": {k: round(v, 2) for k, v in self.milliseconds.items()},
        }


@dataclass(frozen=True)
class Together:
    """What several photos of one lesion say; the parts are those of ``Prediction``.

    photos: how many there are; read: how many could be read, and had a say. If none could, the outcome is not_readable.
    broken: how many more there should be, of which the files cannot be opened.
    """

    photos: int
    read: int
    probabilities: dict[str, float]
    top: str
    prediction_set: tuple[str, ...]
    risk: float
    outcome: Outcome
    reason: str
    suspicious: bool
    urgent: bool
    model: ModelId
    broken: int = 0

    def to_json(self) -> dict[str, Any]:
        """Ready for ``json.dumps``."""
        return {
            "photos": self.photos,
            "read": self.read,
            "broken": self.broken,
            "probabilities": {k: round(v, 6) for k, v in self.probabilities.items()},
            "top": self.top,
            "top_class": CLASSES[KEYS.index(self.top)].to_json(),
            "prediction_set": list(self.prediction_set),
            "risk": round(self.risk, 6),
            "outcome": self.outcome,
            "reason": self.reason,
            "suspicious": self.suspicious,
            "urgent": self.urgent,
            "model": asdict(self.model),
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """Raw outputs for one photo, means over views: logits (classes,), pooled (channels,), texture; and maps."""

    logits: Float32
    pooled: Float32
    texture: Float32
    features: list[Float32]


class Predictor:
    """A loaded model. Safe to share between threads; one inference session."""

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(model.folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self.head: Float32 = np.load(model.folder / "head.npy", allow_pickle=False)
            self.space = FeatureSpace.load(model.folder / "ood.npz")
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(f"{model.folder}: the model cannot be loaded ({error})") from None
        give_back_freed()
        self.model: ModelId = model.id
        self.config = model.config
        self.folder = model.folder

    @classmethod
    def load(cls, name: str | None = None, *, threads: int = 1) -> Predictor:
        """Load a model by name (or the default one). Raises ModelError if its files are not as signed."""
        return cls(load_model(name), threads=threads)

    def prepare(self, decoded: Decoded, names: tuple[str, ...] | None = None) -> list[View]:
        """The inputs of the network for a decoded photo."""
        c = self.config
        return make_views(
            decoded.pixels, names or c.views, resolution=c.resolution, size=c.input, mean=c.mean, std=c.std
        )

    def read(self, views: list[View]) -> Reading:
        """Run the network on every view and average what it says."""
        logits, textures, maps = [], [], []
        for view in views:
            scores, features, texture = self._session.run(None, {"pictures": view.values})
            logits.append(scores[0])
            textures.append(texture[0])
            maps.append(features[0])
        pooled = np.mean([m.mean(axis=(1, 2)) for m in maps], axis=0)
        return Reading(np.mean(logits, axis=0), pooled, np.mean(textures, axis=0), maps)

    def predict(self, image: bytes | Image.Image, known: Known | None = None) -> Prediction:
        """Read one photo; ``known``: of the patient, as far as it is. Raises UnreadableImage if the bytes are no picture."""
        start = time.perf_counter()
        decoded = decode(image, self.config.resolution)
        after_decode = time.perf_counter()
        views = self.prepare(decoded)
        after_prepare = time.perf_counter()
        reading = self.read(views)
        after_infer = time.perf_counter()
        clinical = self.space.clinical(reading.texture[None])[0]
        probability = self.config.calibration.probabilities(reading.logits.astype(np.float64), clinical)
        if known is not None:
            probability = shifted(probability, self.config.context.shift(known))
        shares = self.config.calibration.shares(probability, clinical)
        top = int(shares.argmax())
        evidence = self.evidence(reading, views, decoded.size)
        quality, fault = self._judge(decoded, evidence)
        risk = float(probability[np.array(RISKY)].sum())
        fits = self.config.sets.fits(probability, shares, clinical)
        outcome, reason = self._outcome(fits, top, fault, risk)
        seen = self.explain(reading, views, top, decoded.size)
        end = time.perf_counter()
        return Prediction(
            probabilities=dict(zip(KEYS, probability.tolist(), strict=True)),
            top=KEYS[top],
            prediction_set=tuple(key for key, inside in zip(KEYS, fits, strict=True) if inside),
            risk=risk,
            outcome=outcome,
            reason=reason,
            suspicious=outcome != "not_readable" and risk >= self.config.risk_threshold,
            urgent=outcome != "not_readable" and risk >= self.config.urgent_threshold,
            heatmap=seen,
            quality=quality,
            model=self.model,
            milliseconds={
                "decode": (after_decode - start) * 1e3,
                "prepare": (after_prepare - after_decode) * 1e3,
                "infer": (after_infer - after_prepare) * 1e3,
                "explain": (end - after_infer) * 1e3,
                "total": (end - start) * 1e3,
            },
            clinical=float(clinical),
            strangeness=strangeness(evidence, self.config.quality),
            known=() if known is None else self.config.context.used(known),
        )

    def together(self, predictions: Sequence[Prediction], *, broken: int = 0) -> Together:
        """What several photos of one lesion say together (``several.pooled``).

        Photos that are not readable have no say, unless none is. broken: how many files of photos there are beside
        these that gave no prediction; only passed on. Raises ValueError without any prediction.
        """
        if not predictions:
            raise ValueError("no predictions to read together")
        readable = [p for p in predictions if p.outcome != "not_readable"]
        said = readable or list(predictions)
        clinical = np.array([p.clinical for p in said])
        probability, shares = self.pooled([p.probabilities for p in said], clinical.tolist())
        fits = self.config.sets.fits(probability, shares, clinical.mean())
        risk = float(probability[np.array(RISKY)].sum())
        top = int(shares.argmax())
        outcome, reason = self._outcome(fits, top, None if readable else said[0].reason, risk)
        return Together(
            photos=len(predictions),
            read=len(readable),
            probabilities=dict(zip(KEYS, probability.tolist(), strict=True)),
            top=KEYS[top],
            prediction_set=tuple(key for key, inside in zip(KEYS, fits, strict=True) if inside),
            risk=risk,
            outcome=outcome,
            reason=reason,
            suspicious=bool(readable) and risk >= self.config.risk_threshold,
            urgent=bool(readable) and risk >= self.config.urgent_threshold,
            model=self.model,
            broken=broken,
        )

    def pooled(
        self, probabilities: Sequence[Mapping[str, float]], clinical: Sequence[float]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """``several.pooled`` of photos by their ``probabilities`` and ``clinical``: as in KEYS, (classes,) each."""
        each = np.array([[said[key] for key in KEYS] for said in probabilities])
        return pooled(each, self.config.calibration.priors_of(np.array(clinical)))

    def quality_of(self, image: bytes | Image.Image) -> Quality:
        """Every quality check, the network's own evidence of a lesion among them. Raises UnreadableImage."""
        decoded = decode(image, self.config.resolution)
        views = self.prepare(decoded)
        return self._judge(decoded, self.evidence(self.read(views), views, decoded.size))[0]

    def off_centre(self, reading: Reading, views: list[View], size: tuple[int, int]) -> float:
        """Where on the photo the network sees anything: see ``heatmap.off_centre``."""
        maps = [heatmap.activity(m) for m in reading.features]
        return heatmap.off_centre(heatmap.on_photo(maps, views, size))

    def evidence(self, reading: Reading, views: list[View], size: tuple[int, int]) -> Evidence:
        """How strange the photo is to the network, how much it looks like bare skin, and where the lesion lies."""
        found = self.space.evidence(reading.texture, reading.pooled)
        if self.space.clinical(reading.texture[None])[0] < 0.5:
            return found
        return replace(found, off_centre=self.off_centre(reading, views, size))

    def explain(self, reading: Reading, views: list[View], label: int, size: tuple[int, int]) -> Float32:
        """The class activation map of one class on the photo.

        A constant added to every class's weights changes no probability: the mean over classes is removed.
        """
        weights = self.head[label] - self.head.mean(axis=0)
        return heatmap.on_photo([heatmap.class_map(m, weights) for m in reading.features], views, size)

    def heatmaps(self, image: bytes | Image.Image, keys: Sequence[str] = KEYS) -> dict[str, Float32]:
        """The class activation map of any classes, by key, each as ``Prediction.heatmap``.

        Raises UnreadableImage if the bytes are no picture and ValueError for a class that is none.
        """
        if unknown := sorted(set(keys) - set(KEYS)):
            raise ValueError(f"no such class: {', '.join(unknown)} (there: {', '.join(KEYS)})")
        decoded = decode(image, self.config.resolution)
        views = self.prepare(decoded)
        reading = self.read(views)
        return {key: self.explain(reading, views, KEYS.index(key), decoded.size) for key in keys}

    def _judge(self, decoded: Decoded, evidence: Evidence) -> tuple[Quality, str | None]:
        return judge(decoded, self.config.quality, evidence)

    def _outcome(self, fits: Bool, top: int, fault: str | None, risk: float) -> tuple[Outcome, str]:
        """fits (classes,): which are in the prediction set; fault: what is wrong with the photo."""
        if fault == "off_centre" and risk >= self.config.risk_threshold:
            # The last of the checks, so a lesion is in sight: what looks like cancer does not wait for a better photo.
            return "uncertain", fault
        if fault is not None:
            return "not_readable", fault
        if not fits.any():
            return "uncertain", "no_class_fits"
        if fits.sum() > self.config.max_set:
            return "uncertain", "set_too_large"
        return ("reading", "confident") if fits[top] else ("uncertain", "top_not_in_set")
