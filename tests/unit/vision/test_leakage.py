"""No picture, lesion or patient that was trained on is ever measured on."""

from __future__ import annotations

import shutil

import pytest

from vision.data import read_labels
from vision.evaluate import evaluate, groups_of, judged_by, trained_on
from vision.evaluation_page import markdown
from vision.predict import Predictor
from vision.registry import MODELS, default_name, write_sums
from vision.tables import DataError

FOLDER = MODELS / default_name()
every_model = pytest.mark.parametrize(
    "folder", sorted(p.parent for p in MODELS.glob("*/SHA256SUMS")), ids=lambda p: p.name
)


@every_model
@pytest.mark.shared_data
def test_validation_and_test_share_nothing_with_what_was_trained_on(skin_data, folder):
    ids, groups = trained_on(folder)
    records = read_labels(skin_data / "labels.csv")
    held_out = [r for r in records if r.split in {"val", "test"} and r.label >= 0]
    assert len(held_out) > 2000
    assert not [r.image_id for r in held_out if r.image_id in ids]
    assert not [r.image_id for r in held_out if groups_of(r) & groups]


@every_model
@pytest.mark.shared_data
def test_what_was_trained_on_is_the_training_split(skin_data, folder):
    ids, groups = trained_on(folder)
    by_id = {r.image_id: r for r in read_labels(skin_data / "labels.csv")}
    assert len(ids) > 10_000
    assert {by_id[i].split for i in ids} == {"train"}
    assert set().union(*(groups_of(by_id[i]) for i in ids)) == groups


@pytest.fixture
def little_model(tmp_path):
    """The shipped network, said to have been trained on other pictures."""
    folder = shutil.copytree(FOLDER, tmp_path / "little")
    (folder / "trained_on.txt").write_text("# picture\nseen\tdrawn/lesion/L1\n")
    write_sums(folder)
    return Predictor.load(str(folder))


def test_evaluation_leaves_out_pictures_of_trained_lesions(little_model, draw, tmp_path):
    rows = [("seen", "L1"), ("sibling", "L1"), ("new", "L2")]
    for image_id, _ in rows:
        draw(200, 150).save(tmp_path / f"{image_id}.jpg")
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "image_id,dx,lesion_id,source_dataset\n" + "".join(f"{i},nv,{lesion},drawn\n" for i, lesion in rows)
    )
    trial = judged_by(little_model, images=tmp_path, labels=labels)
    assert [j.record.image_id for j in trial.judged] == ["new"]
    assert (trial.as_trained_on, trial.unreadable, trial.setting) == (2, 0, 0)
    labels.write_text("image_id,dx,lesion_id,source_dataset\nsibling,nv,L1,drawn\n")
    with pytest.raises(DataError, match="trained on every picture"):
        judged_by(little_model, images=tmp_path, labels=labels)


def test_pictures_that_set_the_thresholds_are_counted_and_named_in_the_report(little_model, draw, tmp_path):
    """The shipped model was set on validation pictures of HAM10000; those of another source are news to it."""
    rows = [("set", "HAM10000", "val"), ("test", "HAM10000", "test"), ("foreign", "drawn", "val")]
    for image_id, _, _ in rows:
        draw(200, 150).save(tmp_path / f"{image_id}.jpg")
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "image_id,dx,source_dataset,split_hint\n" + "".join(f"{i},nv,{s},{split}\n" for i, s, split in rows)
    )
    said = []
    everything = evaluate(little_model, images=tmp_path, labels=labels, rounds=1, log=said.append)
    assert everything["measured_though_used_to_set_thresholds"] == 1
    assert "Not an independent measurement: 1 of these pictures" in markdown(everything)
    assert any("1 of 3 pictures set this model's thresholds" in line for line in said)
    independent = evaluate(little_model, images=tmp_path, labels=labels, split="test", rounds=1)
    assert independent["measured_though_used_to_set_thresholds"] == 0
    assert "Not an independent measurement" not in markdown(independent)
