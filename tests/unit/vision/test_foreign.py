"""Pictures that show no skin: what they are made of, and that the shipped model refuses them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from vision.foreign import CHOSEN, REPORTED, cut_outs, ordinary_halves, rendering
from vision.predict import Predictor


def test_each_photo_is_in_one_half(tmp_path):
    for number in range(7):
        (tmp_path / f"{number}.jpg").touch()
    (tmp_path / "README.md").touch()
    chosen, reported = ordinary_halves(tmp_path)
    assert [p.name for p in chosen] == ["0.jpg", "2.jpg", "4.jpg", "6.jpg"]
    assert [p.name for p in reported] == ["1.jpg", "3.jpg", "5.jpg"]


def test_no_kind_of_rendering_serves_both_ends():
    assert not set(CHOSEN) & set(REPORTED)


@pytest.mark.parametrize("kind", [*CHOSEN, *REPORTED])
def test_renderings_differ_and_can_be_made_again(kind):
    first, second = (rendering(kind, np.random.default_rng(seed)) for seed in (1, 2))
    assert first == rendering(kind, np.random.default_rng(1))
    assert first != second
    assert Image.open(io.BytesIO(first)).mode == "RGB"


def test_cut_outs_are_parts_of_the_photo(tmp_path):
    Image.new("RGB", (200, 120), (10, 200, 30)).save(tmp_path / "green.png")
    found = [Image.open(io.BytesIO(b)) for b in cut_outs(tmp_path / "green.png", 5, np.random.default_rng(0))]
    assert len(found) == 5
    for part in found:
        assert part.width <= 200
        assert part.height <= 120
        assert np.abs(np.asarray(part, float).mean(axis=(0, 1)) - (10, 200, 30)).max() < 3


@pytest.mark.parametrize("kind", REPORTED)
def test_renderings_of_kinds_never_learned_are_refused(kind, predictor: Predictor):
    rng = np.random.default_rng(3)
    outcomes = [predictor.predict(rendering(kind, rng)).outcome for _ in range(10)]
    assert outcomes.count("not_readable") >= 9
