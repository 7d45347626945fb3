"""The words of the doctor's pages for stored keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import format_date, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.cases import body_sites, context, diagnoses
from app.cases.models import Agreement, Case, CaseOpinion, Finding, NextStep, Prediction
from app.consultations.words import day as day
from app.consultations.words import price as price
from app.consultations.words import span as span
from app.consultations.words import time_of_day as time_of_day
from app.infra.clock import KST
from app.infra.moments import moment as moment

CONFIDENCE = (("sure", _l("확신함")), ("likely", _l("그럴 것 같음")), ("unsure", _l("확신 없음")))
NEXT_STEP = (
    (NextStep.NOTHING.value, _l("따로 할 일 없음")),
    (NextStep.WATCH.value, _l("지켜보기")),
    (NextStep.CONSULT.value, _l("비대면 상담")),
    (NextStep.IN_PERSON.value, _l("피부과 직접 진료")),
)
NEXT_STEP_HINT = {
    NextStep.WATCH.value: _l("달라지면 다시 보내도록 안내하고, 다시 찍을 날을 권합니다."),
    NextStep.CONSULT.value: _l("환자에게 상담 예약을 권합니다."),
    NextStep.IN_PERSON.value: _l("며칠 안에 가야 하는지 아래에 적습니다."),
}
AGREEMENT = {
    Agreement.CONFIRMED: _l("인공지능 의견과 같음"),
    Agreement.OVERRIDDEN: _l("인공지능 의견과 다름"),
    Agreement.NO_OPINION: _l("인공지능 의견 없음"),
}
OUTCOME = {"reading": _l("의견 있음"), "uncertain": _l("확실하지 않음"), "not_readable": _l("읽지 못함")}
REASON = {
    "confident": _l("맞을 만한 종류가 몇 가지 안으로 좁혀졌습니다."),
    "no_class_fits": _l("배운 어느 종류와도 잘 맞지 않습니다."),
    "set_too_large": _l("여러 종류가 비슷하게 보입니다. 의사의 판단이 필요합니다."),
    "top_not_in_set": _l("드문 종류까지 고르게 본 판단과 확률이 서로 다릅니다. 의사의 판단이 필요합니다."),
    "photos_disagree": _l("사진마다 다르게 보았습니다. 의사의 판단이 필요합니다."),
    "too_small": _l("사진이 너무 작습니다."),
    "too_blurry": _l("사진이 흐립니다."),
    "too_dark": _l("사진이 너무 어둡습니다."),
    "too_bright": _l("사진이 너무 밝습니다."),
    "colour_cast": _l("빛의 색이 치우쳐 피부색을 알아볼 수 없습니다."),
    "off_centre": _l("점이 사진 가장자리에 있습니다."),
    "no_skin_lesion": _l("피부 병변 사진으로 보이지 않습니다."),
    "no_lesion": _l("사진에서 병변이 보이지 않습니다."),
}
FAULT = {
    ("diagnosis", "unknown"): _l("판독명을 골라 주세요."),
    ("reason", "missing"): _l("인공지능 의견과 다르게 판독하셨습니다. 이유를 적어 주세요."),
    ("reason", "too_long"): _l("이유가 너무 깁니다."),
    ("advice", "missing"): _l("환자에게 전할 안내를 적어 주세요."),
    ("advice", "too_long"): _l("안내가 너무 깁니다."),
    ("next_step", "unknown"): _l("다음에 할 일을 골라 주세요."),
    ("within_days", "range"): _l("날수를 1에서 180 사이로 적어 주세요."),
    ("within_days", "not_here"): _l("직접 진료나 지켜보기를 고르셨을 때만 날수를 적습니다."),
    ("amendment_reason", "missing"): _l("왜 고치는지 적어 주세요. 환자도 읽습니다."),
    ("amendment_reason", "too_long"): _l("고친 이유가 너무 깁니다."),
    ("advice", "unchanged"): _l("고친 것이 없습니다. 판독, 안내, 다음에 할 일 가운데 고칠 것을 고쳐 주세요."),
}
RISKY = ("malignant", "premalignant")


@dataclass(frozen=True)
class ClassShare:
    """One class as a bar: words, calibrated probability (0..1), the same in words, how to colour it."""

    label: str
    value: float
    text: str
    kind: str
    top: bool


def confidence(key: str) -> Any:
    """The words of a first read's confidence."""
    return dict(CONFIDENCE).get(key, key)


def next_step(key: str) -> Any:
    """The words of a next step."""
    return dict(NEXT_STEP).get(str(key), key)


def days(finding: Finding) -> str | None:
    """How many days a finding gives: to be seen in person, or until the next photo; None if it gives none."""
    if finding.within_days is None:
        return None
    if finding.next_step == NextStep.WATCH:
        return str(_("%(days)s일 뒤 다시 찍기", days=finding.within_days))
    return str(_("%(days)s일 안", days=finding.within_days))


def date(at: datetime) -> str:
    """A day with its year."""
    return str(format_date(at, "long"))


def from_to(start: datetime, end: datetime) -> str:
    """From one day to another, with the times of day where they are not midnight."""
    first, last = start.astimezone(KST), (end - timedelta(microseconds=1)).astimezone(KST)
    if _is_midnight(start) and _is_midnight(end):
        return day(first) if first.date() == last.date() else f"{day(first)} – {day(last)}"
    if first.date() == last.date():
        return f"{day(first)} {span(start, end)}"
    return f"{moment(start)} – {moment(end)}"


def _is_midnight(at: datetime) -> bool:
    local = at.astimezone(KST)
    return (local.hour, local.minute) == (0, 0)


def diagnosis_name(key: str) -> str:
    """The name of a diagnosis in the reader's language."""
    return diagnoses.find(key).name


def site_name(case: Case) -> str:
    """Where on the body a case's lesion is."""
    site = body_sites.find(case.lesion.body_site if case.lesion else None)
    return site.name if site else str(_l("사례"))


def clock_time(minute: int) -> str:
    """A time of day from minutes after midnight, such as 09:30."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def beside(said: dict[str, Any]) -> str:
    """What a stored opinion used of the patient's answers beside the photos; empty if nothing."""
    return context.in_words(said.get("known", ()))


def shares(opinion: CaseOpinion | Prediction) -> list[ClassShare]:
    """The classes of an opinion, the most probable first."""
    said = opinion.opinion
    found = sorted(said["probabilities"].items(), key=lambda pair: -float(pair[1]))
    return [_share(key, float(value), key == said["top"]) for key, value in found]


def _share(key: str, value: float, top: bool) -> ClassShare:
    named = diagnoses.find(key)
    kind = "danger" if named.group in RISKY else "primary"
    return ClassShare(named.name, value, format_percent(value, "0.0%"), kind, top)


def percent(value: float) -> str:
    """A share (0..1) in words."""
    return str(format_percent(value, "0.0%"))
