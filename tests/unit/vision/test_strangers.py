"""Pictures that show no lesion are told from lesions, and the figure says how well."""

from __future__ import annotations

import numpy as np
import pytest

from tests.factories.vision import create_judged
from vision.evaluation_page import markdown
from vision.foreign import REPORTED
from vision.metrics import calibration_error, calibration_error_by_chance
from vision.ood import Evidence, strangeness
from vision.registry import QualityLimits
from vision.strangers import RENDERINGS, apart, out_of_distribution

LIMITS = QualityLimits(size=0, sharpness=0, darkest=0, brightest=255, far=2.0, plain=0.0, foreign=0.5)


@pytest.mark.parametrize(
    ("far", "foreign", "refused"), [(1.0, 0.0, False), (2.1, 0.0, True), (1.0, 0.6, True), (0.0, -9.0, False)]
)
def test_strangeness_is_above_nothing_where_the_photo_is_refused(far, foreign, refused):
    assert (strangeness(Evidence(far=far, plain=0.0, foreign=foreign), LIMITS) > 0) == refused


def test_pictures_that_are_stranger_are_told_apart_with_an_interval():
    rng = np.random.default_rng(0)
    lesions, others = rng.normal(0, 1, 60), rng.normal(2, 1, 30)
    found = apart(lesions, [f"L{i // 2}" for i in range(60)], others, rounds=100)
    low, high = found["interval"]
    assert 0.8 < low < found["auroc"] < high <= 1
    assert apart(lesions, ["L"] * 60, lesions, rounds=10)["auroc"] == pytest.approx(0.5)


def test_every_second_ordinary_photo_and_the_renderings_are_measured(tmp_path, draw, monkeypatch):
    from types import SimpleNamespace

    for name in ("a", "b", "c", "d"):
        draw(60, 60).save(tmp_path / f"{name}.jpg")
    stranger = SimpleNamespace(predict=lambda picture: SimpleNamespace(strangeness=1.0))
    judged = [create_judged() for _ in range(5)]
    found = out_of_distribution(stranger, judged, tmp_path, rounds=5)
    assert (found["lesions"], found["ordinary photos"]["n"]) == (5, 2)
    assert found["renderings"]["n"] == RENDERINGS * len(REPORTED)
    assert found["renderings"]["auroc"] == 1.0
    assert "ordinary photos" not in out_of_distribution(stranger, judged, tmp_path / "none", rounds=5)


def test_the_page_and_the_report_tell_of_strangers_and_of_chance():
    from tests.unit.vision.test_evaluation_page import result
    from vision.evaluate import table_of

    part = {"n": 54, "auroc": 0.987, "interval": [0.97, 1.0]}
    text = markdown(result(out_of_distribution={"lesions": 32, "ordinary photos": part}))
    assert "| ordinary photos | 54 | 0.987 (0.970–1.000) |" in text
    assert "by chance alone" in text
    table = table_of([create_judged("nv", "nv") for _ in range(40)])
    chance = calibration_error_by_chance(table)
    assert 0 < chance < 0.15, "seventy per cent of forty are not exactly twenty-eight"
    assert calibration_error(table) == pytest.approx(0.3)
