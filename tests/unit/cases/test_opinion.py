"""Several photos of one lesion, one opinion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cases.opinion import Combined, Thresholds, combine, ranked
from tests.factories.cases import CLASSES, OPINION, WORRYING, pool

EVEN = Thresholds(risk=0.35, urgent=0.8)
UNREADABLE: dict[str, Any] = WORRYING | {"outcome": "not_readable", "reason": "too_blurry"}


def _combine(*said: dict[str, Any]) -> Combined:
    return combine(said, EVEN, pool)


def test_one_photo_is_passed_on_as_it_is() -> None:
    combined = _combine(OPINION)
    assert combined.probabilities == pytest.approx(OPINION["probabilities"])
    assert (combined.top, combined.outcome) == ("nv", "reading")
    assert combined.risk == pytest.approx(0.1)
    assert not combined.urgent
    assert not combined.soon


def test_what_several_photos_say_is_between_what_each_says() -> None:
    combined = _combine(OPINION, WORRYING)
    assert 0.1 < combined.risk < 0.93
    assert 0.05 < combined.probabilities["mel"] < 0.88
    assert sum(combined.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_the_most_worrying_photo_brings_a_case_forward_but_alone_makes_nobody_urgent() -> None:
    combined = _combine(OPINION, WORRYING)
    assert combined.soon
    assert not combined.urgent
    assert _combine(WORRYING, WORRYING).urgent


def test_photos_that_could_not_be_read_take_no_part() -> None:
    combined = _combine(OPINION, UNREADABLE)
    assert combined.risk == pytest.approx(0.1)
    assert (combined.photos, combined.read) == (2, 1)
    assert not combined.soon


def test_where_no_photo_could_be_read_nothing_is_urgent_and_the_reason_is_kept() -> None:
    combined = _combine(UNREADABLE, UNREADABLE)
    assert (combined.outcome, combined.reason) == ("not_readable", "too_blurry")
    assert not combined.urgent
    assert not combined.soon


def test_photos_that_contradict_each_other_make_the_opinion_uncertain() -> None:
    assert _combine(OPINION, WORRYING).reason == "photos_disagree"
    assert _combine(OPINION, OPINION | {"outcome": "uncertain"}).outcome == "reading"
    unsure = OPINION | {"outcome": "uncertain", "reason": "set_too_large"}
    assert _combine(unsure).reason == "set_too_large"


def test_what_was_used_beside_the_photos_is_kept() -> None:
    assert _combine(OPINION | {"known": ["age", "bleed"]}).known == ["age", "bleed"]
    assert _combine(OPINION).known == []  # an opinion from before answers were used


def test_no_photo_no_opinion() -> None:
    with pytest.raises(ValueError, match="at least one photo"):
        _combine()


def test_ranked_gives_the_most_probable_first() -> None:
    names = [key for key, _ in ranked(_combine(WORRYING).to_json())]
    assert names[0] == "mel"
    assert len(names) == 3


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_the_risk_of_all_lies_between_the_least_and_the_highest(risks: list[float]) -> None:
    said = [
        OPINION | {"risk": risk, "probabilities": dict.fromkeys(CLASSES, 0.0) | {"mel": risk, "nv": 1 - risk}}
        for risk in risks
    ]
    combined = _combine(*said)
    assert min(risks) - 1e-6 <= combined.risk <= combined.highest_risk + 1e-6
    assert not combined.urgent or combined.soon
