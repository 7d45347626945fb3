"""From a published model back to a network that can be trained, and from several networks to one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from vision.classes import KEYS  # noqa: E402
from vision.export import export_onnx, published  # noqa: E402
from vision.golden import TOLERANCE, golden_pictures  # noqa: E402
from vision.net import convolutions, fused, head_of, lite  # noqa: E402
from vision.registry import MODELS, default_name  # noqa: E402
from vision.train import Recipe, going_on  # noqa: E402


def test_a_published_network_says_what_the_model_says_and_can_learn() -> None:
    session = onnxruntime.InferenceSession(str(MODELS / default_name() / "model.onnx"))
    _logits, features, _texture = session.run(None, {"pictures": golden_pictures()})
    head = np.load(MODELS / default_name() / "head.npy")
    net = published(default_name())
    with torch.inference_mode():
        mine = net.extract_features(torch.from_numpy(golden_pictures())).numpy()
    assert mine == pytest.approx(features[:, : mine.shape[1]], abs=5e-3)
    assert net._fc.weight.shape == (len(KEYS), mine.shape[1])
    assert head.shape[1] % mine.shape[1] == 0
    norms = [norm for _convolution, norm in convolutions(net)]
    assert all(torch.isfinite(norm.weight).all() and (norm.running_var > 0).any() for norm in norms)


def test_two_networks_vote_in_one_file(tmp_path: Path) -> None:
    torch.manual_seed(3)
    nets = [lite("lite0", len(KEYS), pretrained=False).eval() for _ in range(2)]
    export_onnx(nets, tmp_path)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    logits, features, _texture = session.run(None, {"pictures": golden_pictures()})
    assert logits == pytest.approx(np.load(tmp_path / "golden.npy"), abs=TOLERANCE)
    with torch.inference_mode():
        each = [fused(net)(torch.from_numpy(golden_pictures())).numpy() for net in nets]
    assert logits == pytest.approx(np.mean(each, axis=0), abs=1e-3)
    # The head on the mean of all features is the vote: so the class activation map stays exact.
    bias = np.mean([net._fc.bias.detach().numpy() for net in nets], axis=0)
    mapped = features.mean(axis=(2, 3)) @ head_of(nets).numpy().T + bias
    assert mapped == pytest.approx(logits, abs=1e-3)
    whole = sum(p.numel() for net in nets for p in net.parameters())
    assert (tmp_path / "model.onnx").stat().st_size < 2.3 * whole


def test_going_on_is_gentler_and_named_in_the_recipe() -> None:
    recipe = going_on("lite0-2", 5)
    assert (recipe.begin, recipe.seed) == ("lite0-2", 5)
    assert recipe.body_rate < Recipe().body_rate
    assert 0 < recipe.mixed <= 1
