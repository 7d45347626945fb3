"""Five folds of smartphone photos: nobody is read by a network that has seen them, and nothing is done twice."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from vision.card import FOLDS
from vision.classes import KEYS
from vision.data import Record, data_dir, read_labels
from vision.evaluate import sources_of, trained_on
from vision.registry import digest

torch = pytest.importorskip("torch", reason="training needs requirements/train.txt")

from vision import build, folds  # noqa: E402 - only where torch is
from vision.fit import set_on  # noqa: E402
from vision.recipe import Recipe, without  # noqa: E402
from vision.train import Options, run  # noqa: E402

KINDS = ("akiec", "scc", "bcc", "bkl", "mel", "nv")
TINY = Recipe(batch=2, resolution=48, small=32, large=32)


@pytest.fixture
def drawn_series(tmp_path, draw, monkeypatch):
    """Drawings: dermoscopy to train the base on, and two photos of each of thirty patients."""
    images = tmp_path / "data" / "skin" / "images"
    images.mkdir(parents=True)
    rows = [("image_id", "dx", "source_dataset", "modality", "lesion_id", "patient_id", "split_hint")]
    for number, dx in enumerate((*KINDS, "df", "vasc")):
        rows.append((f"h{number}", dx, "HAM10000", "dermoscopic", f"L{number}", "", "train"))
        rows.append((f"v{number}", dx, "HAM10000", "dermoscopic", f"V{number}", "", "val"))
    for patient in range(30):
        dx = KINDS[patient % len(KINDS)]
        rows.extend(
            (f"p{patient}{photo}", dx, folds.SERIES, "clinical smartphone", "", f"P{patient}", "train")
            for photo in "ab"
        )
    for number, row in enumerate(rows[1:]):
        draw(64, 48, seed=number).save(images / f"{row[0]}.jpg")
    with (images.parent / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    monkeypatch.setenv("SALPIM_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(
        folds, "fold_recipe", lambda base, seed: replace(TINY, seed=seed, small_until=1.0, shares=SHARES)
    )
    return tmp_path


SHARES = (("dermoscopy", 0.5), ("smartphone", 0.5))


def test_every_photo_is_read_once_by_a_network_that_has_not_seen_its_patient(drawn_series):
    base = run(
        without(TINY, [folds.SERIES]),
        Options(out=drawn_series / "base", steps=1, threads=1),
        lambda line: None,
    )
    said: list[str] = []
    asked = {"steps": 1, "seed": 1, "threads": 1, "log": said.append}
    found = folds.run_folds(base, drawn_series / "data" / "skin", drawn_series / "folds", **asked)
    assert found["pictures"] == 60
    assert found["groups"] == 30
    photos = [set(fold["photos"]) for fold in found["folds"]]
    assert sum(map(len, photos)) == len(set.union(*photos)) == 60
    patients = [{name[:-1] for name in fold} for fold in photos]
    assert not any(a & b for i, a in enumerate(patients) for b in patients[:i])
    assert sum("finished at step 1" in line for line in said) == folds.FOLDS
    assert "| balanced_accuracy |" in folds.said(found)

    said.clear()
    again = folds.run_folds(base, drawn_series / "data" / "skin", drawn_series / "folds", **asked)
    assert not any("finished" in line for line in said), "a fold that was finished is not trained again"
    assert again == found
    folds.record(found, drawn_series / "folds.json")
    assert json.loads((drawn_series / "folds.json").read_text()) == found


def test_a_fold_is_trained_on_nothing_of_the_patients_it_reads(drawn_series, monkeypatch):
    seen: list[tuple[set[str], set[str]]] = []

    def looked_at(recipe, options, log, *, records, base):
        used = {r.patient_id for r in records if r.source == folds.SERIES and r.split in {"train", "val"}}
        seen.append((used, {r.patient_id for r in records if r.split == "held"}))
        raise InterruptedError

    monkeypatch.setattr(folds, "run", looked_at)
    base = run(
        without(TINY, [folds.SERIES]),
        Options(out=drawn_series / "base", steps=1, threads=1),
        lambda line: None,
    )
    with pytest.raises(InterruptedError):
        folds.run_folds(
            base,
            drawn_series / "data" / "skin",
            drawn_series / "folds",
            steps=1,
            seed=1,
            threads=1,
            log=print,
        )
    used, held = seen[0]
    assert held
    assert not used & held
    assert len(used | held) == 30


def test_a_base_that_may_have_seen_the_series_is_refused():
    for base in ({"begin": "lite0-3", "sources": []}, {"begin": "", "sources": [[folds.SERIES, 1.0]]}):
        with pytest.raises(ValueError, match="--without PAD-UFES-20"):
            folds.fold_recipe(base, 1)


def test_a_base_whose_teachers_may_have_seen_the_series_is_refused():
    base = {**asdict(without(Recipe(), [folds.SERIES])), "teachers": ["another"]}
    with pytest.raises(ValueError, match="--without PAD-UFES-20"):
        folds.fold_recipe(base, 1)


def test_folds_of_the_recorded_base_are_those_that_were_recorded():
    base = json.loads(FOLDS.read_text(encoding="utf-8"))["base"]["recipe"]
    recipe = folds.fold_recipe(base, 31)
    assert (recipe.resolution, recipe.small, recipe.large) == (150, 160, 192)
    assert (recipe.coarse, recipe.square, recipe.mixed, recipe.batch) == (0.0, 0.0, 0.5, 48)


def test_folds_of_another_base_do_not_count(drawn_series):
    data, out = drawn_series / "data" / "skin", drawn_series / "folds"
    asked = {"steps": 1, "seed": 1, "threads": 1, "log": lambda line: None}
    bases = [
        run(
            replace(without(TINY, [folds.SERIES]), seed=seed),
            Options(out=drawn_series / f"base{seed}", steps=1, threads=1),
            lambda line: None,
        )
        for seed in (1, 2)
    ]
    found = folds.run_folds(bases[0], data, out, **asked)
    assert found["base"]["sha256"] == digest(bases[0])
    with pytest.raises(ValueError, match="another recipe"):
        folds.run_folds(bases[1], data, out, **asked)


def test_a_fold_that_is_exported_has_seen_what_it_was_trained_on(drawn_series, monkeypatch):
    records = read_labels(drawn_series / "data" / "skin" / "labels.csv")
    options = Options(out=drawn_series / "base", steps=1, threads=1)
    base = run(without(TINY, [folds.SERIES]), options, lambda line: None)
    mixed = [replace(r, split="val" if r.image_id < "p2" else "test") for r in records if r.patient_id]
    held = {r.image_id for r in mixed if r.patient_id == "P3"}
    divided = [replace(r, split=folds._split(r, held)) for r in mixed]
    options = Options(out=drawn_series / "fold", steps=1, threads=1)
    rest = [r for r in records if not r.patient_id]
    fold = run(replace(TINY, shares=SHARES), options, lambda line: None, records=divided + rest, base=base)
    labels = (drawn_series / "data" / "skin" / "labels.csv").read_text()
    (drawn_series / "data" / "skin" / "labels.csv").write_text(
        "".join(
            line.replace(",train", ",val") if line[0] == "p" else line for line in labels.splitlines(True)
        )
    )
    fitted = []
    monkeypatch.setattr(build, "export_onnx", lambda nets, folder, **_: None)
    monkeypatch.setattr(build, "fit", lambda folder, data, train, config, **_: fitted.append(train))
    data = drawn_series / "data" / "skin"
    build.build(
        (base, fold, base), drawn_series / "made", data, version="1", threads=1, log=lambda line: None
    )
    ids, groups = trained_on(drawn_series / "made")
    own = {r.image_id for r in records if r.patient_id}
    assert ids & own == own - held
    assert {f"{folds.SERIES}/patient/P2", "HAM10000/lesion/L1"} < groups
    assert f"{folds.SERIES}/patient/P3" not in groups
    assert {r.image_id for r in fitted[0]} == ids
    assert folds.SERIES in sources_of(drawn_series / "made")
    val = {r.image_id for r in set_on(read_labels(data / "labels.csv"), fitted[0])}
    assert val == held | {r.image_id for r in records if r.split == "val"}


def test_what_is_left_out_must_be_there():
    assert folds.SERIES not in dict(without(Recipe(), [folds.SERIES]).sources)
    with pytest.raises(ValueError, match="HAM10000"):
        without(Recipe(), ["HAM1000"])
    with pytest.raises(ValueError, match="no source is left"):
        without(Recipe(), [source for source, _ in Recipe().sources])


def test_the_priors_of_training_are_those_of_the_photos():
    rows = [
        Record(name, KEYS.index(dx), dx, folds.SERIES, "clinical smartphone", "", name, "train")
        for name, dx in (("a", "nv"), ("b", "nv"), ("c", "nv"), ("d", "nv"), ("e", "mel"))
    ]
    share = folds.training_priors(rows, Recipe(shares=(("smartphone", 1.0),)))
    finite = share[np.isfinite(share)]
    # Counts 4 and 1 to the power of a half: two to one.
    assert sorted(finite) == pytest.approx([1 / 3, 2 / 3])


def test_what_the_card_quotes_is_of_every_photo_once_and_of_no_patient_twice():
    found = json.loads(FOLDS.read_text(encoding="utf-8"))
    photos = [name for fold in found["folds"] for name in fold["photos"]]
    assert len(photos) == len(set(photos)) == found["pictures"] == 520
    assert found["figures"]["balanced_accuracy"]["value"] >= 0.62
    assert folds.SERIES not in dict(found["base"]["recipe"]["sources"])
    assert not found["base"]["recipe"]["begin"]
    labels = data_dir() / "skin" / "labels.csv"
    if not labels.exists():
        pytest.skip("which photo is of which patient is in the shared data (SALPIM_DATA), which is not here")
    patient = {r.image_id: r.patient_id for r in read_labels(labels)}
    patients = [{patient[name] for name in fold["photos"]} for fold in found["folds"]]
    assert not any(a & b for i, a in enumerate(patients) for b in patients[:i])
