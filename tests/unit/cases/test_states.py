"""A case moves only along the steps that exist, whoever asks for another one."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cases.models import NEXT, Case, CaseState, ImpossibleTransition

STATES = st.sampled_from(list(CaseState))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(start=STATES, asked=st.lists(STATES, max_size=12))
def test_no_sequence_of_requests_leads_along_a_step_that_does_not_exist(
    start: CaseState, asked: list[CaseState]
) -> None:
    case = Case(state=start)
    for to in asked:
        before = case.state
        if to == before or to in NEXT[before]:
            case.state = to
            assert case.state == to
        else:
            with pytest.raises(ImpossibleTransition):
                case.state = to
            assert case.state == before


@pytest.mark.parametrize("end", [CaseState.SIGNED, CaseState.WITHDRAWN])
def test_what_is_signed_or_withdrawn_stays_so(end: CaseState) -> None:
    assert NEXT[end] <= {CaseState.RESTRICTED}, "once erased, it is only kept"


def test_every_state_can_be_reached_from_a_draft() -> None:
    reached, todo = {CaseState.DRAFT}, [CaseState.DRAFT]
    while todo:
        for following in NEXT[todo.pop()] - reached:
            reached.add(following)
            todo.append(following)
    assert reached == set(CaseState)


def test_only_a_case_in_a_doctors_hand_can_be_signed() -> None:
    assert [state for state in CaseState if CaseState.SIGNED in NEXT[state]] == [CaseState.READING]
