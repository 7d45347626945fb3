"""What a patient is told of a case at this moment: where it stands, what happens next, by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.cases import context, diagnoses
from app.cases.diagnoses import Diagnosis
from app.cases.finding_words import moment as moment
from app.cases.finding_words import next_step as next_step
from app.cases.lateness import UNREAD, is_overdue
from app.cases.models import Case, CaseState, NextStep, UrgentReason
from app.cases.opinion import ranked
from app.consultations.models import Booking
from app.infra import clock, moments

BADGES = {
    CaseState.DRAFT: "gray",
    CaseState.SUBMITTED: "information",
    CaseState.WAITING: "information",
    CaseState.READING: "primary",
    CaseState.SIGNED: "success",
    CaseState.WITHDRAWN: "gray",
}


@dataclass(frozen=True)
class Status:
    """Words for one case: a short state, one sentence, what comes next, and the steps so far.

    version: changes with whatever the page shows, so that it is only drawn anew when something did.
    waiting: more will happen by itself before the finding is there.
    """

    label: str
    badge: str
    headline: str
    next: str
    overdue: bool
    waiting: bool
    timeline: list[dict[str, Any]]
    version: str


def describe(case: Case, visit: Booking | None = None) -> Status:
    """Return where a case stands. visit: the consultation that was booked about it, if any."""
    overdue = is_overdue(case)
    label, headline, following = _words(case, overdue)
    badge = "warning" if overdue else BADGES[CaseState(case.state)]
    waiting, timeline = case.state in UNREAD, _timeline(case, overdue, visit)
    return Status(label, badge, headline, following, overdue, waiting, timeline, version(case, visit))


def version(case: Case, visit: Booking | None = None) -> str:
    """Return a short text that changes with whatever the page of a case shows."""
    question = case.question
    asked = "answered" if question and question.answered_at else "asked" if question else "none"
    urgent = case.urgent or "calm"
    machine = f"{int(case.analysis_failed)}{int(case.without_ai_since is not None)}"
    follow = case.lesion.photograph_again_on if case.lesion and case.state == CaseState.SIGNED else None
    met = f"{visit.public_id}:{int(visit.ends_at <= clock.now())}" if visit else "none"
    said = f"{case.state}.{int(is_overdue(case))}.{urgent}.{machine}.{len(case.findings)}.{asked}"
    return f"{said}.{met}.{follow or 'none'}"


def _words(case: Case, overdue: bool) -> tuple[str, str, str]:
    by = moment(case.read_by)
    state = CaseState(case.state)
    if overdue:
        reading = _("지금 의사가 읽고 있습니다. 판독이 끝나면 바로 알려 드립니다.")
        waiting = _("보내신 사진은 먼저 읽을 자리로 옮겼습니다. 판독이 끝나면 바로 알려 드립니다.")
        checking = _(
            "사진 확인이 아직 끝나지 않았습니다. 더 기다리지 않고 의사에게 넘깁니다. 판독이 끝나면 바로 알려 드립니다."
        )
        return (
            _("판독이 늦어지고 있습니다"),
            _("말씀드린 %(by)s까지 의사가 읽지 못했습니다. 죄송합니다.", by=by),
            {CaseState.READING: reading, CaseState.SUBMITTED: checking}.get(state, waiting),
        )
    return {
        CaseState.DRAFT: (_("쓰는 중"), _("아직 보내지 않았습니다."), _("이어서 쓰고 보내 주세요.")),
        CaseState.SUBMITTED: (
            _("사진 확인 중"),
            _("사진을 받았습니다. 지금 확인하고 있습니다."),
            _("곧 의사에게 넘어갑니다. %(by)s까지 읽는 것을 목표로 합니다.", by=by),
        ),
        CaseState.WAITING: (
            _("의사를 기다리는 중"),
            _("의사가 읽을 차례를 기다리고 있습니다."),
            _("의사가 %(by)s까지 읽는 것을 목표로 합니다. 끝나면 바로 알려 드립니다.", by=by),
        ),
        CaseState.READING: (
            _("의사가 읽는 중"),
            _("의사가 지금 사진을 읽고 있습니다."),
            _("%(by)s까지 판독을 알려 드리는 것을 목표로 합니다.", by=by),
        ),
        CaseState.SIGNED: (
            _("판독 완료"),
            _("의사가 판독을 마쳤습니다."),
            next_step(case.finding),
        ),
        CaseState.WITHDRAWN: (
            _("거둠") if case.submitted_at else _("지움"),
            _("이 사진은 거두셨습니다.") if case.submitted_at else _("보내지 않은 사진이라 지웠습니다."),
            _("필요하면 언제든지 새로 보내 주세요."),
        ),
    }[state]


def _timeline(case: Case, overdue: bool, visit: Booking | None) -> list[dict[str, Any]]:
    state = CaseState(case.state)
    if state == CaseState.WITHDRAWN and case.submitted_at is None:
        return [_entry(_("지움"), case.withdrawn_at, "now")]
    entries = [_entry(_("보냄"), case.submitted_at, "done" if case.submitted_at else "next")]
    if state == CaseState.WITHDRAWN:
        return [*entries, _entry(_("거둠"), case.withdrawn_at, "now")]
    analysed = _("사진 확인")
    if case.without_ai_since is not None:
        analysed = _("사진 확인 (동의를 되돌리셔서 인공지능 없이 읽습니다)")
    elif case.analysis_failed:
        analysed = _("사진 확인 (인공지능 분석은 하지 못했습니다)")
    entries.append(_entry(analysed, case.analysed_at, "done" if case.analysed_at else "now"))
    if state == CaseState.SIGNED:
        return [*entries, _entry(_("의사의 판독"), case.signed_at, "done"), *_afterwards(case, visit)]
    reading = _entry(_("의사의 판독"), None, "problem" if overdue else "next")
    if case.analysed_at and not overdue:
        reading["state"] = "now"
    if case.read_by:
        reading["time"] = _("%(by)s까지", by=moment(case.read_by))
        reading["datetime"] = case.read_by.isoformat()
    if state == CaseState.READING:
        reading["text"] = _("의사가 읽고 있습니다.")
    following = _entry(_("다음에 할 일"), None, "next")
    following["text"] = _("판독이 나오면 무엇을 언제까지 하시면 되는지 여기에 적어 드립니다.")
    return [*entries, reading, following]


def _afterwards(case: Case, visit: Booking | None) -> list[dict[str, Any]]:
    """What comes after the finding: the visit, and what to do by when."""
    finding = case.finding
    if finding is None:
        return []
    entries = []
    if visit is not None:
        over = visit.ends_at <= clock.now()
        met = _entry(_("의사와 상담"), visit.starts_at, "done" if over else "now")
        if not over:
            met["text"] = _("그 시간에 의사와 만납니다. 시간을 다시 보거나 취소하시려면 ‘상담’을 누르세요.")
        entries.append(met)
    todo = _entry(_("다음에 할 일"), finding.see_by, "next" if visit else "now")
    if finding.see_by:
        todo["time"] = _("%(day)s까지", day=moments.day(finding.see_by))
    todo["text"] = next_step(finding)
    if finding.next_step == NextStep.CONSULT and visit is not None:
        todo["text"] = _("상담에서 의사가 다음에 할 일을 말씀드립니다.")
    elif finding.next_step == NextStep.NOTHING:
        todo["state"] = "done"
    entries.append(todo)
    again = case.lesion.photograph_again_on if case.lesion else None
    if again is not None:
        entry = _entry(_("다시 찍기"), None, "next")
        entries.append(
            entry
            | {"time": moments.day(again), "datetime": again.isoformat(), "text": _("그날 알려 드립니다.")}
        )
    return entries


def _entry(title: str, at: datetime | None, state: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"title": title, "state": state}
    if at:
        entry |= {"time": moment(at), "datetime": at.isoformat()}
    return entry


@dataclass(frozen=True)
class Urgency:
    """What an urgent notice rests on, and how often the model's prove right.

    share, low, high: percent of notices about single test photos that showed something malignant or
    premalignant, with its 95 % interval; photos: how many the model looked at together for this one.
    """

    by_answers: bool
    by_model: bool
    photos: int
    share: int | None
    low: int | None
    high: int | None


def urgency(case: Case) -> Urgency | None:
    """Return the urgent notice of a case that is not signed yet, None if there is none."""
    if case.urgent is None or case.state not in UNREAD:
        return None
    reason = UrgentReason(case.urgent)
    by_model = reason in (UrgentReason.MODEL, UrgentReason.BOTH)
    # The notice stays even if the model is left out since: so does what is known of such notices.
    measured = (case.opinions[-1].urgent_share if case.opinions else None) or {}
    percent = {key: _percent(measured.get(key)) for key in ("share", "low", "high")}
    photos = int(case.opinion.opinion["read"]) if case.opinion else 0
    return Urgency(reason in (UrgentReason.ANSWERS, UrgentReason.BOTH), by_model, photos, **percent)


def _percent(value: Any) -> int | None:
    return round(float(value) * 100) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class Guess:
    """One of the classes the model finds most likely."""

    diagnosis: Diagnosis
    probability: float
    text: str


@dataclass(frozen=True)
class MachinePart:
    """What the model said of a signed case: its three most likely classes, or why it said nothing."""

    guesses: list[Guess]
    readable: bool
    sure: bool
    photos: int
    beside: str
    """What it used of the answers, in words; empty if nothing."""
    model: str


def machine_part(case: Case) -> MachinePart | None:
    """Return the model's opinion for the page of a signed case, None if there is none."""
    if case.state != CaseState.SIGNED or case.opinion is None:
        return None
    said = case.opinion.opinion
    guesses = [
        Guess(diagnoses.find(key), value, _("%(percent)s%%", percent=round(value * 100)))
        for key, value in ranked(said)
    ]
    return MachinePart(
        guesses=guesses,
        readable=said["outcome"] != "not_readable",
        sure=said["outcome"] == "reading",
        photos=int(said["photos"]),
        beside=context.in_words(said.get("known", ())),
        model=f"{case.opinion.model_name} {case.opinion.model_version}",
    )
