"""The forms about helpers."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from app.account.forms import IdentityForm
from app.accounts.fields import SEXES, BirthDateField, name_field
from app.accounts.identity import NotAnIdentity, normalise_mobile
from app.accounts.proxy_models import Relation, Scope
from app.accounts.proxy_words import RELATIONS, SCOPES, letters

CHOOSE_ONE = _l("하나를 골라 주세요.")


class MobileField(StringField):  # type: ignore[misc]  # untyped base
    """A Korean mobile number; `mobile` is what it means (E.164)."""

    mobile = ""

    def pre_validate(self, form: Any) -> None:
        """Refuse anything else."""
        try:
            self.mobile = normalise_mobile(self.data or "")
        except NotAnIdentity:
            raise ValidationError(_l("휴대전화 번호를 010부터 모두 적어 주세요. 예: 010-1234-5678")) from None


def relation_field(label: Any) -> SelectField:
    """What a helper is to the patient; nothing is chosen beforehand."""
    offered = [
        SelectChoice(kind.value, RELATIONS[kind]) for kind in Relation if kind is not Relation.HEALTH_POST
    ]
    return SelectField(
        label,
        choices=[SelectChoice("", _l("골라 주세요")), *offered],
        validators=[InputRequired(CHOOSE_ONE)],
    )


def scope_field() -> RadioField:
    """What the permission covers."""
    return RadioField(
        _l("어디까지 대신하나요?"),
        choices=[SelectChoice(scope.value, SCOPES[scope]) for scope in Scope],
        validators=[InputRequired(CHOOSE_ONE)],
    )


class AskForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """Whom a helper wants to act for."""

    name = name_field(_l("도와드릴 분의 이름"))
    mobile = MobileField(
        _l("그분의 휴대전화 번호"),
        validators=[InputRequired(_l("휴대전화 번호를 적어 주세요.")), Length(max=40)],
    )
    relation = relation_field(_l("나는 그분의"))
    scope = scope_field()

    def of_post(self, institution: str) -> AskForm:
        """Offer the public-health post as well, to who works there."""
        choice = SelectChoice(Relation.HEALTH_POST.value, institution)
        self.relation.choices = [self.relation.choices[0], choice, *self.relation.choices[1:]]
        return self

    def validate_name(self, field: StringField) -> None:
        """Refuse what is no name: it stands in the message to that person."""
        if not letters(field.data or ""):
            raise ValidationError(_l("이름을 글자로 적어 주세요."))


class DetailsForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """A patient who has no account, and what they told the helper that they agree to."""

    birth_date = BirthDateField(_l("생년월일"), validators=[InputRequired(_l("생년월일을 적어 주세요."))])
    sex = RadioField(_l("성별"), choices=SEXES, validators=[InputRequired(CHOOSE_ONE)])
    health_data = BooleanField(
        _l("건강에 관한 정보"), validators=[InputRequired(_l("이 동의가 없으면 대신하실 수 없습니다."))]
    )
    telemedicine = BooleanField(_l("비대면 상담"))
    ai_notice = BooleanField(_l("인공지능 안내"))
    asked = BooleanField(
        _l("위 내용을 본인에게 읽어 드렸고, 동의하신 것만 표시했습니다."),
        validators=[InputRequired(_l("본인에게 읽어 드린 다음 표시해 주세요."))],
    )


class OfferForm(IdentityForm):
    """Whom a patient wants as a helper."""

    relation = relation_field(_l("그분은 나의"))
    scope = scope_field()
