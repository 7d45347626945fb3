"""The forms of this door."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, PasswordField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, ValidationError

from app.accounts.fields import RELATIONS, SEXES, BirthDateField, name_field
from app.accounts.identity import Identity, NotAnIdentity, parse
from app.accounts.passwords import LONGEST, fault_of
from app.extensions import security

LANGUAGES = [SelectChoice("ko", "한국어"), SelectChoice("en", "English")]


class IdentityField(StringField):  # type: ignore[misc]  # untyped base
    """An e-mail address or a mobile number; `identity` is what it means."""

    identity: Identity | None = None

    def pre_validate(self, form: Any) -> None:
        """Refuse what is neither."""
        try:
            self.identity = parse(self.data or "")
        except NotAnIdentity:
            raise ValidationError(_l("휴대전화 번호(010으로 시작)나 이메일 주소를 적어 주세요.")) from None


def good_password(*fields: str) -> Any:
    """Return a validator: good enough, and nothing of what `fields` of the form say."""

    def check(form: FlaskForm, field: Field) -> None:
        if not field.data:
            return
        personal = [form[name].data for name in fields if name in form]
        personal += getattr(form, "personal", [])
        fault = fault_of(security.password_util.normalize(field.data), *personal)
        if fault:
            raise ValidationError(fault)

    return check


class IdentityForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """By what a person is known."""

    identity = IdentityField(
        _l("휴대전화 번호 또는 이메일"),
        validators=[InputRequired(_l("휴대전화 번호나 이메일을 적어 주세요.")), Length(max=254)],
    )


class CodeRequestForm(IdentityForm):
    """Asks for a code to sign in."""

    shared = BooleanField(_l("여럿이 쓰는 기기예요"))


class CodeForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The code that was sent; `void` once it was tried wrongly too often."""

    void = False

    code = StringField(
        _l("확인 번호 6자리"),
        validators=[InputRequired(_l("받으신 번호를 적어 주세요.")), Length(max=20)],
    )


class _WithPassword(FlaskForm):  # type: ignore[misc]  # untyped base
    personal: list[str]

    def __init__(self, *args: Any, personal: tuple[str | None, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.personal = [part for part in personal if part]


class SignUpForm(_WithPassword):
    """Who signs up."""

    name = name_field(_l("이름"))
    birth_date = BirthDateField(_l("생년월일"), validators=[InputRequired(_l("생년월일을 적어 주세요."))])
    sex = RadioField(_l("성별"), choices=SEXES, validators=[InputRequired(_l("하나를 골라 주세요."))])
    password = PasswordField(_l("비밀번호"), validators=[Length(max=LONGEST), good_password("name")])


class SignUpConsentsForm(FlaskForm):  # type: ignore[misc]
    """What who signs up agrees to. No box is ticked by us; who comes back finds their own ticks."""

    terms = BooleanField(_l("이용약관"), validators=[InputRequired(_l("동의하셔야 가입할 수 있습니다."))])
    health_data = BooleanField(
        _l("건강에 관한 정보"), validators=[InputRequired(_l("동의하셔야 가입할 수 있습니다."))]
    )
    telemedicine = BooleanField(_l("비대면 상담"))
    ai_notice = BooleanField(_l("인공지능 안내"))


class NewPasswordForm(_WithPassword):
    """A code and the new password; `void` as in `CodeForm`."""

    void = False

    code = StringField(
        _l("확인 번호 6자리"),
        validators=[InputRequired(_l("받으신 번호를 적어 주세요.")), Length(max=20)],
    )
    password = PasswordField(
        _l("새 비밀번호"),
        validators=[InputRequired(_l("새 비밀번호를 적어 주세요.")), Length(max=LONGEST), good_password()],
    )
    again = PasswordField(
        _l("새 비밀번호 한 번 더"),
        validators=[EqualTo("password", message=_l("두 비밀번호가 서로 다릅니다."))],
    )


class JoinForm(_WithPassword):
    """An invited person's name and password."""

    name = name_field(_l("이름"))
    password = PasswordField(
        _l("비밀번호"),
        validators=[
            InputRequired(_l("비밀번호를 적어 주세요.")),
            Length(max=LONGEST),
            good_password("name"),
        ],
    )
    again = PasswordField(
        _l("비밀번호 한 번 더"),
        validators=[EqualTo("password", message=_l("두 비밀번호가 서로 다릅니다."))],
    )


class ProfileForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """What a person is called, and in which language they are written to."""

    name = name_field(_l("이름"))
    locale = RadioField(
        _l("안내를 받을 언어"), choices=LANGUAGES, validators=[InputRequired(_l("하나를 골라 주세요."))]
    )


class CorrectionForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """Who a person is, to be set right."""

    name = name_field(_l("이름"))
    birth_date = BirthDateField(_l("생년월일"), validators=[InputRequired(_l("생년월일을 적어 주세요."))])
    sex = RadioField(_l("성별"), choices=SEXES, validators=[InputRequired(_l("하나를 골라 주세요."))])


class EraseForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The word that nobody types by mistake."""

    word = StringField(
        _l("아래 칸에 ‘지우기’라고 적어 주세요"),
        filters=[lambda text: (text or "").strip().strip("'\"‘’“”").lower()],
        validators=[InputRequired(_l("‘지우기’라고 적어 주세요.")), Length(max=40)],
    )

    def validate_word(self, field: Any) -> None:
        """Accept the word in either language."""
        if field.data not in ("지우기", "erase"):
            raise ValidationError(_l("‘지우기’라고 적어 주세요."))


class DependentForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """A child in one's care, and what the guardian agrees to for them."""

    name = name_field(_l("아이 이름"))
    birth_date = BirthDateField(
        _l("아이 생년월일"), validators=[InputRequired(_l("생년월일을 적어 주세요."))]
    )
    sex = RadioField(_l("성별"), choices=SEXES, validators=[InputRequired(_l("하나를 골라 주세요."))])
    # Nothing is chosen beforehand: a father would be entered as the mother.
    relation = SelectField(
        _l("아이와의 관계"),
        choices=[SelectChoice("", _l("골라 주세요")), *RELATIONS],
        validators=[InputRequired(_l("하나를 골라 주세요."))],
    )
    health_data = BooleanField(
        _l("건강에 관한 정보"), validators=[InputRequired(_l("동의하셔야 등록할 수 있습니다."))]
    )
    telemedicine = BooleanField(_l("비대면 상담"))
    ai_notice = BooleanField(_l("인공지능 안내"))


class Confirm(FlaskForm):  # type: ignore[misc]  # untyped base
    """A button alone: only the form token."""
