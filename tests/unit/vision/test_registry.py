"""Model folders: what is loaded is what was signed, and what ships is what was measured."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from vision import measure, registry
from vision.card import card
from vision.classes import KEYS
from vision.predict import Predictor
from vision.provenance import networks_in, told, training_of
from vision.registry import (
    MODELS,
    ModelError,
    config_of,
    default_name,
    digest,
    load_model,
    model_names,
    read_config,
    remade,
    write_sums,
)

FOLDER = MODELS / default_name()


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(FOLDER, tmp_path / "copied")


def test_the_default_model_loads_and_knows_its_hash():
    model = load_model()
    assert model.id.name == default_name()
    assert model.id.sha256 == digest(FOLDER / "model.onnx")


@pytest.mark.parametrize("file", ["model.onnx", "config.json", "ood.npz", "head.npy"])
def test_a_changed_file_is_refused_by_name(copy, file):
    data = bytearray((copy / file).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / file).write_bytes(bytes(data))
    with pytest.raises(ModelError, match=file):
        Predictor.load(str(copy))


def test_a_missing_file_is_refused_by_name(copy):
    (copy / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx is missing"):
        Predictor.load(str(copy))


def test_whoever_loads_a_model_that_is_made_anew_gets_the_one_before(copy):
    def stopped() -> None:
        with remade(copy) as work:
            (work / "config.json").write_text("{}")
            Predictor.load(str(copy))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    Predictor.load(str(copy))
    with remade(copy) as work:
        raw = json.loads((work / "config.json").read_text())
        (work / "config.json").write_text(json.dumps(raw | {"version": "next"}))
        write_sums(work)
    assert load_model(str(copy)).config.version == "next"
    with remade(copy.with_name("first")) as work:
        (work / "config.json").write_text("{}")
    assert sorted(p.name for p in copy.parent.iterdir()) == ["copied", "first"], "nothing is left over"


def test_a_model_that_a_kill_left_aside_is_back_when_it_is_asked_for(copy):
    aside = copy.with_name(".copied-before")
    copy.rename(aside)
    assert load_model(str(copy)).id.name == "copied"
    assert not aside.exists()
    copy.rename(aside)
    with remade(copy) as work:
        assert (work / "model.onnx").is_file(), "the model before is what is made anew"
    assert load_model(str(copy)).id.name == "copied"


def test_a_move_that_fails_leaves_the_model_before(copy, monkeypatch):
    rename = Path.rename

    def failing(self, target):
        if self.name.endswith("-remade"):
            raise OSError("disk is full")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="disk is full"), remade(copy):
        pass
    assert load_model(str(copy)).id.name == "copied"


def test_what_is_being_made_is_not_among_the_models(copy, monkeypatch):
    monkeypatch.setattr(registry, "MODELS", copy.parent)
    shutil.copytree(copy, copy.with_name(".copied-remade"))
    with pytest.raises(ModelError, match=r"there: copied\)"):
        load_model("nonsense")


def test_a_kill_while_figures_are_written_leaves_a_folder_that_is_signed_whole(copy, monkeypatch):
    metrics = json.loads((copy / "metrics.json").read_text())
    metrics["urgent_notice"]["n"] = 5

    def killed(folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(measure, "write_sums", killed)
        with pytest.raises(KeyboardInterrupt):
            measure.write_figures(copy, metrics, read_config(copy))
    assert signed(copy)
    measure.write_figures(copy, metrics, read_config(copy))
    assert signed(copy)
    assert json.loads((copy / "metrics.json").read_text()) == metrics


def signed(folder: Path) -> bool:
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    return all(digest(folder / name) == value for value, _, name in (line.partition("  ") for line in lines))


def test_an_unknown_model_names_those_that_are_there():
    with pytest.raises(ModelError, match=default_name()):
        Predictor.load("lite9-nonsense")


def test_a_config_with_other_classes_is_refused(copy):
    raw = json.loads((copy / "config.json").read_text())
    raw["classes"] = raw["classes"][::-1]
    (copy / "config.json").write_text(json.dumps(raw))
    with pytest.raises(ModelError, match="classes"):
        read_config(copy)


def test_a_config_from_before_calibration_by_kind_still_reads(copy):
    raw = json.loads((copy / "config.json").read_text())
    for newer in ("kinds", "kinds_on_validation", "conformal"):
        raw.pop(newer, None)
    config = config_of(raw)
    assert config.calibration.lean is None
    assert config.sets.by_share
    raw["kinds"] = {
        "log_temperature": 0.2,
        "bias": dict.fromkeys(KEYS, 0.1),
        "priors": dict.fromkeys(("dermoscopic", "clinical"), raw["priors"]),
    }
    raw["conformal"] = {"score": "probability", "clinical": 0.3}
    config = config_of(raw)
    assert config.calibration.lean is not None
    assert config.calibration.lean.priors.shape == (2, len(KEYS))
    assert (config.sets.by_share, config.sets.clinical) == (False, 0.3)
    raw["kinds"]["bias"].pop("mel")
    with pytest.raises(KeyError, match="mel"):
        config_of(raw)


def test_every_file_of_the_folder_is_signed_and_all_is_small_enough():
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    signed = {name: value for value, _, name in (line.partition("  ") for line in lines)}
    files = {p.name for p in FOLDER.iterdir()} - {"SHA256SUMS"}
    assert set(signed) == files
    assert all(digest(FOLDER / name) == value for name, value in signed.items())
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) <= 25_000_000


def test_the_measured_figures_pass_the_gate():
    metrics = json.loads((FOLDER / "metrics.json").read_text())
    assert metrics["model"]["sha256"] == digest(FOLDER / "model.onnx")
    assert metrics["left_out_as_trained_on"] == 0
    home = metrics["test"]["HAM10000 · dermoscopic"]
    assert home["pictures"] == 958
    assert set(home["classes"]) == set(KEYS)
    assert home["figures"]["balanced_accuracy"]["value"] >= 0.74
    assert {"threshold", "ppv", "ppv_interval", "sensitivity", "n", "split"} <= set(metrics["urgent_notice"])
    config = read_config(FOLDER)
    assert metrics["urgent_notice"]["threshold"] == config.urgent_threshold > config.risk_threshold


def test_validation_cannot_tell_whole_numbers_from_floats():
    """Eight bits may cost no more than these pictures can tell, else the model must be exported in floats."""
    found = json.loads((FOLDER / "metrics.json").read_text())["int8_against_float_on_validation"]
    loss, low, _high = found["loss"]
    assert low < 0.0
    assert loss < 0.005
    gain, _low, high = found["balanced_accuracy"]
    assert high > 0.0
    assert gain > -0.01
    assert found["same_decision"] > 0.95


@pytest.mark.parametrize("name", model_names())
def test_the_card_tells_how_each_network_of_a_published_model_was_trained(name):
    folder = MODELS / name
    metrics, training = json.loads((folder / "metrics.json").read_text()), training_of(folder)
    said = told(training)
    assert said in card(metrics, read_config(folder), training)
    voting = re.search(r"(\d+) that vote", read_config(folder).architecture)
    assert len(networks_in(training)) == (int(voting[1]) if voting else 1)


def test_the_card_tells_of_licences_limits_and_commands():
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    for word in ("non-commercial", "dark skin", "python -m vision measure", "Not a medical device", "Limits"):
        assert word in card
