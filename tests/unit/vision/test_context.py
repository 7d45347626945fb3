"""Age, sex and site shift the odds; what is unknown shifts nothing; several photos are read together."""

from __future__ import annotations

import json
import shutil
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vision.classes import KEYS
from vision.cli import main
from vision.context import Context, Known, learn, of, shifted, site_group
from vision.data import Record, read_labels
from vision.evaluate import Judged
from vision.fit import write_config
from vision.jointly import knowing
from vision.metadata import about as about_picture
from vision.metadata import read_metadata
from vision.predict import Predictor
from vision.registry import MODELS, default_name
from vision.samples import exposed
from vision.tables import DataError


@pytest.fixture(scope="module")
def lesion_photo(tmp_path_factory: pytest.TempPathFactory, draw: Any, encode: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("photo") / "lesion.jpg"
    path.write_bytes(encode(draw()))
    return path


def record(label: str, age: float | None, sex: str = "male", site: str = "back") -> Record:
    return Record("x", KEYS.index(label), label, "HAM10000", "dermoscopic", "l", "", "train", age, sex, site)


@pytest.mark.parametrize(
    "site, group",
    [
        ("head_neck_face", "head"), ("upper extremity", "arm"), ("lower_extremity", "leg"), ("posterior torso", "trunk"),
        ("FOREARM", "arm"), ("palms/soles", "hand"), ("oral/genital", "genital"), ("", ""), ("somewhere", ""),
    ],
)  # fmt: skip
def test_sites_of_every_source_are_one_vocabulary(site: str, group: str) -> None:
    assert site_group(site) == group


@pytest.mark.parametrize(
    "site, group",
    [
        ("upper back", "trunk"), ("Upper chest", "trunk"), ("lower back", "trunk"), ("lower abdomen", "trunk"),
        ("armpit", "trunk"), ("axilla", "trunk"), ("groin", "trunk"), ("left breast", "trunk"), ("flank", "trunk"),
        ("upper arm", "arm"), ("wrist", "arm"), ("lower leg", "leg"), ("calf", "leg"), ("hip", "leg"),
        ("heel", "foot"), ("soles", "foot"), ("feet", "foot"), ("toe nail", "foot"), ("back of the hand", "hand"),
        ("chin", "head"), ("upper lip", "head"), ("mouth", "head"), ("eyelids", "head"), ("upper", ""), ("nail", ""),
    ],
)  # fmt: skip
def test_a_site_is_what_its_noun_says(site: str, group: str) -> None:
    assert site_group(site) == group


@pytest.mark.parametrize(
    "site, group",
    [
        ("얼굴", "head"), ("코", "head"), ("왼쪽 귀", "head"), ("두피", "head"), ("뒷목", "head"), ("아랫입술", "head"),
        ("등", "trunk"), ("가슴", "trunk"), ("아랫배", "trunk"), ("겨드랑이", "trunk"), ("왼팔", "arm"), ("손목", "arm"),
        ("손등", "hand"), ("오른손", "hand"), ("다리", "leg"), ("발목", "leg"), ("발바닥", "foot"), ("발에", "foot"),
        ("팔 발진", "arm"), (unicodedata.normalize("NFD", "얼굴"), "head"), ("발진", ""), ("모름", ""),
    ],
)  # fmt: skip
def test_sites_are_understood_in_korean(site: str, group: str) -> None:
    assert site_group(site) == group


def test_what_is_unknown_or_nonsense_shifts_nothing() -> None:
    context = Context(learn([record("nv", 20)] * 50 + [record("bcc", 75)] * 50), 1.0)
    for known in (Known(), Known(float("nan")), Known(-3), Known(400), Known(None, "?", "moon")):
        assert context.shift(known).tolist() == [0.0] * len(KEYS)
    probability = np.full(len(KEYS), 1 / len(KEYS))
    assert shifted(probability, np.zeros(len(KEYS))) == pytest.approx(probability)


@pytest.mark.parametrize(
    "sex, value",
    [
        ("M", "m"),
        ("man", "m"),
        ("남성", "m"),
        ("Woman", "f"),
        ("여", "f"),
        ("missing", None),
        ("mystery", None),
    ],
)
def test_sex_is_a_known_word_or_nothing(sex: str, value: str | None) -> None:
    assert Known(sex=sex).values().get("sex") == value


def test_age_speaks_for_what_comes_with_age() -> None:
    context = Context(learn([record("nv", 20)] * 50 + [record("bcc", 75)] * 50), 1.0)
    shift = context.shift(Known(76))
    assert shift[KEYS.index("bcc")] > 0 > shift[KEYS.index("nv")]
    assert shift[KEYS.index("df")] == pytest.approx(0), "of a class nobody has seen nothing is said"
    half = Context(context.ratios, 0.5).shift(Known(76))
    assert half == pytest.approx(shift / 2)


def test_symptoms_shift_only_where_they_are_told_and_never_speak_against_melanoma() -> None:
    rows = [replace(record("bcc", 70), symptoms=(("bleed", True), ("itch", True)))] * 60
    rows += [replace(record("mel", 60), symptoms=(("bleed", False), ("itch", False)))] * 30
    rows += [replace(record("nv", 30), symptoms=(("bleed", False),))] * 60
    context = Context(learn(rows), 1.0)
    bleeding = context.shift(Known(symptoms={"bleed": True, "itch": True}))
    assert bleeding[KEYS.index("bcc")] > 0 > bleeding[KEYS.index("nv")]
    assert bleeding[KEYS.index("mel")] == 0, "thirty melanomas that did not bleed prove nothing"
    assert context.shift(Known(symptoms={"bleed": False}))[KEYS.index("bcc")] < 0
    assert not context.shift(Known(symptoms={"singing": True})).any()


def test_answers_are_read_as_yes_no_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "about.csv"
    path.write_text("image_id,itching,growth,bleed\na,Yes,no,UNK\nb,,1,False\n", encoding="utf-8")
    found = read_metadata(path)
    assert found["a"].known.values() == {"itch": "yes", "grew": "no"}
    assert found["b"].known.symptoms == {"grew": True, "bleed": False}
    labels = tmp_path / "labels.csv"
    labels.write_text("image_id,dx,itch,changed\na,nv,yes,\nb,mel,unk,no\n", encoding="utf-8")
    assert [r.symptoms for r in read_labels(labels)] == [(("itch", True),), (("changed", False),)]


def test_a_context_survives_its_json() -> None:
    context = Context(learn([record("nv", 20), record("mel", 60, "female", "face")] * 9), 0.75)
    again = Context.from_json(json.loads(json.dumps(context.to_json())))
    known = Known(61, "F", "nose")
    assert again.shift(known) == pytest.approx(context.shift(known), abs=1e-3)
    assert Context.from_json(None).shift(known).tolist() == [0.0] * len(KEYS)
    with pytest.raises(ValueError, match="one number per class"):
        Context.from_json({"strength": 1, "log_ratios": {"age": {"1": [0.0]}}})


def test_metadata_is_found_by_name_with_and_without_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "about.csv"
    path.write_text(
        "IMAGE_ID,age_approx,Sex,anatom_site_general,lesion_id\na.jpg,61,female,head/neck,L1\nb,old,,,\n",
        encoding="utf-8-sig",
    )
    found = read_metadata(path)
    assert found["a"] == found["a.jpg"]
    assert found["a"].known.values() == {"age": "3", "sex": "f", "site": "head"}
    assert (found["a"].lesion, found["b"].known.values()) == ("L1", {})
    path.write_text("age\n61\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column names the pictures"):
        read_metadata(path)


def test_cells_that_are_not_understood_are_said_once_for_each_column(tmp_path: Path) -> None:
    path = tmp_path / "about.csv"
    path.write_text(
        "image_id,age,sex,site,itch\na,85+,mystery,face,yes\nb,60-65,,moon,unk\nc,50세,여,unknown,maybe\nd,61 years,,,\n",
        encoding="utf-8",
    )
    lines: list[str] = []
    found = read_metadata(path, lines.append)
    assert (found["c"].known.age, found["d"].known.age) == (50, 61)
    assert found["a"].known.values() == {"site": "head", "itch": "yes"}
    assert lines == [
        f"{path}: age not understood and left out in rows: 2, the first '85+' of a",
        f"{path}: sex not understood and left out in rows: 1, the first 'mystery' of a",
        f"{path}: site not understood and left out in rows: 1, the first 'moon' of b",
        f"{path}: itch not understood and left out in rows: 1, the first 'maybe' of c",
    ]


def test_a_row_with_a_folder_is_of_the_picture_there_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "about.csv"
    path.write_text(
        f"path,age\n{tmp_path}/a/P.jpg,30\nb/P.jpg,70\nd/P,80\nQ.jpg,40\nQ.jpg,41\nQ.jpg,41\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    lines: list[str] = []
    found = read_metadata(path, lines.append)
    places = (
        "a/P.jpg",
        "Q.png",
        f"{tmp_path}/b/P.jpg",
        "./c/../b/P.jpg",
        "c/P.jpg",
        "P.jpg",
        "d/P.png",
        "anywhere/Q.jpg",
    )
    ages = [about_picture(found, Path(place)).known.age for place in places]
    assert ages == [30, 41, 70, 70, None, None, 80, 41]
    assert lines == [
        f"{path}: rows that say otherwise than one before them, of which the last counts: 1, the first Q.jpg"
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_what_spreadsheets_save_is_read(tmp_path: Path, encoding: str, mark: str) -> None:
    path = tmp_path / "about.csv"
    rows = [("File", "age", "sex", "site"), ("사진,1.jpg", "61", "여성", "얼굴; 코")]
    text = "\r\n".join(mark.join(f'"{cell}"' for cell in row) for row in rows)
    path.write_bytes(f"{text}\r\n{mark * 3}\r\n".encode(encoding))
    found = read_metadata(path)
    assert found.keys() == {"사진,1.jpg", "사진,1"}
    assert found["사진,1"].known.values() == {"age": "3", "sex": "f", "site": "head"}


def test_bytes_of_no_encoding_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "about.csv"
    path.write_bytes(b"image_id,age\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="UTF-8 or CP949"):
        read_metadata(path)


def test_rows_that_are_of_no_picture_are_said(
    tmp_path: Path, lesion_photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = tmp_path / "about.csv"
    about.write_text("image_id,age\nlesion,50\nlost.jpg,60\ngone.jpg,60\n", encoding="utf-8")
    assert main(["predict", str(lesion_photo), "--metadata", str(about)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"{about}: rows that match no picture: 2, the first lost.jpg"
    ]


def test_predict_takes_metadata_and_reads_a_lesion_s_photos_together(
    tmp_path: Path, lesion_photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["one.jpg", "two.jpg", "three.jpg"]
    for name in names:
        (tmp_path / name).write_bytes(lesion_photo.read_bytes())
    about = tmp_path / "about.csv"
    about.write_text(
        "image_id,age,sex,site,lesion_id\none,80,male,face,A\ntwo,80,male,face,A\n", encoding="utf-8"
    )
    assert main(["predict", *(str(tmp_path / n) for n in names), "--jsonl", "--metadata", str(about)]) == 0
    one, two, three, lesion = map(json.loads, capsys.readouterr().out.splitlines())
    assert one["metadata"] == ["age", "sex", "site"]
    assert "metadata" not in three
    assert lesion["lesion"] == "A"
    assert lesion["photos"] == 2
    assert lesion["probabilities"] == pytest.approx(two["probabilities"], abs=1e-4)
    assert main(["predict", str(tmp_path / "three.jpg"), "--jsonl"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["probabilities"] == three["probabilities"], "without metadata nothing changes"


def test_what_was_given_and_what_of_it_had_a_say_are_told_apart(
    tmp_path: Path, lesion_photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(MODELS / default_name(), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    del config["context"]["log_ratios"]["site"]["head"]
    write_config(folder, config)
    about = tmp_path / "about.csv"
    about.write_text(f"image_id,age,site\n{lesion_photo.stem},80,face\n")
    assert (
        main(["predict", str(lesion_photo), "--jsonl", "--metadata", str(about), "--model", str(folder)]) == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert (said["metadata"], said["known"]) == (["age", "site"], ["age"])


def test_photos_that_are_not_readable_have_no_say(lesion_photo: Path) -> None:
    predictor = Predictor.load()
    good = predictor.predict(lesion_photo.read_bytes())
    dark = predictor.predict(exposed(0.01)(Image.open(lesion_photo).convert("RGB")))
    assert dark.outcome == "not_readable"
    if good.outcome != "not_readable":
        together = predictor.together([good, dark])
        assert together.probabilities == pytest.approx(good.probabilities, abs=1e-4)
        assert (together.photos, together.read) == (2, 1)
        assert together.outcome != "not_readable"
    none = predictor.together([dark, dark])
    assert (none.outcome, none.reason, none.urgent, none.read) == ("not_readable", dark.reason, False, 0)
    assert not any((dark.suspicious, dark.urgent, none.suspicious))
    with pytest.raises(ValueError, match="no predictions"):
        predictor.together([])


def test_what_is_measured_with_knowledge_is_what_predict_says_with_it(
    predictor: Predictor, lesion_photo: Path
) -> None:
    photo = lesion_photo.read_bytes()
    old = replace(record("mel", 80.0, site="face"), symptoms=(("bleed", True),))
    found = knowing(predictor.config, Judged(old, predictor.predict(photo))).prediction
    asked = predictor.predict(photo, of(old))
    assert found.probabilities == pytest.approx(asked.probabilities)
    assert found.risk == pytest.approx(asked.risk) != pytest.approx(predictor.predict(photo).risk)
    assert (found.top, found.prediction_set) == (asked.top, asked.prediction_set)
