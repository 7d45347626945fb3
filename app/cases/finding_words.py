"""The words of a finding that patients read and doctors check before they sign: what to do next, by when."""

from __future__ import annotations

from flask_babel import format_date
from flask_babel import gettext as _

from app.cases.models import Finding, NextStep
from app.infra.moments import moment as moment


def next_step(finding: Finding | None) -> str:
    """Return in one sentence what the patient should do, and by when."""
    if finding is None:
        return ""
    if finding.next_step == NextStep.IN_PERSON:
        if finding.see_by is None:
            return str(_("피부과에 직접 가서 진료를 받으세요."))
        return str(
            _("%(day)s까지 피부과에 직접 가서 진료를 받으세요.", day=format_date(finding.see_by, "full"))
        )
    words = {
        NextStep.NOTHING: _("더 하실 일은 없습니다. 달라지면 다시 사진을 보내 주세요."),
        NextStep.WATCH: _("지켜보시다가 달라지면 다시 사진을 보내 주세요."),
        NextStep.CONSULT: _("의사와 비대면 상담을 예약해 주세요."),
    }
    return str(words[NextStep(finding.next_step)])
