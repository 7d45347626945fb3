"""The data files that doctors' pages stand on hold together."""

from __future__ import annotations

import pytest

from app.cases import advice, diagnoses
from app.cases.models import NextStep
from app.cases.reading import CONFIDENCES
from app.cases.reading_rules import rules
from app.doctor import words


@pytest.mark.parametrize("key", diagnoses.keys())
def test_every_diagnosis_has_a_starting_text_that_could_be_signed(key: str) -> None:
    found = advice.advice_for(key)
    if found.next_step == NextStep.IN_PERSON:
        assert found.within_days is not None
        assert 1 <= found.within_days <= rules().within_days_limit
    else:
        assert found.within_days is None
    # "Something else" is what no text can be prepared for.
    assert (found.ko == "") == (found.en == "") == (key == "other")


def test_what_may_be_cancer_is_sent_to_a_doctor_in_person() -> None:
    for diagnosis in diagnoses.all_diagnoses():
        if diagnosis.group in ("malignant", "premalignant"):
            assert advice.advice_for(diagnosis.key).next_step == NextStep.IN_PERSON


def test_a_patient_reads_the_starting_text_in_their_language() -> None:
    found = advice.advice_for("nv")
    assert found.text("ko").startswith("사진으로는")
    assert found.text("en").startswith("In the photo")
    assert found.text("fr") == found.ko


def test_every_key_has_words() -> None:
    assert set(dict(words.CONFIDENCE)) == set(CONFIDENCES)
    assert set(dict(words.NEXT_STEP)) == {step.value for step in NextStep}
