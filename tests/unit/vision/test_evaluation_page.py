"""An evaluation as people read it."""

from __future__ import annotations

import json

from PIL import Image

from tests.factories.vision import create_judged
from vision.card import _table
from vision.evaluate import by_person, report, roc_curves
from vision.evaluation_page import markdown, write

JOINTLY = {
    "home, 60 photos by lesion": {
        "n": 30,
        "photos": {"loss": {"value": 0.5, "interval": [0.4, 0.6]}},
        "known": {"loss": {"value": 0.4, "interval": [0.3, 0.5]}, "late": {"value": 1.0, "interval": None}},
    },
    "clinical photos": {"n": 2, "photos": {}},
}


def result(**more):
    judged = [create_judged("nv", "nv", age=30.0, source="home") for _ in range(20)]
    judged += [create_judged("mel", "mel", age=30.0, source="home") for _ in range(10)]
    judged += [create_judged("mel", "nv", age=80.0, source="abroad") for _ in range(2)]
    return {
        "model": {"name": "drawn", "version": "1"},
        "split": "test",
        "left_out_as_trained_on": 0,
        "left_out_unreadable": 0,
        "measured_though_used_to_set_thresholds": 0,
        "strata": report(judged, rounds=20),
        "people": by_person(judged, rounds=20),
        "jointly": JOINTLY,
        "roc": roc_curves(judged),
        **more,
    }


WORSE = {
    "all": {
        "pictures": 4,
        "as_they_are_refused": 0.25,
        "changes": {
            "half the light": {
                "flip_rate": 0.5,
                "interval": [0.1, 0.9],
                "of_read": None,
                "risk_change": 0.2,
                "risk_shift": -0.1,
                "refused": 1.0,
            }
        },
    }
}
SHARED = {
    "limit": 64,
    "bits": 480,
    "correlation": 0.99,
    "unreadable": 1,
    "splits": {"test": 3, "train": 4},
    "pairs": {"test · train": {"lesions": 2, "patients": 1, "duplicates": 1, "examples": [["a", "b", 7]]}},
}


def test_what_was_called_what_is_counted_by_source():
    text = markdown(result())
    assert "| abroad · " in text
    assert "| mel | 0 | 0 | 0 | 0 | 0 | 2 | 0 |" in text
    assert "| nv | 0 | 0 | 0 | 0 | 0 | 20 | 0 |" in text
    assert "\n| bcc |" not in text, "of which there is none"


def test_small_strata_are_listed_with_their_number_and_called_small():
    text = markdown(result())
    assert "| pictures (groups) | 32 (32) | 2 (2), **fewer than 30 pictures** | 30 (30) |" in text
    assert "| 75+ | 2 (2), **fewer than 30 pictures** | – |" in text
    assert "| <40 | 30 (30) | 1.000 (1.000–1.000) |" in text
    assert "## By sex" not in text, "nothing is known of it"


def test_lesions_of_several_photos_have_a_row_without_and_with_what_is_known():
    text = markdown(result())
    assert "| home, 60 photos by lesion | 30 | photos only | 0.500 (0.400–0.600) | – |" in text
    assert (
        "| home, 60 photos by lesion | 30 | and age, sex, site, symptoms | 0.400 (0.300–0.500) | 1.000 |"
        in text
    )
    assert "| clinical photos | 2, **fewer than 30 pictures** | photos only | – | – |" in text


def test_a_class_is_named_with_how_many_pictures_it_has():
    row = next(
        line for line in markdown(result()).splitlines() if line.startswith("| conformal_coverage.mel")
    )
    assert "n = 12" in row


def test_what_was_not_asked_for_has_no_place():
    text = markdown(result())
    assert "Robustness" not in text
    assert "Leakage" not in text


def test_what_was_asked_for_is_shown():
    text = markdown(result(robustness=WORSE, leakage=SHARED))
    assert "| all (4) | half the light | 0.500 (0.100–0.900) | – | 0.200 | -0.100 | 1.000 |" in text
    assert "| test · train | 2 | 1 | 1 | a = b (7) |" in text


def test_every_row_of_a_table_has_as_many_cells_as_its_head():
    width = 0
    for line in markdown(result(robustness=WORSE, leakage=SHARED)).splitlines():
        cells = line.count("|") if line.startswith("|") else 0
        assert not cells or not width or cells == width, line
        width = cells


def test_a_folder_holds_numbers_text_and_plots(tmp_path):
    said = result()
    names = write(said, tmp_path / "new" / "folder")
    assert names == [
        "evaluation.json",
        "evaluation.md",
        "reliability.png",
        "risk_coverage.png",
        "roc.png",
    ]
    folder = tmp_path / "new" / "folder"
    assert json.loads((folder / "evaluation.json").read_text()) == json.loads(json.dumps(said))
    assert (folder / "evaluation.md").read_text() == markdown(said)
    for name in names[2:]:
        with Image.open(folder / name) as plot:
            assert (plot.format, plot.height) == ("PNG", 600)
            assert len(plot.convert("RGB").getcolors(2**24) or []) > 50


def test_the_card_shows_the_new_figures_and_outlives_old_ones():
    figures = result()["strata"]
    assert "| prediction sets that hold the label | 0.938" in _table(figures)
    for stratum in figures.values():
        del stratum["figures"]["conformal_coverage"]
    assert "| prediction sets that hold the label | – | – | – |" in _table(figures)
