"""From a published model back to a network that can be trained, and from several networks to one file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from vision.classes import KEYS  # noqa: E402
from vision.export import checkpoints_of, export_onnx, load_checkpoint, networks, voter  # noqa: E402
from vision.fit import texture_of  # noqa: E402
from vision.golden import TOLERANCE, golden_pictures  # noqa: E402
from vision.int8 import in_floats  # noqa: E402
from vision.net import convolutions, fused, head_of, lite  # noqa: E402
from vision.recipe import Recipe, going_on  # noqa: E402
from vision.registry import MODELS, ModelError, default_name  # noqa: E402
from vision.warm import load_published  # noqa: E402

OF_TWO = default_name()
"""A published model in which two networks vote."""


def floats_of(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(in_floats(onnx.load(str(path))).SerializeToString())


def test_a_published_network_says_what_the_model_says_and_can_learn() -> None:
    session = floats_of(MODELS / default_name() / "model.onnx")
    _logits, features, _texture = session.run(None, {"pictures": golden_pictures()})
    head = np.load(MODELS / default_name() / "head.npy")
    net = networks(default_name())[0]
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


def test_networks_of_two_architectures_vote_and_the_texture_is_the_first_ones(tmp_path: Path) -> None:
    torch.manual_seed(4)
    nets = [lite(variant, len(KEYS), pretrained=False).eval() for variant in ("lite0", "lite2")]
    for name, order in (("small", nets), ("large", nets[::-1])):
        export_onnx(order, tmp_path / name)
    small, large = (
        onnxruntime.InferenceSession(str(tmp_path / name / "model.onnx")).run(
            None, {"pictures": golden_pictures()}
        )
        for name in ("small", "large")
    )
    assert small[0] == pytest.approx(large[0], abs=1e-3)
    assert small[2].shape[1] == texture_of(tmp_path / "small") == 2 * (24 + 40 + 112)
    assert large[2].shape[1] == texture_of(tmp_path / "large") == 2 * (24 + 48 + 120)


def test_networks_in_whole_numbers_keep_their_floats_and_say_nearly_the_same(tmp_path: Path) -> None:
    nets = networks(OF_TWO)
    pictures = golden_pictures()
    export_onnx(
        nets,
        tmp_path,
        whole_numbers=[*(picture[None] for picture in pictures), golden_pictures(160, 224)[:1]],
    )
    said = np.load(tmp_path / "golden.npy")
    floats = floats_of(tmp_path / "model.onnx").run(None, {"pictures": pictures})
    assert floats[0] == pytest.approx(said, abs=TOLERANCE)
    rounded = onnxruntime.InferenceSession(str(tmp_path / "model.onnx")).run(None, {"pictures": pictures})
    off = np.abs(rounded[0] - said).max()
    assert TOLERANCE < off < 0.1 * np.ptp(said), "rounded, but not to something else"
    assert [part.shape for part in rounded] == [part.shape for part in floats]
    assert texture_of(tmp_path) == rounded[2].shape[1]
    # Training goes on from the floats, whichever of the networks it is.
    again = lite("lite0", len(KEYS), pretrained=False)
    load_published(again, [(tmp_path, 2)], torch.from_numpy(pictures))
    with torch.inference_mode():
        heard, told = (net(torch.from_numpy(pictures)).numpy() for net in (again, fused(nets[1])))
    assert heard == pytest.approx(told, abs=5e-3)
    with pytest.raises(ModelError, match="0 convolutions"):
        load_published(again, [(tmp_path, 3)], torch.from_numpy(pictures))


def checkpoint(path: Path, variant: str, value: float, resolution: int = 224) -> Path:
    net = lite(variant, len(KEYS), pretrained=False)
    with torch.no_grad():
        net._fc.bias.fill_(value)
    recipe = json.dumps(asdict(Recipe(variant=variant, resolution=resolution)))
    weights = net.state_dict()
    path.parent.mkdir()
    torch.save(
        {
            "recipe": recipe,
            "net": weights,
            "averaged": weights,
            "step": 9,
            "progress": 1.0,
            "seconds": 1800.0,
        },
        path,
    )
    return path


def test_several_checkpoints_make_one_network_of_their_mean_weights(tmp_path: Path) -> None:
    one, other = (
        checkpoint(tmp_path / name / "c.pt", "lite0", v) for name, v in (("one", 1.0), ("two", 3.0))
    )
    net, about = load_checkpoint(one, other)
    assert net._fc.bias.tolist() == [2.0] * len(KEYS)
    states = [load_checkpoint(path)[0].state_dict() for path in (one, other)]
    first = "_conv_stem.weight"
    assert torch.allclose(net.state_dict()[first], (states[0][first] + states[1][first]) / 2, atol=1e-6)
    assert [(run["called"], run["times"]) for run in about["runs"]] == [("one", 1), ("two", 1)]
    twice, about = load_checkpoint(one, other, one)
    assert twice._fc.bias.tolist() == pytest.approx([5 / 3] * len(KEYS))
    assert [(run["called"], run["times"]) for run in about["runs"]] == [("one", 2), ("two", 1)]
    assert [run["hours"] for run in about["runs"]] == [0.5, 0.5]
    assert torch.equal(networks(str(one))[0]._fc.bias, states[0]["_fc.bias"])
    assert networks(f"{one}+{other}")[0]._fc.bias.tolist() == [2.0] * len(KEYS)
    assert checkpoints_of(f"{one}+{tmp_path / 'none.pt'}") == []


def test_different_architectures_have_no_mean(tmp_path: Path) -> None:
    one, other = (checkpoint(tmp_path / name / "c.pt", name, 0.0) for name in ("lite0", "lite2"))
    with pytest.raises(ValueError, match="different architectures"):
        load_checkpoint(one, other)


def test_networks_for_pictures_of_different_sizes_have_no_mean(tmp_path: Path) -> None:
    one, other = (checkpoint(tmp_path / str(size) / "c.pt", "lite0", 0.0, size) for size in (150, 224))
    for mean in (lambda: load_checkpoint(one, other), lambda: voter(f"{one}+{other}")):
        with pytest.raises(ValueError, match="different sizes"):
            mean()


@pytest.mark.parametrize(("name", "variant"), [(default_name(), "lite0"), ("drawn", "lite2")])
def test_going_on_is_gentler_with_the_same_network_and_named_in_the_recipe(name: str, variant: str) -> None:
    recipe = going_on(name, variant, 5)
    assert (recipe.begin, recipe.seed, recipe.variant) == (name, 5, variant)
    assert recipe.body_rate < Recipe().body_rate
    assert 0 < recipe.mixed <= 1
