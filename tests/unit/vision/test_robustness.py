"""Worse copies of a photo, and readers whose answers to them are known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.factories.vision import create_prediction, create_record
from vision.predict import Prediction
from vision.robustness import CHANGES, drawn, robustness
from vision.samples import compressed, exposed, turned, zoomed_out

LIGHT, DIM = (200, 160, 140), (100, 80, 70)


class Reader:
    """Says what a function says of the picture's mean brightness."""

    def __init__(self, says: Callable[[float], Prediction]) -> None:
        self.says = says
        self.config: Any = SimpleNamespace(resolution=150)

    def predict(self, image: Image.Image) -> Prediction:
        return self.says(float(np.asarray(image).mean()))


@pytest.fixture
def photos(tmp_path):
    """Two light pictures and two dim ones, one of each from a smartphone."""
    records = []
    for number, colour in enumerate((LIGHT, LIGHT, DIM, DIM)):
        modality = ("dermoscopic", "clinical smartphone")[number % 2]
        record = create_record(image_id=f"p{number}", modality=modality)
        Image.new("RGB", (300, 225), colour).save(tmp_path / f"p{number}.png")
        records.append(record)
    return records, tmp_path


def test_a_model_that_always_says_the_same_never_flips(photos):
    found = robustness(Reader(lambda light: create_prediction("nv")), *photos, rounds=20)
    assert {part: f["pictures"] for part, f in found.items()} == {
        "all": 4,
        "clinical": 2,
        "dermoscopic": 2,
    }
    for part in found.values():
        assert set(part["changes"]) == set(CHANGES)
        for change in part["changes"].values():
            assert (change["flip_rate"], change["interval"], change["of_read"]) == (0.0, [0.0, 0.0], 0.0)
            assert (change["risk_change"], change["risk_shift"], change["refused"]) == (0.0, 0.0, 0.0)


def test_flips_shifts_and_refusals_are_those_of_the_changed_pictures(photos):
    """In half the light (83 and 41) the first two flip to melanoma; the dim ones already were, and are refused."""

    def says(light: float) -> Prediction:
        if light > 120:
            return create_prediction("nv", risk=0.1)
        return create_prediction("mel", risk=0.9, outcome="not_readable" if light < 60 else "reading")

    found = robustness(Reader(says), *photos, changes={"half": exposed(0.5)}, rounds=200)["all"]
    half = found["changes"]["half"]
    assert found["as_they_are_refused"] == 0.0
    assert half["flip_rate"] == 0.5
    assert half["of_read"] == 1.0
    assert half["risk_change"] == half["risk_shift"] == pytest.approx(0.4)
    assert half["refused"] == 0.5
    low, high = half["interval"]
    assert low < 0.5 < high


def test_where_everything_is_refused_nothing_is_said_of_what_was_read(photos):
    refused = create_prediction("nv", outcome="not_readable")
    found = robustness(Reader(lambda light: refused), *photos, changes={"half": exposed(0.5)}, rounds=5)
    assert found["all"]["changes"]["half"]["of_read"] is None
    assert found["all"]["as_they_are_refused"] == 1.0


def test_a_part_without_pictures_is_left_out(photos):
    records, images = photos
    found = robustness(Reader(lambda light: create_prediction()), records[:1], images, rounds=5)
    assert set(found) == {"all", "dermoscopic"}


def test_pictures_are_drawn_by_lot_always_the_same_and_in_order():
    records = [create_record() for _ in range(50)]
    chosen = drawn(records, 10)
    assert chosen == drawn(records, 10)
    assert len(chosen) == 10
    assert chosen == [r for r in records if r in chosen]
    assert chosen != records[:10]
    assert drawn(records, 60) == records


@pytest.mark.parametrize("name", [n for n in CHANGES if "90" not in n])
def test_a_change_keeps_the_size(draw, name):
    picture = draw(201, 150)
    changed = CHANGES[name](picture)
    assert (changed.size, changed.mode) == ((201, 150), "RGB")
    assert np.asarray(changed).tolist() != np.asarray(picture).tolist()


def test_a_quarter_turn_loses_nothing(draw):
    picture = draw(200, 150)
    back = turned(270.0)(turned(90.0)(picture))
    assert np.array_equal(np.asarray(back), np.asarray(picture))
    assert turned(90.0)(picture).size == (150, 200)


def test_a_small_turn_leaves_no_dark_corners(draw):
    picture = draw(200, 150, radius=0.1)
    corners = np.asarray(turned(15.0)(picture))[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.min() > 100


def test_zooming_out_halves_the_lesion_in_its_place(draw):
    def dark(picture: Image.Image) -> np.ndarray:
        return np.asarray(picture.convert("L")) < 110

    picture = draw(200, 150, radius=0.25)
    before, after = dark(picture), dark(zoomed_out(0.5)(picture))
    assert after.sum() == pytest.approx(before.sum() / 4, rel=0.15)
    assert np.argwhere(after).mean(axis=0) == pytest.approx((75, 100), abs=4)


def test_compression_is_as_strong_as_asked(draw):
    picture = np.asarray(draw(200, 150), dtype=float)
    strong, weak = (np.asarray(compressed(q)(draw(200, 150)), dtype=float) for q in (10, 90))
    assert np.abs(strong - picture).mean() > 1.5 * np.abs(weak - picture).mean()
