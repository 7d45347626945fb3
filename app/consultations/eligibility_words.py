"""Rules and reasons in plain words, in the reader's language."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import gettext as _

from app.consultations.eligibility import Reason, Verdict
from app.consultations.eligibility_models import EligibilityRule, RuleKind
from app.regions import areas


def _english() -> bool:
    return str(get_locale()) == "en"


def title(rule: EligibilityRule) -> str:
    """What a rule is called."""
    return rule.title_en if _english() else rule.title_ko


def explanation(rule: EligibilityRule) -> str:
    """What a rule means for a patient."""
    return rule.explanation_en if _english() else rule.explanation_ko


def basis(rule: EligibilityRule) -> str:
    """What a rule rests on."""
    return rule.basis_en if _english() else rule.basis_ko


def kind(rule: EligibilityRule) -> str:
    """What a rule looks at."""
    words = {
        RuleKind.REVISIT: _("다시 보는 진료"),
        RuleKind.RESIDENCE: _("사는 지역"),
        RuleKind.EXCEPTION: _("예외"),
        RuleKind.PILOT: _("시범사업"),
    }
    return str(words[RuleKind(rule.kind)])


def reason(verdict: Verdict) -> str:
    """Why a rule does not admit; nothing where it does."""
    if verdict.reason is None:
        return ""
    words = {
        Reason.OFF: _("지금은 쓰지 않는 규칙입니다."),
        Reason.NOT_YET: _("그날에는 아직 시작되지 않은 규칙입니다."),
        Reason.OVER: _("그날에는 이미 끝난 규칙입니다."),
        Reason.NO_LESION: _("어느 점에 대한 상담인지 정해지지 않았습니다."),
        Reason.NEVER_SEEN: _("이 의사나 같은 병원의 의사가 이 점을 본 적이 없습니다."),
        Reason.TOO_LONG_AGO: _("마지막으로 본 지 %(days)s일이 넘었습니다.", days=verdict.rule.within_days),
        Reason.AREA_UNKNOWN: _("사시는 곳을 아직 적지 않으셨습니다."),
        Reason.DOCTOR_AREA_UNKNOWN: _("의사의 병원이 어느 지역에 있는지 적혀 있지 않습니다."),
        Reason.ELSEWHERE: _("사시는 곳과 의사의 병원이 다른 지역에 있습니다."),
        Reason.NOT_DECLARED: _("해당한다고 하지 않으셨습니다."),
    }
    return str(words[verdict.reason])


def area_name(code: str | None) -> str:
    """A district with its province (전라남도 순천시), a province alone, nothing for none."""
    found = areas.area(code)
    if found is None:
        return ""
    both = [found] if found.is_province else [areas.areas()[found.province], found]
    if _english():
        return ", ".join(short_area_name(one) for one in reversed(both))
    return " ".join(one.name for one in both)


def short_area_name(area: areas.Area) -> str:
    """One area by its own name; districts have none in English, so they keep the Korean one."""
    return (area.name_en or area.name) if _english() else area.name
