"""Is there a lesion to read? Three measures on what the network sees on its way.

``far``: Mahalanobis distance (Lee et al. 2018) of the photo's texture, the means and spreads of the channels
of three early stages, from those of the training lesions. Early stages, because the last one has learned to
tell lesions apart and no longer looks at what else a photo may hold: on validation it did clearly worse.
``foreign``: a logistic probe on that texture that tells other pictures (ordinary photos, renderings) from lesions,
in log-odds. It knows what it has been shown, the distance needs to be shown nothing: a photo is refused by either.
``plain``: a logistic probe on the last feature map that tells skin without a lesion from lesions, in log-odds.
A further probe on the texture tells clinical photos from dermoscopy, for calibration by kind of picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from vision.registry import QualityLimits

Float32 = npt.NDArray[np.float32]
SHRINKAGE = 0.1


@dataclass(frozen=True)
class Evidence:
    """far: about 1 is typical of the training lesions, larger is stranger; above 0, plain looks like bare skin and
    foreign like no skin at all; off_centre: how far from the middle of a clinical photo what the network sees lies, 0
    (middle) … 1 (edge), always 0 for dermoscopy, which frames itself."""

    far: float
    plain: float
    foreign: float
    off_centre: float = 0.0


@dataclass(frozen=True)
class FeatureSpace:
    """centre (t,) and whitening (t, t) of textures; probe (c,) and its offset on pooled features; stranger (t,) and
    its offset on textures; kind (t,) and its offset on textures."""

    centre: Float32
    whitening: Float32
    probe: Float32
    probe_bias: float
    stranger: Float32
    stranger_bias: float
    kind: Float32
    kind_bias: float = 0.0

    def distances(self, textures: Float32) -> npt.NDArray[np.float64]:
        """textures (n, t) → (n,) squared distance to the training lesions, per dimension."""
        whitened = (textures - self.centre) @ self.whitening
        return np.asarray((whitened.astype(np.float64) ** 2).mean(axis=1))

    def plainness(self, pooled: Float32) -> npt.NDArray[np.float64]:
        """pooled (n, c) → (n,) log-odds of bare skin."""
        return np.asarray(pooled @ self.probe + self.probe_bias, dtype=np.float64)

    def foreignness(self, textures: Float32) -> npt.NDArray[np.float64]:
        """textures (n, t) → (n,) log-odds of a picture that shows no skin."""
        return np.asarray(textures @ self.stranger + self.stranger_bias, dtype=np.float64)

    def clinical(self, textures: Float32) -> npt.NDArray[np.float64]:
        """textures (n, t) → (n,) how much each is a clinical photo, 0 (dermoscopy) … 1; 0.5 where nothing was learned."""
        odds = np.asarray(textures @ self.kind + self.kind_bias, dtype=np.float64)
        return np.asarray(1.0 / (1.0 + np.exp(-odds.clip(-50.0, 50.0))))

    def evidence(self, texture: Float32, pooled: Float32) -> Evidence:
        """The evidence of one photo: texture (t,), pooled (c,)."""
        return Evidence(
            far=float(self.distances(texture[None])[0]),
            plain=float(self.plainness(pooled[None])[0]),
            foreign=float(self.foreignness(texture[None])[0]),
        )

    def save(self, path: Path) -> None:
        """Write to an .npz of plain arrays."""
        np.savez(
            path,
            centre=self.centre,
            whitening=self.whitening,
            probe=self.probe,
            probe_bias=np.float32(self.probe_bias),
            stranger=self.stranger,
            stranger_bias=np.float32(self.stranger_bias),
            kind=self.kind,
            kind_bias=np.float32(self.kind_bias),
        )

    @classmethod
    def load(cls, path: Path) -> FeatureSpace:
        """Read what ``save`` wrote, also before there was a probe for the kind; never unpickles."""
        with np.load(path, allow_pickle=False) as file:
            known = "kind" in file
            return cls(
                file["centre"],
                file["whitening"],
                file["probe"],
                float(file["probe_bias"]),
                file["stranger"],
                float(file["stranger_bias"]),
                file["kind"] if known else np.zeros_like(file["stranger"]),
                float(file["kind_bias"]) if known else 0.0,
            )

    @classmethod
    def empty(cls, textures: int, channels: int) -> FeatureSpace:
        """A space in which nothing is far, plain or foreign."""
        zeros = np.zeros(textures, dtype=np.float32)
        square, none = np.zeros((textures, textures), np.float32), np.zeros(channels, np.float32)
        return cls(zeros, square, none, 0.0, zeros, 0.0, zeros)


def strangeness(evidence: Evidence, limits: QualityLimits) -> float:
    """One number for ``far`` and ``foreign``: above 0 where either is beyond its limit."""
    return max(math.log(max(evidence.far, 1e-9) / limits.far), evidence.foreign - limits.foreign)


def fit_distance(textures: Float32) -> tuple[Float32, Float32]:
    """Centre (t,) and whitening (t, t) of training textures (n, t), the covariance shrunk to its diagonal."""
    values = textures.astype(np.float64)
    centre, scale = values.mean(axis=0), values.std(axis=0) + 1e-4
    normal = (values - centre) / scale
    covariance = (1 - SHRINKAGE) * normal.T @ normal / len(normal) + SHRINKAGE * np.eye(normal.shape[1])
    whitening = np.linalg.cholesky(np.linalg.inv(covariance)) / scale[:, None]
    return centre.astype(np.float32), whitening.astype(np.float32)


def fit_probe(lesions: Float32, others: Float32, *, strength: float = 1e-2) -> tuple[Float32, float]:
    """L2-regularised logistic regression on standardised features, both sides weighing the same.

    lesions (n, c), others (m, c) → weights (c,) and offset of the log-odds of ``others``.
    """
    from scipy.optimize import minimize

    stacked = np.concatenate([lesions, others]).astype(np.float64)
    target = np.concatenate([np.zeros(len(lesions)), np.ones(len(others))])
    weight = np.where(target == 1, 0.5 / len(others), 0.5 / len(lesions))
    centre, scale = stacked.mean(axis=0), stacked.std(axis=0) + 1e-3
    normal = (stacked - centre) / scale

    def loss(theta: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margin = normal @ theta[:-1] + theta[-1]
        error = weight * (1.0 / (1.0 + np.exp(-margin)) - target)
        value = float((weight * (np.logaddexp(0.0, margin) - target * margin)).sum())
        value += 0.5 * strength * float(theta[:-1] @ theta[:-1])
        return value, np.append(error @ normal + strength * theta[:-1], error.sum())

    found = minimize(loss, np.zeros(normal.shape[1] + 1), jac=True, method="L-BFGS-B").x
    probe = found[:-1] / scale
    return probe.astype(np.float32), float(found[-1] - centre @ probe)
