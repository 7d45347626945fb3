"""What the network sees of a photo, and where its map of it is laid."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from vision.heatmap import GRID, LONGEST_OVERLAY, class_map, on_photo, overlay_png
from vision.views import STRIDE, make_views

SETTINGS = {"resolution": 150, "size": 160}


def views_of(image: Image.Image, *names: str):
    return make_views(image, names, **SETTINGS)


def test_centre_is_the_middle_square(draw):
    (view,) = views_of(draw(400, 300), "centre")
    assert view.values.shape == (1, 3, 160, 160)
    assert view.box == pytest.approx((0.125, 0.0, 0.875, 1.0), abs=0.01)
    assert np.abs(view.values).max() <= 1.0


@pytest.mark.parametrize(
    ("size", "shape"), [((400, 300), (160, 224)), ((300, 400), (224, 160)), ((300, 300), (160, 160))]
)
def test_frame_keeps_the_whole_photo_in_its_proportions(draw, size, shape):
    (view,) = views_of(draw(*size), "frame")
    assert view.values.shape[2:] == shape
    assert view.box == (0.0, 0.0, 1.0, 1.0)


def test_a_panorama_is_cut_to_its_middle(draw):
    (view,) = views_of(draw(1000, 200), "frame")
    assert view.values.shape[2:] == (160, 256)
    left, _, right, _ = view.box
    assert left == pytest.approx(1 - right, abs=0.01)
    assert right - left == pytest.approx(1.6 / 5, abs=0.01)


def test_mirrored_and_turned_views_are_the_same_photo(draw):
    plain, mirrored, turned = views_of(draw(), "frame", "frame-mirrored", "frame-turned")
    assert np.array_equal(plain.values[..., ::-1], mirrored.values)
    assert np.array_equal(plain.values[..., ::-1, ::-1], turned.values)


def test_a_small_view_shows_the_whole_photo_smaller(draw):
    plain, small = views_of(draw(400, 300), "frame", "small")
    assert small.box == plain.box
    assert small.values.shape[2] < plain.values.shape[2]
    assert small.values.shape[2] % STRIDE == small.values.shape[3] % STRIDE == 0


def test_an_unknown_view_is_named(draw):
    with pytest.raises(ValueError, match="sideways"):
        views_of(draw(), "sideways")


def test_the_map_of_a_class_adds_up_to_its_logit():
    rng = np.random.default_rng(0)
    features, weights = rng.random((8, 5, 7)), rng.normal(size=8)
    found = class_map(features.astype(np.float32), weights.astype(np.float32))
    assert found.mean() == pytest.approx(float(weights @ features.mean(axis=(1, 2))), abs=1e-5)


@pytest.mark.parametrize("name", ["frame", "centre", "frame-mirrored", "frame-turned", "small-turned"])
def test_the_map_lies_where_the_evidence_is(draw, name):
    image = draw(400, 300)
    (view,) = views_of(image, name)
    rows, columns = view.values.shape[2] // 32, view.values.shape[3] // 32
    grid = np.zeros((rows, columns), dtype=np.float32)
    grid[-1 if view.turn == "turned" else 0, -1 if view.turn else 0] = 1.0  # top left of the photo
    found = on_photo([grid], [view], (4000, 3000))
    assert found.shape == (42, GRID)
    assert found.dtype == np.float32
    y, x = np.unravel_index(found.argmax(), found.shape)
    left = view.box[0] * GRID
    assert y < 42 / rows
    assert left <= x < left + GRID * (view.box[2] - view.box[0]) / columns + 1
    assert found[:, : int(left)].sum() == 0


def test_no_evidence_gives_an_empty_map(draw):
    (view,) = views_of(draw(), "frame")
    assert on_photo([np.full((5, 7), -1.0, dtype=np.float32)], [view], (400, 300)).max() == 0


def test_the_overlay_has_the_photos_proportions_and_is_clear_where_nothing_is():
    heat = np.zeros((42, 56), dtype=np.float32)
    heat[20:24, 10:14] = 1.0
    overlay = Image.open(io.BytesIO(overlay_png(heat, (4000, 3000)))).convert("RGBA")
    assert overlay.size == (LONGEST_OVERLAY, LONGEST_OVERLAY * 3 // 4)
    alpha = np.asarray(overlay)[:, :, 3]
    assert alpha[-1, -1] == 0
    y, x = np.unravel_index(alpha.argmax(), alpha.shape)
    assert abs(x / overlay.width - 12 / 56) < 0.05
    assert abs(y / overlay.height - 22 / 42) < 0.05
