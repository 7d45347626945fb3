"""The plain way, which the speed is compared with, gives the served answer."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from vision import plain  # noqa: E402
from vision.images import decode  # noqa: E402
from vision.net import architecture_of, variants_of  # noqa: E402
from vision.predict import Predictor  # noqa: E402
from vision.registry import load_model  # noqa: E402
from vision.rounding import float_twin  # noqa: E402
from vision.views import make_views  # noqa: E402


def test_the_plain_way_says_what_is_served() -> None:
    rng = np.random.default_rng(5)
    pixels = rng.normal((205, 165, 145), 9, (150, 200, 3))
    pixels[50:100, 70:130] -= 90
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "PNG")
    model = load_model()
    nets = plain.networks(model)
    logits, times = plain.read(nets, buffer.getvalue(), model.config)
    config = model.config
    picture = decode(buffer.getvalue(), config.resolution).pixels
    views = make_views(
        picture,
        config.views,
        resolution=config.resolution,
        size=config.input,
        mean=config.mean,
        std=config.std,
    )
    with float_twin(model.folder) as twin:
        unrounded = Predictor.load(str(twin)).read(views).logits
    assert logits == pytest.approx(unrounded, abs=1e-3)
    served = Predictor.load().read(views).logits
    assert np.abs(logits - served).max() < 0.1 * np.ptp(served)
    assert times["total"] > 0
    assert plain.multiplications(nets, config, buffer.getvalue()) > 1e8


@pytest.mark.parametrize("variants", [["lite0"], ["lite2"], ["lite0", "lite2"], ["lite0", "lite0"]])
def test_a_models_networks_are_known_by_what_its_config_says(variants: list[str]) -> None:
    nets = [SimpleNamespace(variant=variant) for variant in variants]
    assert variants_of(architecture_of(nets)) == variants


def test_what_older_models_say_is_understood() -> None:
    assert variants_of("EfficientNet-Lite0, 2 that vote") == ["lite0", "lite0"]
