"""Curves worked out by hand: a perfect classifier, one that guesses, and cases in between."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vision.curves import (
    reliability,
    risk_coverage,
    risk_coverage_area,
    roc_points,
    sensitivity_at,
    specificity_at,
)

HALF = np.array([False] * 10 + [True] * 10)
PERFECT = np.arange(20) / 20
KNOWS_NOTHING = np.full(20, 0.5)
# Of ten with the disease, one scores below every healthy one; of ten without, two score above the other nine.
MIXED = np.array([*np.linspace(0.3, 0.5, 8), 0.95, 0.96, 0.1, *np.linspace(0.6, 0.9, 9)])


def test_a_perfect_classifier_has_both_at_once():
    assert sensitivity_at(PERFECT, HALF, 0.90) == 1.0
    assert specificity_at(PERFECT, HALF, 0.95) == 1.0


def test_one_that_says_the_same_of_all_must_miss_all_or_alarm_all():
    assert sensitivity_at(KNOWS_NOTHING, HALF, 0.80) == 0.0
    assert specificity_at(KNOWS_NOTHING, HALF, 0.90) == 0.0
    assert roc_points(KNOWS_NOTHING, HALF) == [[0.0, 0.0], [1.0, 1.0]]


def test_figures_are_read_off_the_curve_at_the_fixed_side():
    assert sensitivity_at(MIXED, HALF, 0.80) == pytest.approx(0.9)  # two false alarms of ten are allowed
    assert sensitivity_at(MIXED, HALF, 0.90) == 0.0  # one is: both stand above every true one
    assert specificity_at(MIXED, HALF, 0.90) == pytest.approx(0.8)
    assert specificity_at(MIXED, HALF, 0.95) == 0.0  # the last true one comes after all healthy ones


def test_equal_scores_pass_a_threshold_together():
    score, positive = np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])
    assert roc_points(score, positive) == [[0.0, 0.0], [0.0, 0.5], [0.5, 1.0], [1.0, 1.0]]
    assert sensitivity_at(score, positive, 0.80) == 0.5


def test_nothing_is_said_of_one_side_alone():
    assert math.isnan(sensitivity_at(PERFECT, np.ones(20, dtype=bool), 0.80))
    assert math.isnan(specificity_at(PERFECT, np.zeros(20, dtype=bool), 0.80))
    assert roc_points(PERFECT, np.ones(20, dtype=bool)) == []


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    points = roc_points(np.arange(1000) / 1000, np.arange(1000) % 2 == 0)
    assert len(points) == 101
    assert (points[0], points[-1]) == ([0.0, 0.0], [1.0, 1.0])


def test_bins_hold_confidence_accuracy_and_count():
    found = reliability(np.array([0.62, 0.68, 0.95, 1.0]), np.array([True, False, True, True]))
    assert [(b["from"], b["to"], b["n"], b["accuracy"]) for b in found] == [
        (0.6, 0.7, 2, 0.5),
        (0.9, 1.0, 2, 1.0),
    ]
    assert [b["confidence"] for b in found] == pytest.approx([0.65, 0.975])


RIGHT_THEN_WRONG = np.array([True, True, False, False])


@pytest.mark.parametrize(
    ("confidence", "area"),
    [
        ([0.9, 0.8, 0.7, 0.6], (0 + 0 + 1 / 3 + 1 / 2) / 4),
        ([0.6, 0.7, 0.8, 0.9], (1 + 1 + 2 / 3 + 1 / 2) / 4),
        ([0.5, 0.5, 0.5, 0.5], 1 / 2),
    ],
    ids=["errors last", "errors first", "no idea"],
)
def test_the_area_is_the_mean_error_of_the_surest(confidence, area):
    assert risk_coverage_area(np.array(confidence), RIGHT_THEN_WRONG) == pytest.approx(area)


def test_the_area_does_not_depend_on_the_order_of_equally_sure_ones():
    same = np.full(4, 0.5)
    assert risk_coverage_area(same, RIGHT_THEN_WRONG) == risk_coverage_area(same, ~RIGHT_THEN_WRONG)


def test_the_error_falls_as_the_model_abstains():
    confidence = np.linspace(1.0, 0.1, 10)
    correct = np.array([True] * 8 + [False] * 2)
    points = {p["coverage"]: p for p in risk_coverage(confidence, correct)}
    assert len(points) == 10
    assert points[1.0] == {"coverage": 1.0, "error": 0.2, "least_confidence": 0.1}
    assert points[0.9] == {"coverage": 0.9, "error": 0.1111, "least_confidence": 0.2}
    assert points[0.8]["error"] == 0.0
