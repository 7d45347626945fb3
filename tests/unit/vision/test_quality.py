"""Colour and framing: what is wrong is said, what is unusual but fine is let through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from vision.heatmap import activity, off_centre
from vision.images import decode
from vision.ood import Evidence
from vision.quality import ADVICE, cast, judge
from vision.registry import QualityLimits
from vision.samples import aside, shrunk, tinted

LIMITS = QualityLimits(
    size=100, sharpness=0, darkest=40, brightest=240, far=2, plain=1, foreign=1,
    coldest=-0.3, warmest=1.6, purplest=-0.9, greenest=0.4, off_centre=0.35,
)  # fmt: skip
FINE = Evidence(far=1.0, plain=0.0, foreign=0.0, off_centre=0.1)


def said(picture: Image.Image, limits: QualityLimits = LIMITS, evidence: Evidence = FINE) -> str | None:
    return judge(decode(picture, 150), limits, evidence)[1]


def test_cast_is_measured_in_octaves_and_does_not_care_how_bright_it_is():
    warmth, tint = cast(Image.new("RGB", (20, 20), (200, 100, 50)))
    assert warmth == pytest.approx(2.0, abs=0.03)
    assert tint == pytest.approx(0.0, abs=0.03)
    assert cast(Image.new("RGB", (20, 20), (100, 50, 25)))[0] == pytest.approx(warmth, abs=0.06)


@pytest.mark.parametrize("light", [(1.3, 0.5, 0.3), (0.4, 0.8, 1.6), (0.5, 1.4, 0.5)])
def test_coloured_light_is_told_as_a_colour_cast(draw, light):
    assert said(draw(400, 300)) is None
    assert said(tinted(*light)(draw(400, 300))) == "colour_cast"


def test_in_darkness_nothing_is_said_of_colours(draw):
    found, reason = judge(decode(tinted(0.02, 0.01, 0.0)(draw(400, 300)), 150), LIMITS, FINE)
    assert reason == "too_dark"
    assert "colour" not in {c.key for c in found.checks}


def test_dark_skin_in_white_light_is_no_cast():
    assert said(Image.new("RGB", (300, 300), (110, 72, 52))) is None


def test_a_lesion_at_the_edge_is_told_unless_there_is_none(draw):
    edge = replace(FINE, off_centre=0.6)
    assert said(draw(400, 300), evidence=edge) == "off_centre"
    assert said(draw(400, 300), evidence=replace(edge, plain=2.0)) == "no_lesion"


def test_a_model_without_these_limits_stops_nothing_by_them(draw):
    older = QualityLimits(size=100, sharpness=0, darkest=40, brightest=240, far=2, plain=1, foreign=1)
    assert said(tinted(0.4, 0.8, 1.6)(draw(400, 300)), older, replace(FINE, off_centre=1.0)) is None


def test_the_centre_of_what_is_seen_is_measured_from_the_middle():
    features = np.zeros((3, 6, 8), dtype=np.float32)
    assert off_centre(activity(features)) == 0
    features[:, 2:4, 3:5] = 1.0
    assert off_centre(activity(features)) == pytest.approx(0, abs=1e-6)
    features[:] = 0
    features[:, 0, 0] = 2.0
    assert off_centre(activity(features)) == pytest.approx(7 / 8)


def test_the_network_itself_sees_that_a_lesion_is_aside(predictor, draw):
    def place(x: float) -> float:
        decoded = decode(draw(400, 300, at=(x, 0.5)), predictor.config.resolution)
        views = predictor.prepare(decoded)
        return predictor.off_centre(predictor.read(views), views, decoded.size)

    assert place(0.08) > place(0.5)


def test_every_advice_is_a_sentence_in_both_languages():
    for korean, english in ADVICE.values():
        assert korean.endswith(".")
        assert english.endswith(".")


def test_worsened_copies_are_what_they_say(draw):
    picture = draw(400, 300)
    assert shrunk(64)(picture).size == (85, 64)
    moved = aside(picture)
    assert moved.size == picture.size
    dark = np.asarray(moved.convert("L"), dtype=float)
    assert dark[:100, :133].mean() < dark[200:, 267:].mean()
