"""What of the answers a model may use, in its own words and in the reader's."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from app.cases import body_sites, context, questions
from vision.context import ATTRIBUTES, Known, site_group
from vision.data import SYMPTOMS


def test_every_place_of_the_body_is_one_that_models_know() -> None:
    assert [site.key for site in body_sites.all_sites() if not site_group(site.en)] == []


def test_every_symptom_that_models_know_is_asked_and_named_alike() -> None:
    assert set(context.SYMPTOMS.values()) == set(SYMPTOMS)
    assert all(questions.find(key) for key in context.SYMPTOMS)


def test_what_is_told_is_what_models_take() -> None:
    told = context.Told(71, "male", "Right hand or nails", {"itch": True})
    assert set(Known(**vars(told)).values()) == {"age", "sex", "site", "itch"}
    assert asdict(context.Told()) == asdict(Known())


@pytest.mark.usefixtures("app")
def test_each_attribute_has_words() -> None:
    words = context.in_words(ATTRIBUTES).split(", ")
    assert len(set(words)) == len(ATTRIBUTES)
    assert not set(words) & set(ATTRIBUTES)
    assert context.in_words([]) == ""
