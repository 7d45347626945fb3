"""No picture, lesion or patient that was trained on is ever measured on."""

from __future__ import annotations

import shutil

import pytest

from vision.data import DataError, read_labels
from vision.evaluate import groups_of, judged_by, trained_on
from vision.predict import Predictor
from vision.registry import MODELS, default_name, write_sums

FOLDER = MODELS / default_name()


@pytest.mark.shared_data
def test_validation_and_test_share_nothing_with_what_was_trained_on(skin_data):
    ids, groups = trained_on(FOLDER)
    records = read_labels(skin_data / "labels.csv")
    held_out = [r for r in records if r.split in {"val", "test"} and r.label >= 0]
    assert len(held_out) > 2000
    assert not [r.image_id for r in held_out if r.image_id in ids]
    assert not [r.image_id for r in held_out if groups_of(r) & groups]


@pytest.mark.shared_data
def test_what_was_trained_on_is_the_training_split(skin_data):
    ids, groups = trained_on(FOLDER)
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
    judged, left_out = judged_by(little_model, images=tmp_path, labels=labels)
    assert [j.record.image_id for j in judged] == ["new"]
    assert left_out == 2
    labels.write_text("image_id,dx,lesion_id,source_dataset\nsibling,nv,L1,drawn\n")
    with pytest.raises(DataError, match="trained on every picture"):
        judged_by(little_model, images=tmp_path, labels=labels)
