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
    ones = np.ones(20, dtype=np.float32)
    space = FeatureSpace(centre, whitening, np.ones(4, dtype=np.float32), 0.5, ones, -0.25, ones, 0.0)
    kin, strangers = features(rng, 100, 0.0), features(rng, 100, 1.0)
    assert np.quantile(space.distances(kin), 0.95) < np.quantile(space.distances(strangers), 0.05)
    assert np.median(space.distances(kin)) < 1.5
    space.save(tmp_path / "space.npz")
    assert np.allclose(FeatureSpace.load(tmp_path / "space.npz").distances(kin), space.distances(kin))
    again = FeatureSpace.load(tmp_path / "space.npz").evidence(kin[0], np.zeros(4, dtype=np.float32))
    assert again.plain == 0.5
    clinical = FeatureSpace.load(tmp_path / "space.npz").clinical(kin[:1])
    assert clinical == pytest.approx(1 / (1 + np.exp(-kin[:1].sum(axis=1))), abs=1e-5)
    assert again.foreign == pytest.approx(float(kin[0].sum()) - 0.25, abs=1e-5)


def test_the_probe_separates_bare_skin_from_lesions():
    rng = np.random.default_rng(0)
    lesions, bare = features(rng, 400, 0.0), features(rng, 40, 0.7)
    weights, offset = fit_probe(lesions, bare)
    assert ((lesions @ weights + offset) < 0).mean() > 0.9
    assert ((bare @ weights + offset) > 0).mean() > 0.9


def test_a_space_from_before_the_kinds_says_that_it_does_not_know(tmp_path):
    space = FeatureSpace.empty(20, 4)
    space.save(tmp_path / "space.npz")
    with np.load(tmp_path / "space.npz") as file:
        older = {name: file[name] for name in file if not name.startswith("kind")}
    np.savez(tmp_path / "older.npz", **older)
    found = FeatureSpace.load(tmp_path / "older.npz").clinical(np.ones((3, 20), dtype=np.float32))
    assert found.tolist() == [0.5] * 3
