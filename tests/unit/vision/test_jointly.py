"""What evaluate says of lesions with several photos, and of photos with what is known of the patient."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.vision import create_judged
from vision.evaluate import Judged
from vision.jointly import jointly, knowing, lesions_of, together
from vision.predict import Predictor
from vision.strata import SMALLEST


def lesion(number: int, *said: str, dx: str = "mel", **given: Any) -> list[Judged]:
    return [create_judged(dx, top, source="A", lesion_id=f"L{number}", **given) for top in said]


def test_lesions_are_those_of_which_two_photos_can_be_read() -> None:
    blurred = lesion(1, "mel")[0]
    object.__setattr__(blurred.prediction, "outcome", "not_readable")
    both, one = lesion(2, "mel", "nv"), lesion(3, "mel")
    namesake = [create_judged("mel", "mel", source="B", lesion_id="L3")]
    nameless = lesion(4, "mel", "mel")
    for j in nameless:
        object.__setattr__(j.record, "lesion_id", "")
    judged = [*both, *one, *namesake, *nameless, *lesion(1, "mel"), blurred]
    assert lesions_of(judged) == {"A": [both]}


def test_photos_of_a_lesion_are_judged_by_what_they_say_together(predictor: Predictor) -> None:
    lesions = [lesion(n, "mel", "nv") for n in range(SMALLEST)]
    found = jointly(predictor, [j for own in lesions for j in own], rounds=20)
    name = f"A, {2 * SMALLEST} photos by lesion"
    assert list(found) == [name, "dermoscopic photos"]
    assert (found[name]["n"], found["dermoscopic photos"]["n"]) == (SMALLEST, 2 * SMALLEST)
    said = predictor.together([j.prediction for j in lesions[0]])
    figures = found[name]["photos"]
    assert figures["balanced_accuracy"]["value"] == float(said.top == "mel")
    assert figures["sensitivity_at_risk_threshold"]["value"] == float(
        said.risk >= predictor.config.risk_threshold
    )
    assert figures["loss"]["value"] < found["dermoscopic photos"]["photos"]["loss"]["value"]
    assert "specificity_at_risk_threshold" not in figures, "of nothing benign there is none"
    assert together(predictor, lesions[0]).prediction.risk == said.risk


def test_what_is_known_counts_in_every_photo_and_is_left_out_where_nothing_is(predictor: Predictor) -> None:
    told = [j for n in range(SMALLEST) for j in lesion(n, "mel", "nv", age=85.0, body_site="face")]
    found = jointly(predictor, told, rounds=20)
    for part in found.values():
        assert part["known"]["loss"]["value"] != part["photos"]["loss"]["value"]
    first = [knowing(predictor.config, j) for j in told[:2]]
    assert together(predictor, first).prediction.risk != together(predictor, told[:2]).prediction.risk
    silent = jointly(predictor, [j for n in range(3) for j in lesion(n, "mel", "nv")], rounds=20)
    assert all("known" not in part for part in silent.values())


def test_few_lesions_are_counted_and_not_measured(predictor: Predictor) -> None:
    found = jointly(predictor, lesion(1, "mel", "nv"), rounds=20)
    assert found == {
        "A, 2 photos by lesion": {"n": 1, "photos": {}},
        "dermoscopic photos": {"n": 2, "photos": {}},
    }


@pytest.mark.parametrize("kind", ["clinical close-up", "dermoscopic"])
def test_photos_are_told_apart_by_kind(predictor: Predictor, kind: str) -> None:
    found = jointly(predictor, [create_judged(modality=kind)], rounds=20)
    assert list(found) == ["clinical photos" if "clinical" in kind else "dermoscopic photos"]
