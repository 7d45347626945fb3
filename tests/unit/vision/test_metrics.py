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
    precision,
    sensitivity,
    summary,
)


def table(labels: list[int], top: list[int], groups: list[int] | None = None) -> Table:
    probability = np.full((len(labels), len(KEYS)), 0.05)
    probability[np.arange(len(labels)), top] = 0.7
    return Table(np.array(labels), np.array(top), probability, np.array(groups or range(len(labels))))


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
