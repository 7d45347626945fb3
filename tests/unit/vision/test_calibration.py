"""Probabilities that mean what they say, sets that cover, thresholds that keep their promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vision import calibration


@given(hnp.arrays(np.float64, (4, 7), elements=st.floats(-50, 50)), st.floats(0.1, 10))
def test_probabilities_sum_to_one(logits, temperature):
    found = calibration.probabilities(logits, temperature, np.zeros(7))
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


def test_dividing_by_the_prior_lets_a_rare_class_win():
    shares = calibration.balanced(np.array([0.7, 0.3]), np.array([0.9, 0.1]))
    assert shares.argmax() == 1
    assert shares.sum() == pytest.approx(1)


def test_scaling_finds_the_temperature_and_bias_that_made_the_data():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (6000, 3))
    bias = np.array([0.5, 0.0, -0.5])
    truth = calibration.probabilities(logits, 2.0, bias)
    labels = np.array([rng.choice(3, p=p) for p in truth])
    temperature, found = calibration.fit_scaling(logits, labels, np.ones(6000), strength=0.0)
    assert temperature == pytest.approx(2.0, rel=0.1)
    assert np.allclose(found, bias, atol=0.12)


def test_conformal_sets_cover_each_class_on_new_data():
    rng = np.random.default_rng(1)

    def draw(n: int):
        labels = rng.integers(0, 3, n)
        logits = rng.normal(0, 1, (n, 3))
        logits[np.arange(n), labels] += 1.0
        return calibration.softmax(logits), labels

    shares, labels = draw(3000)
    limits = calibration.conformal_quantiles(shares, labels, 0.9)
    shares, labels = draw(3000)
    covered = calibration.prediction_sets(shares, limits)[np.arange(3000), labels]
    for label in range(3):
        assert covered[labels == label].mean() == pytest.approx(0.9, abs=0.03)


def test_a_class_with_too_few_examples_is_in_every_set():
    shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])
    assert calibration.conformal_quantiles(shares, np.array([0, 0, 1]), 0.9)[1] == 0


def test_risk_thresholds_keep_sensitivity_and_specificity():
    rng = np.random.default_rng(2)
    positive = rng.random(2000) < 0.3
    risk = (rng.normal(0, 1, 2000) + positive).clip(-3, 4) / 10 + 0.4
    low = calibration.threshold_for_sensitivity(risk, positive, 0.95)
    high = calibration.threshold_for_specificity(risk, positive, 0.95)
    assert (risk[positive] >= low).mean() >= 0.95
    assert (risk[~positive] < high).mean() >= 0.95
    assert low < high
