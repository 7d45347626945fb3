"""Several photos of one lesion, one opinion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cases.opinion import Thresholds, combine, ranked
from tests.factories.cases import CLASSES, OPINION, WORRYING

EVEN = Thresholds(risk=0.35, urgent=0.8, priors=dict.fromkeys(CLASSES, 1 / 7))
UNREADABLE: dict[str, Any] = WORRYING | {"outcome": "not_readable", "reason": "too_blurry"}


def test_one_photo_is_passed_on_as_it_is() -> None:
    combined = combine([OPINION], EVEN)
    assert combined.probabilities == OPINION["probabilities"]
    assert (combined.top, combined.risk, combined.outcome) == ("nv", 0.1, "reading")
    assert not combined.urgent
    assert not combined.soon


def test_several_photos_are_averaged() -> None:
    combined = combine([OPINION, WORRYING], EVEN)
    assert combined.probabilities["mel"] == pytest.approx((0.05 + 0.88) / 2)
    assert combined.risk == pytest.approx((0.1 + 0.93) / 2)
    assert sum(combined.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_the_most_worrying_photo_brings_a_case_forward_but_alone_makes_nobody_urgent() -> None:
    combined = combine([OPINION, WORRYING], EVEN)
    assert combined.soon
    assert not combined.urgent
    assert combine([WORRYING, WORRYING], EVEN).urgent


def test_photos_that_could_not_be_read_take_no_part() -> None:
    combined = combine([OPINION, UNREADABLE], EVEN)
    assert (combined.risk, combined.photos, combined.read) == (0.1, 2, 1)
    assert not combined.soon


def test_where_no_photo_could_be_read_nothing_is_urgent_and_the_reason_is_kept() -> None:
    combined = combine([UNREADABLE, UNREADABLE], EVEN)
    assert (combined.outcome, combined.reason) == ("not_readable", "too_blurry")
    assert not combined.urgent
    assert not combined.soon


def test_photos_that_contradict_each_other_make_the_opinion_uncertain() -> None:
    assert combine([OPINION, WORRYING], EVEN).reason == "photos_disagree"
    assert combine([OPINION, OPINION | {"outcome": "uncertain"}], EVEN).outcome == "reading"
    unsure = OPINION | {"outcome": "uncertain", "reason": "set_too_large"}
    assert combine([unsure], EVEN).reason == "set_too_large"


def test_a_rare_class_is_not_outvoted_by_a_common_one() -> None:
    common_moles = Thresholds(0.35, 0.8, EVEN.priors | {"nv": 0.9, "mel": 0.02})
    said = OPINION | {"probabilities": OPINION["probabilities"] | {"nv": 0.62, "mel": 0.2}}
    assert combine([said], common_moles).top == "mel"


def test_priors_are_those_of_the_kind_of_photo() -> None:
    common_moles = EVEN.priors | {"nv": 0.9, "mel": 0.02}
    by_kind = Thresholds(0.35, 0.8, common_moles, EVEN.priors)
    said = OPINION | {"probabilities": OPINION["probabilities"] | {"nv": 0.62, "mel": 0.2}}
    assert combine([said | {"clinical": 0.0}], by_kind).top == "mel"
    assert combine([said | {"clinical": 1.0}], by_kind).top == "nv"


def test_no_photo_no_opinion() -> None:
    with pytest.raises(ValueError, match="at least one photo"):
        combine([], EVEN)


def test_ranked_gives_the_most_probable_first() -> None:
    names = [key for key, _ in ranked(combine([WORRYING], EVEN).to_json())]
    assert names[0] == "mel"
    assert len(names) == 3


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_the_mean_risk_never_exceeds_the_highest(risks: list[float]) -> None:
    combined = combine([OPINION | {"risk": risk} for risk in risks], EVEN)
    assert min(risks) - 1e-6 <= combined.risk <= combined.highest_risk + 1e-6
    assert not combined.urgent or combined.soon
