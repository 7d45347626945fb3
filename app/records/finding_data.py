"""What stands on a printed finding, in the reader's language: words and figures only, the template sets them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import format_date, format_percent
from flask_babel import gettext as _

from app.accounts.specialties import specialty_name
from app.cases import body_sites, context, diagnoses, finding_words, questions, signing
from app.cases.models import Agreement, Case, Finding
from app.cases.opinion import NOT_READABLE, READING, ranked
from app.infra import moments

Facts = list[list[str]]


def moment(at: datetime | None) -> str:
    """A day with its year and a time: paper is read in other years too."""
    if at is None:
        return ""
    return f"{format_date(at, 'long')} {moments.plain(moments.time_of_day(at))}"


def of(case: Case, *, address: str, photos: Sequence[str], drawn: bool, with_opinion: bool) -> dict[str, Any]:
    """Return the content of the page. photos: names of the picture files; drawn: there is a drawing of the place."""
    finding = case.finding
    assert finding is not None
    diagnosis = diagnoses.find(finding.diagnosis)
    site = body_sites.find(case.lesion.body_site if case.lesion else None)
    place = site.name if site else ""
    return {
        "title": _("피부 사진 판독서"),
        "brand": _("살핌"),
        "notice": _("연구·시연용, 의료기기 아님"),
        "before": _("상담 전 판독은 사진만 보고 쓴 의사의 의견이며, 진단이나 처방이 아닙니다.")
        if finding.before_consultation
        else "",
        "demo": _demo(case),
        "about": {"title": _("누구의 어디를 본 판독인가요?"), "facts": _about(case, place)},
        "place": {
            "file": "place.svg" if drawn else "",
            "alt": _("몸 그림에서 본 위치: %(place)s", place=place),
        },
        "photos": {
            "title": _("보낸 사진"),
            "items": [
                {"file": name, "alt": _("%(place)s 사진 %(number)s", place=place, number=number)}
                for number, name in enumerate(photos, start=1)
            ],
        },
        "finding": {
            "title": _("의사의 판독"),
            "name": diagnosis.name,
            "plain": diagnosis.plain,
            "advice": _part(_("의사의 말"), finding.advice),
            "reason": _reason(finding),
            "next": _part(_("다음에 할 일"), finding_words.next_step(finding)),
        },
        "at_once": {
            "title": _("이럴 때는 기다리지 마세요"),
            "groups": [{"title": title, "lines": lines} for title, lines in finding_words.at_once()],
        },
        "versions": {"title": _("판과 고친 내력"), "lines": _versions(case)},
        "answers": {
            "title": _("환자가 답한 내용"),
            "facts": [list(pair) for pair in questions.in_words(case.answers, case.note)],
        },
        "machine": _machine(case) if with_opinion else _no_machine(case),
        "signed": {"title": _("서명"), "facts": _signed(finding, address), "help": _help()},
        "page": _("쪽"),
    }


def _demo(case: Case) -> str:
    if not case.is_demo:
        return ""
    source = _("사진 출처: %(source)s", source=case.demo_source) if case.demo_source else ""
    return f"{_('시연 자료입니다.')} {source}".strip()


def file_name(case: Case) -> str:
    """The name under which the PDF is saved: it names no person, for others see the list of downloads too."""
    finding = case.finding
    assert finding is not None
    day = format_date(finding.signed_at, "yyyy-MM-dd")
    return str(_("살핌-판독-%(day)s-%(version)s판.pdf", day=day, version=finding.version))


def check_code(finding: Finding) -> str:
    """Return the signature in a short form that can be compared by eye: four groups of four signs."""
    short = finding.signature[:16].upper()
    return "-".join(short[i : i + 4] for i in range(0, 16, 4))


def _about(case: Case, place: str) -> Facts:
    born = (case.patient.birth_date or "")[:4]
    return [
        [_("이름"), case.patient.name],
        [_("태어난 해"), _("%(year)s년", year=born) if born else _("적지 않음")],
        [_("위치"), place],
        [_("사진을 보낸 날"), moment(case.submitted_at)],
    ]


def _part(title: str, text: str) -> dict[str, Any]:
    return {"title": title, "lines": [line for line in text.splitlines() if line.strip()]}


def _reason(finding: Finding) -> dict[str, Any]:
    if finding.agreement != Agreement.OVERRIDDEN or not finding.reason:
        return {"title": "", "lines": []}
    return _part(_("의사가 이렇게 본 까닭"), finding.reason)


def _versions(case: Case) -> list[str]:
    lines = [_("이 판독서는 %(version)s판입니다.", version=case.findings[-1].version)]
    for finding in case.findings:
        lines.append(_("%(version)s판: %(at)s 서명", version=finding.version, at=moment(finding.signed_at)))
        if finding.amendment_reason and signing.is_genuine(finding):
            lines.append(_("고친 까닭: %(reason)s", reason=finding.amendment_reason))
    if len(case.findings) > 1:
        lines.append(_("앞선 판은 이 판으로 바뀌었습니다."))
    return lines


def _machine(case: Case) -> dict[str, Any]:
    """What the model said, three classes at most, under the words that it is no finding."""
    if case.opinion is None:
        return _no_machine(case)
    said = case.opinion.opinion
    lines = [_seen_by_machine(said), _("틀릴 수 있으며, 의사의 의견이 우선입니다.")]
    readable = said["outcome"] != NOT_READABLE
    if not readable:
        lines.append(_("인공지능은 이 사진을 읽지 못했습니다."))
    elif said["outcome"] != READING:
        lines.append(_("인공지능은 확실하게 고르지 못했습니다."))
    model = f"{case.opinion.model_name} {case.opinion.model_version}"
    return _machine_part(
        [*lines, _("모델 %(model)s, %(at)s 분석", model=model, at=moment(_analysed(case)))],
        [[diagnoses.find(key).name, format_percent(value, "0%")] for key, value in ranked(said)]
        if readable
        else [],
    )


def _seen_by_machine(said: dict[str, Any]) -> str:
    if answers := context.in_words(said.get("known", ())):
        return str(_("의사가 아니라 인공지능이 사진과 답(%(answers)s)을 보고 낸 것입니다.", answers=answers))
    return str(_("의사가 아니라 인공지능이 사진만 보고 낸 것입니다."))


def _analysed(case: Case) -> datetime:
    assert case.opinion is not None
    return case.opinion.created_at


def _no_machine(case: Case) -> dict[str, Any]:
    if case.without_ai_since is not None:
        return _machine_part([_("동의를 되돌리셔서 인공지능의 의견 없이 의사가 읽었습니다.")], [])
    return _machine_part([_("이 사진은 인공지능이 분석하지 못했습니다. 의사가 직접 읽었습니다.")], [])


def _machine_part(lines: list[str], rows: Facts) -> dict[str, Any]:
    return {
        "title": _("인공지능의 분석 (참고)"),
        "lines": lines,
        "head": [_("인공지능이 본 종류"), _("그럴 가능성(추정)")],
        "rows": rows,
    }


def _signed(finding: Finding, address: str) -> Facts:
    profile = finding.doctor.doctor
    facts = [[_("의사"), finding.doctor.name]]
    if profile is not None:
        facts += [
            [_("면허 번호"), profile.licence_number],
            [_("의료기관"), f"{profile.clinic} ({specialty_name(profile.specialty)})"],
        ]
    return [
        *facts,
        [_("서명한 때"), moment(finding.signed_at)],
        [_("판독서 확인 번호"), check_code(finding)],
        [_("주소"), address],
    ]


def _help() -> str:
    return str(
        _(
            "위 주소에 환자가 로그인하면 같은 판독과 같은 확인 번호가 보입니다. 번호가 다르면 이 종이는 그 판독이 아닙니다."
        )
    )
