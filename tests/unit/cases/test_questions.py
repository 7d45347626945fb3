"""The few plain questions and the data files that a case refers to."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cases import body_sites, diagnoses, questions
from app.cases.errors import BadAnswers
from tests.factories.cases import CALM
from vision.classes import KEYS


def test_complete_answers_are_kept_as_they_are() -> None:
    assert questions.check(CALM | {"csrf_token": "x", "else": "dropped"}) == CALM
    assert questions.complete(CALM)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    key=st.sampled_from(questions.ALL_KEYS),
    value=st.one_of(
        st.none(), st.text(max_size=12), st.integers(), st.booleans(), st.floats(), st.lists(st.text())
    ),
)
def test_an_answer_that_is_not_on_offer_is_refused_and_named(key: str, value: object) -> None:
    given = CALM | {key: value}
    fits = (
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= questions.OLDEST
        if key == "age"
        else any(
            q.key == key and value in dict(q.options) for q in questions.QUESTIONS if isinstance(value, str)
        )
    )
    if fits:
        assert questions.check(given) == given
    else:
        with pytest.raises(BadAnswers) as refusal:
            questions.check(given)
        assert refusal.value.keys == [key]


def test_every_missing_answer_is_named() -> None:
    with pytest.raises(BadAnswers) as refusal:
        questions.check({})
    assert set(refusal.value.keys) == set(questions.ALL_KEYS)


@pytest.mark.parametrize(
    ("born", "age"),
    [("1955-11-23", 71), ("1955-11-24", 70), ("2026-11-23", 0), ("2027-01-01", 0), (None, None)],
)
def test_the_age_is_counted_in_completed_years(born: str | None, age: int | None) -> None:
    assert questions.age_on(born, date(2026, 11, 23)) == age


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_answers_read_in_words(app: Flask) -> None:
    with app.test_request_context(), force_locale("ko"):
        lines = dict(questions.in_words(CALM))
    assert lines["언제부터"] == "한 해가 넘었어요"
    assert lines["나이"] == "71세"
    assert len(lines) == len(questions.ALL_KEYS)


def test_every_class_of_the_model_has_a_name_and_an_explanation() -> None:
    for key in KEYS:
        assert diagnoses.find(key).model_class == key
    for diagnosis in diagnoses.all_diagnoses():
        assert all((diagnosis.ko, diagnosis.en, diagnosis.plain_ko, diagnosis.plain_en))
        assert diagnosis.group in {"malignant", "premalignant", "benign", "other"}
    extra = set(diagnoses.keys()) - set(KEYS)
    assert extra == {"scc", "inflammatory", "infection", "other", "cannot_tell"}
    assert diagnoses.find("scc").model_class == "akiec"


def test_body_sites_have_unique_keys_and_both_languages() -> None:
    sites = body_sites.all_sites()
    assert len({site.key for site in sites}) == len(sites)
    assert all(site.ko and site.en and site.view in {"front", "back", "both"} for site in sites)
    assert body_sites.find("nowhere") is None
    assert body_sites.find(None) is None
