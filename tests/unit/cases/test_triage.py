"""Which band, whether to hurry: out of answers, waiting time and the model together, by a dated data file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.cases import questions, triage
from app.cases.models import Band, UrgentReason
from tests.factories.cases import CALM, RED_FLAGS

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_calm_answers_and_a_calm_model_wait_in_turn() -> None:
    assert triage.band(CALM, NOW, NOW, model_soon=False) == Band.IN_TURN
    assert triage.urgent_reason(CALM, model=False) is None


@pytest.mark.parametrize("answers", [RED_FLAGS, CALM | {"grew": "yes", "itches": "yes"}])
def test_three_points_of_answers_bring_a_case_forward(answers: dict[str, object]) -> None:
    assert triage.band(answers, NOW, NOW, model_soon=False) == Band.SOON


@pytest.mark.parametrize("felt", [["itches"], ["hurts"], ["itches", "hurts"]])
def test_itch_and_pain_are_one_item_of_the_checklist(felt: list[str]) -> None:
    """Of the weighted 7-point checklist's minor items "change in sensation" is one, whatever is felt."""
    answers = CALM | dict.fromkeys(felt, "yes")
    assert triage.rules().count(answers) == 1
    assert triage.rules().count(answers | {"changed": "yes", "bleeds": "yes"}) == 4


def test_the_model_alone_brings_a_case_forward() -> None:
    assert triage.band(CALM, NOW, NOW, model_soon=True) == Band.SOON


def test_a_long_wait_alone_brings_a_case_forward() -> None:
    sent = NOW - triage.rules().soon_after
    assert triage.band(CALM, sent, NOW, model_soon=False) == Band.SOON
    assert triage.band(CALM, sent + timedelta(minutes=1), NOW, model_soon=False) == Band.IN_TURN


@pytest.mark.parametrize(
    ("answers", "model", "reason"),
    [
        (CALM, True, UrgentReason.MODEL),
        (RED_FLAGS, False, UrgentReason.ANSWERS),
        (RED_FLAGS, True, UrgentReason.BOTH),
        (CALM, False, None),
    ],
)
def test_an_urgent_notice_says_what_it_rests_on(
    answers: dict[str, object], model: bool, reason: UrgentReason | None
) -> None:
    assert triage.urgent_reason(answers, model) == reason


def test_the_rules_speak_of_questions_and_answers_that_exist() -> None:
    rules = triage.rules()
    offered = {(q.key, value) for q in questions.QUESTIONS for value, _ in q.options}
    assert {pair for item in rules.items for pair in item.answers.items()} <= offered
    assert rules.soon_from_points < rules.urgent_from_points <= sum(item.points for item in rules.items)
    assert rules.dated <= date(2027, 1, 1)
    assert rules.source
