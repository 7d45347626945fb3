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
    limits = calibration.conformal_limits(shares, labels, 0.9)
    shares, labels = draw(3000)
    covered = (shares >= limits)[np.arange(3000), labels]
    for label in range(3):
        assert covered[labels == label].mean() == pytest.approx(0.9, abs=0.03)


def test_limits_that_are_to_hold_surely_fall_short_less_often():
    rng = np.random.default_rng(2)
    short = {None: 0, 0.8: 0}
    for _ in range(400):
        # Scores are uniform: a limit x is reached by 1 − x of all new pictures.
        scores, labels = rng.random((60, 1)), np.zeros(60, dtype=np.int64)
        for confidence in short:
            limit = calibration.conformal_limits(scores, labels, 0.9, confidence=confidence)[0]
            short[confidence] += 1 - limit < 0.9
    assert 0.35 < short[None] / 400 < 0.6
    assert 0.05 < short[0.8] / 400 <= 0.22
    # Of too few pictures no limit is sure.
    few = calibration.conformal_limits(np.full((9, 1), 0.5), np.zeros(9, dtype=np.int64), 0.9, confidence=0.8)
    assert few.tolist() == [0.0]


def test_a_class_with_too_few_examples_is_in_every_set():
    shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])
    assert calibration.conformal_limits(shares, np.array([0, 0, 1]), 0.9)[1] == 0


def test_risk_thresholds_keep_sensitivity_and_specificity():
    rng = np.random.default_rng(2)
    positive = rng.random(2000) < 0.3
    risk = (rng.normal(0, 1, 2000) + positive).clip(-3, 4) / 10 + 0.4
    low = calibration.threshold_for_sensitivity(risk, positive, 0.95)
    high = calibration.threshold_for_specificity(risk, positive, 0.95)
    assert (risk[positive] >= low).mean() >= 0.95
    assert (risk[~positive] < high).mean() >= 0.95
    assert low < high


def test_a_kind_of_picture_that_is_less_sure_is_told_from_the_other():
    rng = np.random.default_rng(3)
    logits, clinical = rng.normal(0, 3, (6000, 3)), (rng.random(6000) < 0.5).astype(float)
    truth = calibration.softmax(logits / np.where(clinical == 1, 3.0, 1.0)[:, None])
    labels = np.array([rng.choice(3, p=p) for p in truth])
    temperature, _, log_temperature, lean = calibration.fit_leaning(
        logits, labels, np.ones(6000), clinical, strength=0.0, bias=0.0
    )
    assert temperature == pytest.approx(np.sqrt(3.0), rel=0.1)
    assert log_temperature == pytest.approx(np.log(3.0), abs=0.15)
    assert np.allclose(lean, 0, atol=0.2)
    held = calibration.fit_leaning(logits, labels, np.ones(6000), clinical, strength=100.0)
    assert abs(held[2]) < 0.05, "a lean that is held hard is none"


def test_without_a_lean_the_kind_of_picture_changes_nothing():
    plain = calibration.Calibration(2.0, np.array([0.1, 0.0, -0.1]), np.array([0.5, 0.3, 0.2]))
    logits = np.array([[1.0, 0.0, -1.0], [1.0, 0.0, -1.0]])
    found = plain.probabilities(logits, np.array([0.0, 1.0]))
    assert np.array_equal(found[0], found[1])
    assert np.allclose(found[0], calibration.probabilities(logits[0], 2.0, plain.bias))
    assert plain.priors_of(np.array([0.0, 1.0])).tolist() == [[0.5, 0.3, 0.2]] * 2


def test_each_kind_of_picture_is_weighed_by_its_own_priors():
    lean = calibration.Lean(0.0, np.zeros(2), np.array([[0.9, 0.1], [0.5, 0.5]]))
    leaning = calibration.Calibration(1.0, np.zeros(2), np.array([0.7, 0.3]), lean)
    shares = leaning.shares(np.array([[0.7, 0.3], [0.7, 0.3]]), np.array([0.0, 1.0]))
    assert shares.argmax(axis=1).tolist() == [1, 0]
    assert leaning.priors_of(np.array([0.5])) == pytest.approx(np.array([[0.7, 0.3]]))


def test_a_class_with_few_pictures_takes_the_limit_of_all():
    rng = np.random.default_rng(4)
    scores = rng.random((210, 2))
    labels = np.array([0] * 200 + [1] * 10)
    scores[labels == 1, 1] = 0.001
    own = calibration.conformal_limits(scores, labels, 0.9, few=10)
    assert own[1] == pytest.approx(0.001)
    few = calibration.conformal_limits(scores, labels, 0.9, few=11)
    assert few[0] == own[0], "a class with pictures enough goes by its own"
    assert few[0] > few[1] > own[1], "ten pictures say little of a tenth: the limit of all is taken"


def test_photos_are_lifted_until_both_kinds_are_covered_alike():
    from vision.fit_reading import COVERAGE, conformal_sets

    rng = np.random.default_rng(5)

    def draw(n: int):
        labels, photo = rng.integers(0, 3, n), rng.random(n) < 0.4
        logits = rng.normal(0, 1, (n, 3))
        logits[np.arange(n), labels] += np.where(photo, 0.8, 2.5)
        return calibration.softmax(logits), labels, photo

    probability, labels, photo = draw(3000)
    sets = conformal_sets(probability, labels, photo.astype(float), photo)
    probability, labels, photo = draw(3000)
    fits = sets.fits(probability, probability, photo.astype(float))
    covered = fits[np.arange(3000), labels]
    assert covered.mean() == pytest.approx(COVERAGE, abs=0.03)
    assert covered[photo].mean() == pytest.approx(covered[~photo].mean(), abs=0.05)
    assert sets.clinical > 0
