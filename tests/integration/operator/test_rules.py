"""The operator's rules: listed, tried, added, replaced, ended; and told when somebody else was first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.accounts.models import User
from app.consultations import eligibility_rules
from app.consultations.eligibility_models import EligibilityRule
from tests.factories.eligibility import SEOUL, SUNCHEON, YEOSU, create_rule
from tests.harness.client import Client

FORM = {
    "kind": "residence",
    "title_ko": "같은 시·군·구",
    "title_en": "Same district",
    "explanation_ko": "같은 시·군·구에 살면 됩니다.",
    "explanation_en": "Who lives in the same district may.",
    "basis_ko": "시행규칙",
    "basis_en": "The rules",
    "valid_from": "2027-01-01",
    "level": "district",
    "active": "y",
}


def trial() -> EligibilityRule:
    return next(rule for rule in eligibility_rules.current_rules() if rule.key == "trial")


def test_the_rules_are_listed_with_where_they_stand(office: Client) -> None:
    page = office.get("/operator/eligibility").text
    assert page.index("비대면진료 시범사업") < page.index("사는 곳과 병원이 같은 시·도")
    assert "지금 쓰임" in page
    assert "예정" in page


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (f"on=2026-12-23&patient_area={SUNCHEON}", "받아 주는 규칙: 비대면진료 시범사업"),
        (f"on=2026-12-24&patient_area={SUNCHEON}&doctor_area={SEOUL}", "받아 주는 규칙이 없습니다."),
        (
            f"on=2026-12-24&patient_area={SUNCHEON}&doctor_area={YEOSU}",
            "받아 주는 규칙: 사는 곳과 병원이 같은 시·도",
        ),
        ("on=2026-12-24&last_reading=2026-12-01", "받아 주는 규칙: 같은 증상으로 다시 보는 진료"),
        ("on=2026-12-24&exceptions=disability", "의사가 확인해야 합니다"),
    ],
)
def test_facts_can_be_tried(office: Client, facts: str, said: str) -> None:
    assert said in office.get(f"/operator/eligibility/try?{facts}").text


def test_nonsense_is_not_tried(office: Client) -> None:
    assert office.get("/operator/eligibility/try?on=yesterday").status_code == 422


def test_a_rule_is_added_and_its_next_version_keeps_the_first(
    office: Client, operator: User, db: Any
) -> None:
    added = office.post("/operator/eligibility/new", data=FORM)
    assert added.status_code == 303
    changed = office.post(added.location, data=FORM | {"level": "province", "title_ko": "같은 시·도"})
    assert changed.status_code == 303
    page = office.get(changed.location).text
    assert "2판: 같은 시·도" in page
    assert "1판: 같은 시·군·구" in page
    assert operator.name in page
    assert "바뀌기 전의 판입니다" in office.get(added.location).text


def test_who_comes_second_is_shown_what_holds_and_keeps_their_words(
    office: Client, operator: User, db: Any
) -> None:
    rule = create_rule(operator)
    address = f"/operator/eligibility/{rule.public_id}"
    assert office.post(address, data=FORM | {"title_ko": "먼저 온 사람"}).status_code == 303
    late = office.post(address, data=FORM | {"title_ko": "나중에 온 사람"})
    assert late.status_code == 409
    assert "다른 분이 먼저 고쳤습니다" in late.text
    assert "먼저 온 사람" in late.text
    assert 'value="나중에 온 사람"' in late.text
    assert [one.version for one in eligibility_rules.history_of(rule.key)] == [2, 1]


def test_a_rule_is_ended(office: Client, db: Any) -> None:
    address = f"/operator/eligibility/{trial().public_id}"
    assert office.post(f"{address}/end", data={"last_day": "2026-12-20"}).status_code == 303
    db.session.expire_all()
    assert trial().valid_until == date(2026, 12, 20)
    late = office.post(f"{address}/end", data={"last_day": "2026-12-10"})
    assert late.status_code == 409


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title_en": ""}, "적어 주세요."),
        ({"valid_until": "2026-12-31"}, "첫날보다 앞선 날입니다."),
        ({"kind": "revisit"}, "며칠 안까지인지 적어 주세요."),
        ({"kind": "revisit", "within_days": "0"}, "1일에서 3650일 사이로"),
    ],
)
def test_what_cannot_be_a_rule_says_what_to_do(office: Client, given: dict[str, str], said: str) -> None:
    answer = office.post("/operator/eligibility/new", data=FORM | given)
    assert answer.status_code == 422
    assert said in answer.text


def test_an_unknown_rule_is_not_found(office: Client) -> None:
    assert office.get("/operator/eligibility/nothing").status_code == 404
    assert office.post("/operator/eligibility/nothing", data=FORM).status_code == 404
