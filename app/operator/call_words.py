"""What an operator says aloud to somebody on the telephone."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _

from app.consultations import eligibility_words
from app.consultations.calls import Offer
from app.consultations.eligibility import Admission, Reason
from app.consultations.referral_models import Why


def why(reason: Why) -> str:
    """Why the caller is told of clinics: true, and short enough to be said."""
    words = {
        Why.NO_CONSENT: _(
            "동의하지 않으셔서 화면으로는 상담해 드릴 수 없습니다. 병원에서는 이 동의가 없어도 진료를 받으실 수 있습니다."
        ),
        Why.NOT_ADMITTED: _(
            "법이 정한 규칙 때문에 화면으로는 상담해 드릴 수 없습니다. 병원에 직접 가셔야 합니다."
        ),
        Why.NO_TIME: _(
            "지금은 상담할 의사의 빈 시간이 없습니다. 규칙 때문은 아닙니다. 기다리기 어려우시면 가까운 병원에 가 보세요."
        ),
        Why.ASKED: _("가까운 병원을 알려 드리겠습니다."),
    }
    return str(words[Why(reason)])


def reasons(admissions: Iterable[Admission]) -> list[str]:
    """The rules that do not admit, each reason once; what the caller did not claim is no reason to tell them."""
    found = [
        f"{eligibility_words.title(verdict.rule)}: {eligibility_words.reason(verdict)}"
        for admission in admissions
        for verdict in admission.refusals
        if verdict.reason is not Reason.NOT_DECLARED
    ]
    return list(dict.fromkeys(found))


def reasons_of(offers: Iterable[Offer]) -> list[str]:
    """The same, of the times that are free and closed to the caller."""
    return reasons(offer.admission for offer in offers)
