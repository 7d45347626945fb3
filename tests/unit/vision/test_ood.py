"""The space of features: near what was trained on is near, elsewhere is far."""

from __future__ import annotations

import numpy as np

from vision.ood import FeatureSpace, fit_probe, fit_space


def features(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    return (rng.normal(0, 1, (n, 20)) * np.linspace(2, 0.1, 20) + shift).astype(np.float32)


def test_strangers_are_farther_than_kin(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    known = features(rng, 600, 0.0) + labels[:, None]
    space = fit_space(known.astype(np.float32), labels, 8)
    kin = space.distances((features(rng, 100, 0.0) + 1).astype(np.float32))
    strangers = space.distances(features(rng, 100, 4.0))
    assert np.quantile(kin, 0.95) < np.quantile(strangers, 0.05)
    space.save(tmp_path / "space.npz")
    assert np.allclose(
        FeatureSpace.load(tmp_path / "space.npz").distances(known[:5]), space.distances(known[:5])
    )


def test_the_probe_separates_bare_skin_from_lesions():
    rng = np.random.default_rng(0)
    lesions, bare = features(rng, 400, 0.0), features(rng, 40, 0.7)
    weights, offset = fit_probe(lesions, bare)
    assert ((lesions @ weights + offset) < 0).mean() > 0.9
    assert ((bare @ weights + offset) > 0).mean() > 0.9
