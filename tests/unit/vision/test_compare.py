"""What `python -m vision compare` says of mixtures, on made-up logits."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vision.build import build, refit, shares_of  # noqa: E402
from vision.classes import KEYS  # noqa: E402
from vision.cli import main  # noqa: E402
from vision.compare import compare, table  # noqa: E402
from vision.evaluate import trained_on  # noqa: E402
from vision.export import called, network_of, networks, reads_at, voter, with_weight  # noqa: E402
from vision.golden import golden_pictures  # noqa: E402
from vision.judging import Pictures, judge  # noqa: E402
from vision.net import fused, lite  # noqa: E402
from vision.provenance import networks_in, told, training_of  # noqa: E402
from vision.recipe import Recipe  # noqa: E402
from vision.registry import MODELS, default_name  # noqa: E402
from vision.validation import DOMAIN_WEIGHTS  # noqa: E402

COUNT = 560
OF_TWO = default_name()
"""A published model in which two networks vote."""


def pictures() -> Pictures:
    rows = np.arange(COUNT)
    return Pictures(
        rows % len(KEYS),
        np.array(list(DOMAIN_WEIGHTS))[rows // len(KEYS) % len(DOMAIN_WEIGHTS)],
        np.where(rows // 28 % 2 == 0, "A", "B"),
        rows // 2,
    )


def logits(sharpness: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0.0, 1.0, (COUNT, len(KEYS)))
    return noise + sharpness * np.eye(len(KEYS))[pictures().labels]


def test_the_better_mixture_loses_less_and_decides_better() -> None:
    poor, good = judge(logits(1.0), pictures()), judge(logits(3.0), pictures())
    head, *_, row = table(["poor", "good"], [poor, good], pictures()).splitlines()
    assert "networks in 32-bit floats" in head
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == "good"
    loss, gain = (re.fullmatch(r"(\S+) \((\S+) to (\S+)\)", cell) for cell in cells[-2:])
    assert loss is not None
    assert gain is not None
    assert float(loss.group(2)) <= float(loss.group(1)) <= float(loss.group(3)) < 0
    assert float(gain.group(3)) >= float(gain.group(1)) >= float(gain.group(2)) > 0


def test_nothing_is_fitted_on_the_half_that_it_judges() -> None:
    given, plain = pictures(), logits(2.0)
    inside = given.halves == "A"
    louder = np.where(inside[:, None], 5.0 * plain, plain)
    before, after = judge(plain, given), judge(louder, given)
    # A is fitted on B, which has not changed: a temperature of A's own would have taken the noise back.
    assert after.lost[inside].mean() > before.lost[inside].mean() + 0.1
    # B is fitted on A, whose logits speak too loudly now: so B is believed too little.
    assert after.lost[~inside].mean() > before.lost[~inside].mean() + 0.1


def test_a_network_with_a_weight_says_its_logits_times_it() -> None:
    net = networks(default_name())[0]
    with torch.inference_mode():
        once = net(torch.from_numpy(golden_pictures()))
        weighed = with_weight(net, 1.4)(torch.from_numpy(golden_pictures()))
    assert torch.allclose(weighed, 1.4 * once, atol=1e-4)


def said(name: str) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(voter(name)(torch.from_numpy(golden_pictures())).numpy())


def test_a_model_is_all_networks_that_vote_in_it_and_with_a_number_one_of_them() -> None:
    shipped = np.load(MODELS / OF_TWO / "golden.npy")
    first, second = said(f"{OF_TWO}:1"), said(f"{OF_TWO}:2")
    assert said(OF_TWO) == pytest.approx(shipped, abs=5e-3)
    assert (first + second) / 2 == pytest.approx(shipped, abs=5e-3)
    assert np.abs(first - second).max() > 0.1
    for wrong in (f"{OF_TWO}:9", f"{OF_TWO}:0", f"{OF_TWO}:b", f"{OF_TWO}:"):
        with pytest.raises(ValueError, match="network"):
            voter(wrong)


def test_networks_of_a_model_make_one_network_of_their_mean_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{OF_TWO}:1+{OF_TWO}:2"
    (mean,) = (fused(net).state_dict() for net in networks(name))
    first, second = (fused(net).state_dict() for net in networks(OF_TWO))
    assert any(not torch.allclose(first[key], second[key], atol=0.02) for key in mean)
    for key, value in mean.items():
        assert torch.allclose(value, (first[key] + second[key]) / 2, rtol=2e-3, atol=1e-3), key
    with pytest.raises(ValueError, match=f"{OF_TWO} has 2 networks, and one is needed"):
        network_of(f"{OF_TWO}:1+{OF_TWO}")
    monkeypatch.setattr("vision.export.variants_of", lambda architecture: ["lite0", "lite2"])
    with pytest.raises(ValueError, match="of different architectures"):
        network_of(name)


@pytest.mark.parametrize("votes", [(1.0,), (1.0, 0.0), (1.0, -1.0, 1.0)])
def test_votes_that_do_not_fit_are_refused(votes: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="give 2, each above 0"):
        shares_of(votes, 2)
    assert shares_of((3.0, 1.0), 2) == [0.75, 0.25]


@pytest.mark.parametrize("text", ["a=much", "a=0", "a=-1", "a=nan", "a=inf", "a,,b", "=1", "a,a", ""])
def test_votes_that_make_no_sense_are_said(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert main(["compare", text]) == 1
    assert "a vote above 0 for each" in capsys.readouterr().err


def test_a_voter_for_other_pictures_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    net = lite("lite0", len(KEYS), pretrained=False)
    weights, recipe = net.state_dict(), Recipe(resolution=150, large=192)
    about = {"recipe": json.dumps(asdict(recipe)), "step": 1, "progress": 1.0, "seconds": 1.0}
    path = tmp_path / "run" / "checkpoint.pt"
    path.parent.mkdir()
    torch.save({**about, "net": weights, "averaged": weights}, path)
    data = tmp_path / "skin"
    data.mkdir()
    (data / "labels.csv").write_text("image_id,dx\n")
    assert reads_at(str(path)) == (recipe.resolution, recipe.large) != reads_at(OF_TWO)
    with pytest.raises(ValueError, match="another size"):
        build(
            (path,), tmp_path / "made", data, version="1", voters=(OF_TWO,), threads=1, log=lambda line: None
        )
    (data / "labels.csv").write_text("image_id,dx,source_dataset,split_hint\nfirst,nv,HAM10000,train\n")
    large = replace(recipe, resolution=224, large=224)
    torch.save({**about, "recipe": json.dumps(asdict(large)), "net": weights, "averaged": weights}, path)
    with pytest.raises(ValueError, match="has not seen"):
        build(
            (path,), tmp_path / "made", data, version="1", voters=(OF_TWO,), threads=1, log=lambda line: None
        )
    assert not (tmp_path / "made").exists()


def made_with(
    voter: str,
    votes: tuple[float, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recipe: Recipe = Recipe(),  # noqa: B008 - frozen
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """What the networks of a model say together that is made of a checkpoint and a voter, what the checkpoint says, and
    the model's training.json."""
    torch.manual_seed(1)
    weights = lite("lite0", len(KEYS), pretrained=True).state_dict()
    about = {"recipe": json.dumps(asdict(recipe)), "step": 1, "progress": 1.0, "seconds": 1.0}
    path = tmp_path / "run" / "checkpoint.pt"
    path.parent.mkdir()
    seen = sorted(trained_on(MODELS / OF_TWO)[0])
    torch.save({**about, "net": weights, "averaged": weights, "trained_on": seen}, path)
    (tmp_path / "labels.csv").write_text("image_id,dx\n")
    exported: list[torch.nn.Module] = []
    monkeypatch.setattr("vision.build.export_onnx", lambda nets, folder, **_: exported.extend(nets))
    monkeypatch.setattr("vision.build.fit", lambda *args, **_: None)
    made = tmp_path / "made"
    build(
        (path,), made, tmp_path, version="1", voters=(voter,), votes=votes, threads=1, log=lambda line: None
    )
    with torch.inference_mode():
        each = [net(torch.from_numpy(golden_pictures())).numpy() for net in exported]
    return np.mean(each, axis=0), said(str(path)), json.loads((made / "training.json").read_text())


@pytest.mark.parametrize(("votes", "share"), [((), 0.5), ((4.0, 1.0), 0.2)])
def test_the_networks_of_a_model_share_its_vote_beside_a_checkpoint(
    votes: tuple[float, ...], share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, alone, training = made_with(OF_TWO, votes, tmp_path, monkeypatch)
    shipped = np.load(MODELS / OF_TWO / "golden.npy")
    assert together == pytest.approx((1 - share) * alone + share * shipped, abs=5e-3)
    assert [network.get("from") for network in training["networks"]] == [None, f"{OF_TWO}:1", f"{OF_TWO}:2"]
    assert training["votes"] == pytest.approx([1 - share, share / 2, share / 2])


def test_a_model_keeps_how_each_of_its_networks_was_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(Recipe(seed=9), begin="start", teachers=("runs/one/checkpoint.pt", OF_TWO))
    _, _, training = made_with(OF_TWO, (), tmp_path, monkeypatch, recipe)
    first, *others = training["networks"]
    (run,) = first["runs"]
    assert (first["called"], run["called"], run["recipe"]["begin"], run["recipe"]["seed"]) == (
        "run",
        "run",
        "start",
        9,
    )
    assert run["recipe"]["teachers"] == ["one", OF_TWO]
    published = networks_in(training_of(MODELS / OF_TWO))
    assert others == [{**one, "from": f"{OF_TWO}:{n}"} for n, one in enumerate(published, 1)]
    assert f"- run: 1 steps of {recipe.batch} pictures" in told(training)


def test_a_network_of_mean_weights_keeps_how_each_of_them_was_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{OF_TWO}:1+{OF_TWO}:2"
    training = made_with(name, (), tmp_path, monkeypatch)[2]
    mean = training["networks"][1]
    assert mean["called"] == called(name)
    assert "votes" not in training
    published = networks_in(training_of(MODELS / OF_TWO))
    assert [run["called"] for run in mean["runs"]] == [
        run["called"] for network in published for run in network["runs"]
    ]
    assert sum(run["times"] for run in mean["runs"]) == pytest.approx(2)
    assert f"- {called(name)}: the mean of the weights of " in told(training)


def test_votes_that_count_differently_in_a_model_count_so_where_it_votes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(MODELS / OF_TWO, tmp_path / "of-votes")
    training = json.loads((folder / "training.json").read_text())
    (folder / "training.json").write_text(json.dumps({**training, "votes": [0.8, 0.2]}))
    _, _, training = made_with(str(folder), (), tmp_path, monkeypatch)
    assert training["votes"] == pytest.approx([0.5, 0.4, 0.1])


def test_what_was_trained_on_validation_pictures_is_not_judged_by_them(tmp_path: Path) -> None:
    weights = lite("lite0", len(KEYS), pretrained=False).state_dict()
    about = {"recipe": json.dumps(asdict(Recipe())), "step": 1, "progress": 1.0, "seconds": 1.0}
    path = tmp_path / "run" / "checkpoint.pt"
    path.parent.mkdir()
    torch.save({**about, "net": weights, "averaged": weights, "trained_on": ["second"]}, path)
    rows = ["image_id,dx,source_dataset,split_hint", "first,nv,HAM10000,train", "second,nv,HAM10000,val"]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(ValueError, match="trained on validation pictures"):
        compare([{str(path): 1.0}], tmp_path, views=("frame",), threads=1, log=lambda line: None)


def test_a_model_is_set_anew_without_what_it_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(MODELS / default_name(), tmp_path / "made")
    (folder / "trained_on.txt").write_text("second\n")
    rows = ["image_id,dx,source_dataset,split_hint", "first,nv,HAM10000,train", "second,nv,HAM10000,val"]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    trained = []
    monkeypatch.setattr("vision.build.fit", lambda folder, data, train, config, **_: trained.extend(train))
    refit(folder, tmp_path, version="anew", views=None, threads=1, log=lambda line: None)
    assert [r.image_id for r in trained] == ["second"]


def test_networks_are_called_by_their_runs(tmp_path: Path) -> None:
    path = tmp_path / "run+more" / "checkpoint.pt"
    path.parent.mkdir()
    path.touch()
    assert called(str(path)) == "run+more"
    assert called("runs/one/checkpoint.pt+runs/two/checkpoint.pt") == "one + two"
    assert called(f"{OF_TWO}:2") == f"{OF_TWO}:2"
