"""The words of a finding that patients read and doctors check before they sign: what to do next, by when."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import format_date
from flask_babel import gettext as _

from app.cases.models import Finding, NextStep
from app.infra.moments import keep_together
from app.infra.moments import moment as moment


def next_step(finding: Finding | None) -> str:
    """Return in one sentence what the patient should do, and by when."""
    if finding is None:
        return ""
    if finding.next_step == NextStep.IN_PERSON:
        if finding.see_by is None:
            return str(_("피부과에 직접 가서 진료를 받으세요."))
        return str(
            _(
                "%(day)s까지 피부과에 직접 가서 진료를 받으세요.",
                day=keep_together(format_date(finding.see_by, "full")),
            )
        )
    if finding.next_step == NextStep.WATCH and finding.within_days is not None:
        day = keep_together(format_date(finding.signed_at + timedelta(days=finding.within_days), "full"))
        return str(
            _("%(day)s쯤 같은 곳을 다시 찍어 보내 주세요. 그 전이라도 달라지면 바로 보내 주세요.", day=day)
        )
    words = {
        NextStep.NOTHING: _("더 하실 일은 없습니다. 달라지면 다시 사진을 보내 주세요."),
        NextStep.WATCH: _("지켜보시다가 달라지면 다시 사진을 보내 주세요."),
        NextStep.CONSULT: _("의사와 비대면 상담을 예약해 주세요."),
    }
    return str(words[NextStep(finding.next_step)])


def at_once() -> list[tuple[str, list[str]]]:
    """Return when not to wait, whatever the finding says: for the ambulance, and for a doctor within days."""
    return [
        (
            str(_("119에 전화하거나 응급실로 가세요")),
            [
                str(_("눌러도 피가 멎지 않을 때")),
                str(_("열이 나며 빠르게 번질 때")),
                str(_("숨이 차거나 얼굴이 부을 때")),
            ],
        ),
        (
            str(_("며칠 안에 피부과에 가세요")),
            [
                str(_("눈에 띄게 커지거나 모양·색이 달라질 때")),
                str(_("헐어서 아물지 않거나 피·진물이 날 때")),
            ],
        ),
    ]
