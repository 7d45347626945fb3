"""Is there a lesion to read? Distances among pooled features, and a probe for plain skin.

``far``: Mahalanobis distance to the nearest class mean under one shared covariance (Lee et al. 2018), in the
principal directions of the training features, per dimension, joined by what lies outside those directions.
``plain``: a logistic probe that tells skin without a lesion from lesions, in log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Evidence:
    """far: 0 is typical of the training lesions, larger is stranger; plain: above 0 looks like bare skin."""

    far: float
    plain: float


@dataclass(frozen=True)
class FeatureSpace:
    """centre (d,), basis (k, d) of whitening rows, directions (k, d), means (classes, k), probe (d,)."""

    centre: Float32
    basis: Float32
    directions: Float32
    means: Float32
    residual_scale: float
    probe: Float32
    probe_bias: float

    def distances(self, features: Float32) -> npt.NDArray[np.float64]:
        """features (n, d) → (n,) distance to the training lesions."""
        moved = features - self.centre
        whitened = moved @ self.basis.T
        to_means = ((whitened[:, None, :] - self.means[None]) ** 2).mean(axis=2).min(axis=1)
        outside = moved - (moved @ self.directions.T) @ self.directions
        residual = (outside**2).sum(axis=1) / self.residual_scale
        return np.asarray(to_means + residual, dtype=np.float64)

    def plainness(self, features: Float32) -> npt.NDArray[np.float64]:
        """features (n, d) → (n,) log-odds of bare skin."""
        return np.asarray(features @ self.probe + self.probe_bias, dtype=np.float64)

    def evidence(self, features: Float32) -> Evidence:
        """The evidence of one feature vector (d,)."""
        row = features[None]
        return Evidence(float(self.distances(row)[0]), float(self.plainness(row)[0]))

    def save(self, path: Path) -> None:
        """Write to an .npz of plain arrays."""
        np.savez(
            path,
            centre=self.centre,
            basis=self.basis,
            directions=self.directions,
            means=self.means,
            residual_scale=np.float32(self.residual_scale),
            probe=self.probe,
            probe_bias=np.float32(self.probe_bias),
        )

    @classmethod
    def load(cls, path: Path) -> FeatureSpace:
        """Read what ``save`` wrote; never unpickles."""
        with np.load(path, allow_pickle=False) as file:
            return cls(
                centre=file["centre"],
                basis=file["basis"],
                directions=file["directions"],
                means=file["means"],
                residual_scale=float(file["residual_scale"]),
                probe=file["probe"],
                probe_bias=float(file["probe_bias"]),
            )


def fit_space(features: Float32, labels: npt.NDArray[np.int64], dimensions: int) -> FeatureSpace:
    """Fit centre, principal directions and class means on training features (n, d). The probe stays empty."""
    centre = features.mean(axis=0)
    moved = (features - centre).astype(np.float64)
    values, vectors = np.linalg.eigh(moved.T @ moved / len(moved))
    order = np.argsort(values)[::-1][:dimensions]
    directions = vectors[:, order].T
    inside = moved @ directions.T
    classes = np.unique(labels)
    means = np.stack([inside[labels == c].mean(axis=0) for c in classes])
    within = inside - means[np.searchsorted(classes, labels)]
    spread = within.T @ within / len(within)
    # Whitening by the shared within-class covariance, slightly shrunk to its mean variance.
    shrunk = 0.95 * spread + 0.05 * np.trace(spread) / dimensions * np.eye(dimensions)
    inverse = np.linalg.cholesky(np.linalg.inv(shrunk)).T
    outside = ((moved - inside @ directions) ** 2).sum(axis=1)
    return FeatureSpace(
        centre=centre.astype(np.float32),
        basis=(inverse @ directions).astype(np.float32),
        directions=directions.astype(np.float32),
        means=(means @ inverse.T).astype(np.float32),
        residual_scale=float(outside.mean()),
        probe=np.zeros(features.shape[1], dtype=np.float32),
        probe_bias=0.0,
    )


def fit_probe(lesions: Float32, plain: Float32, *, strength: float = 1e-3) -> tuple[Float32, float]:
    """L2-regularised logistic regression on standardised features, both sides weighing the same.

    lesions (n, d), plain (m, d) → weights (d,) and offset of the log-odds of ``plain``.
    """
    from scipy.optimize import minimize

    stacked = np.concatenate([lesions, plain]).astype(np.float64)
    target = np.concatenate([np.zeros(len(lesions)), np.ones(len(plain))])
    weight = np.where(target == 1, 0.5 / len(plain), 0.5 / len(lesions))
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
