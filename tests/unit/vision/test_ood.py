"""The space of features: near what was trained on is near, elsewhere is far."""

from __future__ import annotations

import numpy as np
import pytest

from vision.ood import FeatureSpace, fit_distance, fit_probe


def features(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    return (rng.normal(0, 1, (n, 20)) * np.linspace(2, 0.1, 20) + shift).astype(np.float32)


def test_strangers_are_farther_than_kin(tmp_path):
    rng = np.random.default_rng(0)
    centre, whitening = fit_distance(features(rng, 600, 0.0))
    space = FeatureSpace(
        centre, whitening, np.ones(4, dtype=np.float32), 0.5, np.ones(20, dtype=np.float32), -0.25
    )
    kin, strangers = features(rng, 100, 0.0), features(rng, 100, 1.0)
    assert np.quantile(space.distances(kin), 0.95) < np.quantile(space.distances(strangers), 0.05)
    assert np.median(space.distances(kin)) < 1.5
    space.save(tmp_path / "space.npz")
    assert np.allclose(FeatureSpace.load(tmp_path / "space.npz").distances(kin), space.distances(kin))
    again = FeatureSpace.load(tmp_path / "space.npz").evidence(kin[0], np.zeros(4, dtype=np.float32))
    assert again.plain == 0.5
    assert again.foreign == pytest.approx(float(kin[0].sum()) - 0.25, abs=1e-5)


def test_the_probe_separates_bare_skin_from_lesions():
    rng = np.random.default_rng(0)
    lesions, bare = features(rng, 400, 0.0), features(rng, 40, 0.7)
    weights, offset = fit_probe(lesions, bare)
    assert ((lesions @ weights + offset) < 0).mean() > 0.9
    assert ((bare @ weights + offset) > 0).mean() > 0.9
