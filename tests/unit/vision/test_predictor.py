"""The contract of the Predictor, on the model that ships and pictures drawn here."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from vision.classes import CLASSES, KEYS, RISKY
from vision.predict import Prediction, Predictor
from vision.quality import ADVICE, quality_without_network
from vision.registry import ModelId
from vision.samples import blurred, exposed
from vision.views import make_views


def mean_place(heatmap: np.ndarray) -> tuple[float, float]:
    """Centre of the evidence as shares of width and height."""
    y, x = np.mgrid[0 : heatmap.shape[0], 0 : heatmap.shape[1]]
    total = heatmap.sum()
    return float((x * heatmap).sum() / total / heatmap.shape[1]), float(
        (y * heatmap).sum() / total / heatmap.shape[0]
    )


def test_classes_are_the_seven_in_order():
    assert KEYS == ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
    assert [c.key for c, risky in zip(CLASSES, RISKY, strict=True) if risky] == ["akiec", "bcc", "mel"]
    assert all(c.name_ko and c.name_en and c.plain_ko and c.plain_en for c in CLASSES)
    with pytest.raises(FrozenInstanceError):
        CLASSES[0].key = "x"  # type: ignore[misc]


def test_a_prediction_keeps_its_promises(predictor, draw, encode):
    found = predictor.predict(encode(draw(800, 600)))
    assert isinstance(found, Prediction)
    assert set(found.probabilities) == set(KEYS)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert 0 <= found.clinical <= 1
    probability = np.array([found.probabilities[k] for k in KEYS])
    shares = predictor.config.calibration.shares(probability, np.float64(found.clinical))
    assert found.top == KEYS[int(shares.argmax())]
    fits = predictor.config.sets.fits(probability, shares, np.float64(found.clinical))
    assert found.prediction_set == tuple(k for k, inside in zip(KEYS, fits, strict=True) if inside)
    risky = [k for k, r in zip(KEYS, RISKY, strict=True) if r]
    assert found.risk == pytest.approx(sum(found.probabilities[k] for k in risky))
    assert found.suspicious == (found.risk >= predictor.config.risk_threshold)
    assert found.urgent == (found.risk >= predictor.config.urgent_threshold)
    assert found.outcome in {"reading", "uncertain", "not_readable"}
    assert found.reason in {"confident", "set_too_large", "no_class_fits", "top_not_in_set", *ADVICE}
    assert (found.outcome == "not_readable") == (not found.quality.ok)
    assert found.model == predictor.model
    assert set(found.milliseconds) == {"decode", "prepare", "infer", "explain", "total"}
    assert all(v >= 0 and math.isfinite(v) for v in found.milliseconds.values())


def test_the_json_holds_everything_but_the_pixels(predictor, draw):
    found = predictor.predict(draw())
    again = json.loads(json.dumps(found.to_json()))
    assert set(again) == {
        "probabilities",
        "top",
        "top_class",
        "prediction_set",
        "risk",
        "outcome",
        "reason",
        "suspicious",
        "urgent",
        "clinical",
        "known",
        "quality",
        "model",
        "milliseconds",
    }
    assert again["prediction_set"] == list(found.prediction_set)
    assert ModelId(**again["model"]) == predictor.model
    assert {c["key"] for c in again["quality"]["checks"]} == {
        *("size", "exposure", "colour", "sharpness", "lesion", "framing"),
    }


def test_the_heatmap_lies_on_the_original_photo(predictor, draw, encode):
    found = predictor.predict(encode(draw(400, 800)))
    assert found.heatmap.dtype == np.float32
    assert found.heatmap.shape == (56, 28)
    assert found.heatmap.min() >= 0
    assert found.heatmap.max() == pytest.approx(1)
    assert found.heatmap_png((400, 800)).startswith(b"\x89PNG")


def test_a_map_can_be_had_of_every_class_and_lies_on_the_photo(predictor, draw, encode):
    found = predictor.heatmaps(encode(draw(400, 300)))
    assert tuple(found) == KEYS
    for heat in found.values():
        assert heat.shape == (42, 56)
        assert heat.min() >= 0
        assert heat.max() == pytest.approx(1) or not heat.any(), (
            "where nothing speaks for a class it is empty"
        )
    assert found[predictor.predict(draw(400, 300)).top].any()


@pytest.mark.parametrize("name", KEYS)
def test_what_a_class_map_sees_moves_with_the_lesion(predictor, draw, name):
    from vision.heatmap import class_map
    from vision.images import decode

    def seen(x: float) -> float:
        decoded = decode(draw(400, 300, at=(x, 0.5)), predictor.config.resolution)
        reading = predictor.read(predictor.prepare(decoded))
        weights = predictor.head[KEYS.index(name)] - predictor.head.mean(axis=0)
        evidence = class_map(reading.features[0], weights)
        # For or against the class: what differs from the skin around.
        return mean_place(np.abs(evidence - np.median(evidence)))[0]

    assert seen(0.75) - seen(0.25) > 0.08


def test_the_map_of_the_decision_moves_with_the_lesion(predictor, draw):
    places = []
    for x in (0.25, 0.75):
        picture = draw(400, 300, at=(x, 0.5))
        top = predictor.predict(picture).top
        places.append(mean_place(predictor.heatmaps(picture, [top])[top])[0])
    assert places[1] - places[0] > 0.15


def test_the_map_that_comes_with_a_prediction_is_that_of_its_class(predictor, draw):
    found = predictor.predict(draw())
    assert np.array_equal(predictor.heatmaps(draw(), [found.top])[found.top], found.heatmap)


def test_a_heatmap_of_an_unknown_class_is_refused_by_name(predictor, draw):
    with pytest.raises(ValueError, match="wart"):
        predictor.heatmaps(draw(), ["nv", "wart"])


def test_one_predictor_serves_many_threads(predictor, draw, encode):
    photos = [encode(draw(seed=s, at=(0.3 + 0.1 * (s % 5), 0.5))) for s in range(8)]
    alone = [predictor.predict(p).probabilities for p in photos]
    with ThreadPoolExecutor(4) as pool:
        together = [p.probabilities for p in pool.map(predictor.predict, photos)]
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_the_same_photo_small_or_large_gives_much_the_same(predictor, draw, encode):
    photo = draw(1600, 1200)
    small = photo.resize((400, 300), Image.Resampling.LANCZOS)
    large = predictor.predict(encode(photo, quality=95))
    other = predictor.predict(encode(small, quality=95))
    assert abs(large.risk - other.risk) < 0.2


def test_quality_without_the_network_leaves_out_the_lesion(draw, encode):
    found = quality_without_network(encode(draw()))
    assert {c.key for c in found.checks} == {"size", "exposure", "colour", "sharpness"}


def failed(quality) -> set[str]:
    return {c.key for c in quality.checks if not c.ok}


def test_a_good_drawing_passes_the_checks_of_light_and_focus(draw, encode):
    assert not failed(quality_without_network(encode(draw(1200, 900))))


@pytest.mark.parametrize(
    ("change", "key"),
    [(blurred(30.0), "sharpness"), (exposed(0.05), "exposure"), (exposed(40.0), "exposure")],
)
def test_a_bad_photo_is_told_what_to_do_better(draw, encode, change, key):
    found = quality_without_network(encode(change(draw(1200, 900))))
    assert not found.ok
    assert key in failed(found)
    assert all(c.advice_ko and c.advice_en for c in found.checks)


def test_a_thumbnail_is_too_small(draw, encode):
    assert "size" in failed(quality_without_network(encode(draw(40, 30))))


def test_the_predictor_adds_the_networks_own_evidence(predictor, draw):
    found = predictor.quality_of(draw())
    assert [c.key for c in found.checks][-2:] == ["lesion", "framing"]


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255)])
def test_black_and_white_frames_are_not_readable(predictor, encode, colour):
    found = predictor.predict(encode(Image.new("RGB", (800, 600), colour)))
    assert found.outcome == "not_readable"


def test_the_shipped_network_agrees_with_torch_at_export(predictor):
    onnx = pytest.importorskip("onnx")
    from vision.golden import TOLERANCE, golden_pictures
    from vision.int8 import in_floats

    said = np.load(predictor.folder / "golden.npy", allow_pickle=False)
    floats = in_floats(onnx.load(str(predictor.folder / "model.onnx")))
    session = onnxruntime.InferenceSession(floats.SerializeToString())
    logits, features, _ = session.run(None, {"pictures": golden_pictures()})
    assert np.abs(logits - said).max() <= TOLERANCE
    assert features.shape[1] == predictor.head.shape[1]


def test_logits_are_the_heads_word_on_the_mean_of_the_map(predictor, draw):
    c = predictor.config
    (view,) = make_views(draw(), ("frame",), resolution=c.resolution, size=c.input, mean=c.mean, std=c.std)
    reading = predictor.read([view])
    by_hand = predictor.head @ reading.features[0].mean(axis=(1, 2))
    bias = reading.logits - by_hand
    (other,) = make_views(
        draw(at=(0.2, 0.2)), ("frame",), resolution=c.resolution, size=c.input, mean=c.mean, std=c.std
    )
    second = predictor.read([other])
    assert np.allclose(second.logits - predictor.head @ second.features[0].mean(axis=(1, 2)), bias, atol=1e-4)


def test_threads_are_configurable(draw):
    assert sum(Predictor.load(threads=2).predict(draw()).probabilities.values()) == pytest.approx(1)


def test_a_decision_outside_its_own_set_is_not_called_confident(predictor):
    fits = np.zeros(len(KEYS), dtype=bool)
    fits[[0, 4]] = True
    assert predictor._outcome(fits, 0, None, 0.1) == ("reading", "confident")
    assert predictor._outcome(fits, 3, None, 0.1) == ("uncertain", "top_not_in_set")
    assert predictor._outcome(fits, 0, "too_dark", 0.9) == ("not_readable", "too_dark")
    assert predictor._outcome(~fits, 3, None, 0.1) == ("uncertain", "set_too_large")
    assert predictor._outcome(fits & False, 0, None, 0.1) == ("uncertain", "no_class_fits")


def test_a_decision_is_named_and_explained_in_both_languages_with_its_urgency(predictor, draw):
    found = predictor.predict(draw())
    named = found.to_json()["top_class"]
    assert set(named) == {"ko", "en", "group", "urgency", "plain_ko", "plain_en"}
    assert named["plain_ko"] == next(c.plain_ko for c in CLASSES if c.key == found.top)
    assert [c.urgency for c in CLASSES if c.key == "mel"] == ["soon"]
    assert all((c.urgency == "none") == (c.group == "benign") for c in CLASSES)


def test_what_looks_like_cancer_at_the_edge_is_not_sent_back(predictor, draw, encode, monkeypatch):
    photo = encode(draw(800, 600))
    monkeypatch.setattr(predictor, "off_centre", lambda *_: 1.0)
    limit = predictor.predict(photo).risk
    for threshold, outcome in ((limit + 0.01, "not_readable"), (limit - 0.01, "uncertain")):
        monkeypatch.setattr(predictor, "config", replace(predictor.config, risk_threshold=threshold))
        found = predictor.predict(photo)
        assert (found.outcome, found.reason) == (outcome, "off_centre")
        assert found.suspicious == (outcome == "uncertain")
        assert not found.quality.ok, "the advice stays"
    monkeypatch.setattr(predictor, "config", replace(predictor.config, risk_threshold=0.0))
    dark = predictor.predict(encode(exposed(0.01)(draw(800, 600))))
    assert dark.outcome == "not_readable", "any other fault counts as before"
