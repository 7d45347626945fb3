"""Figures worked out by hand, and intervals that respect groups."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vision.classes import KEYS
from vision.metrics import (
    Table,
    auroc,
    balanced_accuracy,
    bootstrap,
    calibration_error,
    coverage,
    precision,
    sensitivity,
    set_size,
    summary,
)


def table(
    labels: list[int],
    top: list[int],
    groups: list[int] | None = None,
    sets: list[set[int]] | None = None,
) -> Table:
    probability = np.full((len(labels), len(KEYS)), 0.05)
    probability[np.arange(len(labels)), top] = 0.7
    inside = [[k in one for k in range(len(KEYS))] for one in sets or [{t} for t in top]]
    return Table(
        np.array(labels),
        np.array(top),
        probability,
        np.array(groups or range(len(labels))),
        np.array(inside),
    )


def test_balanced_accuracy_weighs_classes_not_pictures():
    assert balanced_accuracy(table([5, 5, 5, 4], [5, 5, 5, 5])) == 0.5


def test_sensitivity_and_precision_of_a_class():
    found = table([4, 4, 5, 5], [4, 5, 4, 5])
    assert sensitivity(found, 4) == 0.5
    assert precision(found, 4) == 0.5
    assert math.isnan(sensitivity(found, 0))
    assert math.isnan(precision(found, 0))


def test_auroc_counts_ties_half():
    assert auroc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True])) == 0.875
    assert math.isnan(auroc(np.array([0.1, 0.2]), np.array([True, True])))


def test_calibration_error_is_the_gap_between_confidence_and_truth():
    assert calibration_error(table([5, 5, 5, 4], [5, 5, 5, 5])) == pytest.approx(0.05)


def test_risk_adds_cancer_and_its_precursors():
    found = table([KEYS.index("mel")], [KEYS.index("mel")])
    assert found.risk[0] == pytest.approx(0.7 + 0.05 + 0.05)
    assert found.risky[0]


def test_coverage_and_size_of_prediction_sets():
    found = table([4, 4, 5, 5], [4, 5, 5, 5], sets=[{4}, {5}, {4, 5}, set()])
    assert coverage(found) == 0.5
    assert coverage(found, 4) == 0.5
    assert coverage(table([4, 4], [4, 4]), 4) == 1.0
    assert math.isnan(coverage(found, 0))
    assert set_size(found) == 1.0


def test_abstention_goes_by_the_probability_of_what_was_decided():
    rare = table([0], [5])
    decided = Table(rare.labels, np.array([0]), rare.probability, rare.groups, rare.sets)
    assert rare.confidence[0] == 0.7
    assert decided.confidence[0] == 0.05


def test_intervals_are_wider_when_pictures_belong_to_few_lesions():
    rng = np.random.default_rng(0)
    per_group = rng.integers(4, 6, 20)
    labels, top = np.full(200, 5), np.repeat(per_group, 10)
    alone = bootstrap(table(labels.tolist(), top.tolist()), {"a": balanced_accuracy}, rounds=300)["a"]
    grouped = bootstrap(
        table(labels.tolist(), top.tolist(), np.repeat(np.arange(20), 10).tolist()),
        {"a": balanced_accuracy},
        rounds=300,
    )["a"]
    assert alone is not None
    assert grouped is not None
    assert grouped[1] - grouped[0] > 2 * (alone[1] - alone[0])


def test_the_summary_leaves_out_what_is_undefined():
    found = summary(table([4, 5, 5, 4], [4, 5, 4, 4]), rounds=50)
    assert found["pictures"] == 4
    assert found["classes"] == {"mel": 2, "nv": 2}
    assert "auroc_mel" in found["figures"]
    assert "sensitivity.bcc" not in found["figures"]
    low, high = found["figures"]["balanced_accuracy"]["interval"]
    assert low <= found["figures"]["balanced_accuracy"]["value"] <= high


def test_the_summary_of_a_model_that_is_always_right_and_of_one_that_always_says_mole():
    labels = [4, 5] * 20
    right = summary(table(labels, labels), rounds=20)["figures"]
    mole = summary(table(labels, [5] * 40), rounds=20)["figures"]

    def values(figures, *names):
        return [figures[name]["value"] for name in names]

    names = (
        "auroc_malignant_or_premalignant",
        "sensitivity_at_specificity_0.90_malignant_or_premalignant",
        "specificity_at_sensitivity_0.95_mel",
        "conformal_coverage",
        "conformal_coverage.mel",
        "risk_coverage_area",
    )
    assert values(right, *names) == [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    assert values(mole, *names) == [0.5, 0.0, 0.0, 0.5, 0.0, 0.5]
    assert right["conformal_coverage"]["interval"] == [1.0, 1.0]
    low, high = mole["conformal_coverage"]["interval"]
    assert 0.2 < low < 0.5 < high < 0.8
    assert mole["conformal_coverage.mel"]["n"] == 20


def test_the_summary_holds_its_curves_and_the_sizes_of_sets():
    found = summary(table([4, 5], [4, 4], sets=[{4, 5}, set()]), rounds=5)
    assert found["set_sizes"] == {"0": 1, "2": 1}
    assert found["reliability"] == [{"from": 0.7, "to": 0.8, "n": 2, "confidence": 0.7, "accuracy": 0.5}]
    assert found["risk_coverage"][-1] == {"coverage": 1.0, "error": 0.5, "least_confidence": 0.7}
