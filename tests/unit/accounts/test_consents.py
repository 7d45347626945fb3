"""The texts in force, and who is asked again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.accounts import consents, service
from app.accounts.errors import ConsentMissing, NotYours
from app.accounts.models import ConsentKind
from tests.factories.accounts import create_child, create_patient


def test_every_text_has_a_dated_version_and_both_languages() -> None:
    for kind, text in consents.texts().items():
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", text.version), kind
        assert set(text.titles) == set(text.texts) == {"ko", "en"}
        assert len(text.texts["ko"]) == len(text.texts["en"]) > 0
        assert re.search("[가-힣]", text.titles["ko"])
        assert not re.search("[가-힣]", text.titles["en"] + "".join(text.texts["en"]))


def test_health_data_is_asked_apart_and_names_the_law() -> None:
    assert "제23조" in consents.texts()[ConsentKind.HEALTH_DATA].texts["ko"][0]


def test_a_new_version_is_asked_for_again(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    user = create_patient()
    assert user.patient is not None
    assert service.missing_consents(user, user.patient, consents.AT_SIGN_UP) == []
    old = consents.texts()
    newer = consents.ConsentText(ConsentKind.HEALTH_DATA, "2027-01-01", {"ko": "새"}, {"ko": ("새",)})
    monkeypatch.setattr(consents, "texts", lambda: old | {ConsentKind.HEALTH_DATA: newer})
    assert service.missing_consents(user, user.patient, consents.AT_SIGN_UP) == [ConsentKind.HEALTH_DATA]
    service.give_consents(user, user.patient, [ConsentKind.HEALTH_DATA])
    assert service.missing_consents(user, user.patient, consents.AT_SIGN_UP) == []
    given = [c.version for c in service.consents_of(user, user.patient) if c.kind == ConsentKind.HEALTH_DATA]
    assert sorted(given) == sorted([old[ConsentKind.HEALTH_DATA].version, "2027-01-01"])


def test_giving_twice_records_once(db: Any) -> None:
    user = create_patient()
    assert user.patient is not None
    assert len(service.give_consents(user, user.patient, [ConsentKind.TELEMEDICINE])) == 1
    assert service.give_consents(user, user.patient, [ConsentKind.TELEMEDICINE]) == []


def test_a_child_s_consents_are_apart_from_the_guardian_s(db: Any) -> None:
    user = create_patient()
    child = create_child(user)
    service.give_consents(user, child, [ConsentKind.AI_NOTICE])
    assert user.patient is not None
    assert service.missing_consents(user, child, [ConsentKind.AI_NOTICE]) == []
    assert service.missing_consents(user, user.patient, [ConsentKind.AI_NOTICE]) == [ConsentKind.AI_NOTICE]


def test_nobody_agrees_for_someone_else(db: Any) -> None:
    user, other = create_patient(), create_patient()
    assert other.patient is not None
    child = create_child(other)
    for patient in (other.patient, child):
        with pytest.raises(NotYours):
            service.give_consents(user, patient, [ConsentKind.AI_NOTICE])
        with pytest.raises(NotYours):
            service.withdraw_consent(user, patient, ConsentKind.HEALTH_DATA)
    service.end_guardianship(other, child)
    with pytest.raises(NotYours):
        service.give_consents(other, child, [ConsentKind.AI_NOTICE])


def test_no_account_without_terms_and_health_data(db: Any) -> None:
    with pytest.raises(ConsentMissing) as refused:
        create_patient(consents=[ConsentKind.TERMS, ConsentKind.AI_NOTICE])
    assert refused.value.kinds == [ConsentKind.HEALTH_DATA]
