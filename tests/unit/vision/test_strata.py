"""Whom the figures hold for: every patient in the right stratum, and none that is too small to be measured."""

from __future__ import annotations

import pytest

from tests.factories.vision import create_judged, create_record
from vision.data import Record, read_labels
from vision.evaluate import by_person, report
from vision.strata import STRATA, age_band, body_site, in_order


@pytest.mark.parametrize(
    ("age", "band"),
    [(0.0, "<40"), (39.9, "<40"), (40, "40–59"), (59, "40–59"), (60, "60–74"), (74, "60–74"), (75, "75+")],
)
def test_age_bands_begin_at_their_first_year(age, band):
    assert age_band(create_record(age=age)) == band


def test_what_is_not_known_belongs_to_no_stratum():
    assert {name: stratum(create_record()) for name, stratum in STRATA.items()} == dict.fromkeys(STRATA)
    assert body_site(create_record(body_site="unknown")) is None


def test_parts_of_the_body_are_brought_together():
    assert body_site(create_record(body_site="upper extremity")) == body_site(
        create_record(body_site="forearm")
    )
    assert body_site(create_record(body_site="somewhere new")) == "elsewhere"


@pytest.mark.parametrize(("said", "pair"), [("1", "I–II"), ("4.0", "III–IV"), ("6", "V–VI"), ("9", None)])
def test_skin_types_come_in_pairs(said, pair):
    assert STRATA["Fitzpatrick type"](create_record(fitzpatrick=said)) == pair


def test_strata_are_listed_in_their_own_order():
    assert in_order(["75+", "40–59", "<40"]) == ["<40", "40–59", "75+"]
    assert in_order(["III–IV", "V–VI", "I–II"]) == ["I–II", "III–IV", "V–VI"]
    assert in_order(["male", "female"]) == ["female", "male"]


def test_labels_are_read_with_what_is_known_of_the_patient(tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "image_id,dx,age,sex,localization,fitzpatrick,skin_tone\n"
        "a,nv,45.0,Female,Head_Neck_Face,3,\n"
        "b,nv,unknown,,,,5\n"
        "c,nv,nan,,,,\n"
    )
    known, odd, empty = read_labels(labels)
    assert (known.age, known.sex, known.body_site, known.fitzpatrick) == (
        45.0,
        "female",
        "head_neck_face",
        "3",
    )
    assert (odd.age, odd.sex, odd.skin_tone) == (None, "", "5")
    assert empty.age is None


def test_labels_without_these_columns_are_read_too(tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("image_id,dx\na,nv\n")
    (record,) = read_labels(labels)
    assert (record.age, record.sex, record.body_site, record.fitzpatrick, record.skin_tone) == (
        *(None, "", "", "", ""),
    )


def test_a_stratum_is_measured_from_thirty_pictures_on():
    judged = [create_judged("nv", "nv", sex="male") for _ in range(15)]
    judged += [create_judged("mel", "nv", sex="male") for _ in range(15)]
    judged += [create_judged("nv", "nv", sex="female") for _ in range(29)]
    judged += [create_judged() for _ in range(3)]
    found = by_person(judged, rounds=20)["sex"]
    male, female = found["strata"]["male"], found["strata"]["female"]
    assert found["unknown"] == 3
    assert (male["pictures"], male["too_small"]) == (30, False)
    assert male["figures"]["balanced_accuracy"]["value"] == 0.5
    assert (female["pictures"], female["too_small"], female["figures"]) == (29, True, {})


def test_a_small_source_is_measured_and_flagged():
    judged = [create_judged(source="large") for _ in range(30)] + [create_judged(source="small")]
    found = report(judged, rounds=20)
    flags = {name: stratum["too_small"] for name, stratum in found.items()}
    assert flags == {"all": False, "large · dermoscopic": False, "small · dermoscopic": True}
    assert found["small · dermoscopic"]["figures"]["balanced_accuracy"]["value"] == 1.0


@pytest.mark.shared_data
def test_every_body_site_of_the_data_has_its_place(skin_data):
    records = read_labels(skin_data / "labels.csv")
    assert {r.body_site for r in records if body_site(r) == "elsewhere"} == set()
    assert all(any(stratum(r) is not None for r in records) for stratum in STRATA.values()), (
        "a column is not read"
    )


@pytest.mark.parametrize(
    ("source", "modality", "domain"),
    [
        ("MILK10k", "dermoscopic", "milk-dermoscopy"),
        ("MILK10k", "clinical close-up", "close-up"),
        ("PAD-UFES-20", "clinical smartphone", "smartphone"),
        ("DDI", "clinical", "close-up"),
        ("own", "Close-up", "close-up"),
        ("HAM10000", "dermoscopic", "dermoscopy"),
        ("own", "", "dermoscopy"),
    ],
)
def test_the_kind_of_picture_follows_its_modality(source, modality, domain):
    assert Record("x", 0, "nv", source, modality, "", "", "test").domain == domain
