"""What splits share: lesions, patients, and one picture under two names."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.factories.vision import create_record
from vision.leakage import GRID, duplicates, leakage

COPIES = {
    "smaller": lambda p: p.resize((150, 112)),
    "brighter": lambda p: p.point(lambda v: min(255, v * 1.15)),
    "turned": lambda p: p.rotate(90, expand=True),
    "mirrored": ImageOps.mirror,
    "upside down and mirrored": ImageOps.flip,
}


@pytest.fixture
def photo(draw):
    """A lesion that is not in the middle and not round, on skin that is lit from one side."""

    def make(at=(0.4, 0.6), seed=1) -> Image.Image:
        picture = draw(300, 225, at=at, radius=0.3, seed=seed)
        shade = Image.linear_gradient("L").rotate(90).resize(picture.size)
        return Image.blend(picture, Image.merge("RGB", (shade,) * 3), 0.3)

    return make


def pair(records, images):
    return leakage(records, images)["pairs"]["test · train"]


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_in_another_split_is_found(photo, tmp_path, copy):
    photo().save(tmp_path / "original.jpg", quality=95)
    COPIES[copy](photo()).save(tmp_path / "copy.jpg", quality=60)
    records = [
        create_record(image_id="original"),
        create_record(image_id="copy", split="train", source="elsewhere"),
    ]
    found = pair(records, tmp_path)
    assert found["duplicates"] == 1
    assert set(found["examples"][0][:2]) == {"original", "copy"}
    assert (found["lesions"], found["patients"]) == (0, 0)


def test_another_lesion_is_no_copy(photo, tmp_path):
    photo().save(tmp_path / "one.jpg")
    photo(at=(0.6, 0.6), seed=2).save(tmp_path / "other.jpg")
    photo(at=(0.45, 0.5), seed=3).save(tmp_path / "third.jpg")
    records = [
        create_record(image_id="one"),
        create_record(image_id="other", split="train"),
        create_record(image_id="third", split="train"),
    ]
    assert pair(records, tmp_path)["duplicates"] == 0


def test_pictures_that_share_their_light_but_no_detail_are_not_one():
    """Half in shadow, half in light: the grids correlate almost fully, and every second comparison differs."""
    light = np.where(np.arange(GRID) < GRID / 2, 60.0, 200.0)
    grain = np.random.default_rng(0).normal(0, 1, (2, GRID, GRID))
    one, other = (light + grain).astype(np.float32)[:, None]
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.999
    assert list(duplicates(one, other)) == []
    assert list(duplicates(one, one)) == [(0, 0, 0)]


def test_flat_pictures_are_not_taken_for_one_another(tmp_path):
    for name, colour in {"white": (255, 255, 255), "skin": (200, 160, 140)}.items():
        Image.new("RGB", (200, 150), colour).save(tmp_path / f"{name}.png")
    records = [create_record(image_id="white"), create_record(image_id="skin", split="train")]
    assert pair(records, tmp_path)["duplicates"] == 0


def test_copies_within_a_split_are_no_leak(photo, tmp_path):
    for name in ("one", "same"):
        photo().save(tmp_path / f"{name}.jpg")
    found = leakage([create_record(image_id="one"), create_record(image_id="same")], tmp_path)
    assert found["pairs"] == {}
    assert found["splits"] == {"test": 2}


def test_lesions_and_patients_in_two_splits_are_counted(tmp_path):
    records = [
        create_record(lesion_id="L", patient_id="P", split="train"),
        create_record(lesion_id="L", patient_id="P", split="train"),
        create_record(lesion_id="L", patient_id="Q"),
        create_record(lesion_id="M", patient_id="P"),
        create_record(lesion_id="N", split="val"),
        create_record(lesion_id="N", source="another source of the same numbers"),
        create_record(lesion_id="", split="val"),
        create_record(lesion_id=""),
    ]
    found = leakage(records, tmp_path)
    shared = {name: (p["lesions"], p["patients"]) for name, p in found["pairs"].items()}
    assert shared == {"test · train": (1, 1), "test · val": (0, 0), "train · val": (0, 0)}
    assert found["unreadable"] == 8


def test_a_patch_of_skin_belongs_to_the_lesion_it_was_cut_from(tmp_path):
    records = [
        create_record(source="MILK10k", lesion_id="L", split="train"),
        create_record(source="MILK10k_plain_skin_patch", lesion_id="L"),
    ]
    assert pair(records, tmp_path)["lesions"] == 1


def test_what_cannot_be_read_is_named_and_the_rest_compared(photo, tmp_path):
    photo().save(tmp_path / "one.jpg")
    photo().save(tmp_path / "same.jpg")
    (tmp_path / "damaged.jpg").write_bytes(b"no picture")
    records = [
        create_record(image_id="one"),
        create_record(image_id="same", split="train"),
        create_record(image_id="damaged", split="train"),
        create_record(image_id="missing", split="train"),
    ]
    said: list[str] = []
    found = leakage(records, tmp_path, log=said.append)
    assert (found["unreadable"], found["pairs"]["test · train"]["duplicates"]) == (2, 1)
    assert [line.partition(":")[0] for line in said] == ["damaged", "missing"]
