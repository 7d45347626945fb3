"""What notices say on their page. What leaves the house, by telephone and e-mail, stands in templates.toml."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.notifications.models import NoticeKind


@dataclass(frozen=True)
class Words:
    """`title` and `text` stand on the page of notices; the title is also the subject of an e-mail."""

    title: LazyString
    text: LazyString


WORDS: dict[NoticeKind, Words] = {
    NoticeKind.CASE_RECEIVED: Words(
        _l("사진을 잘 받았습니다"),
        _l("의사가 읽으면 다시 알려 드립니다."),
    ),
    NoticeKind.CASE_URGENT: Words(
        _l("꼭 읽어 주세요"),
        _l("되도록 빨리 보셔야 할 안내가 있습니다."),
    ),
    NoticeKind.CASE_OVERDUE: Words(
        _l("판독이 늦어지고 있습니다"),
        _l(
            "말씀드린 때까지 의사가 읽지 못했습니다. 죄송합니다. 먼저 읽을 차례로 옮겼으니 읽는 대로 알려 드립니다. "
            "걱정되시면 기다리지 말고 가까운 피부과에서 진료를 받으세요."
        ),
    ),
    NoticeKind.FINDING_SIGNED: Words(
        _l("판독 결과가 도착했습니다"),
        _l("의사가 사진을 읽고 답을 적었습니다."),
    ),
    NoticeKind.FINDING_AMENDED: Words(
        _l("판독 결과가 고쳐졌습니다"),
        _l("의사가 결과를 고쳐 다시 적었습니다. 새 결과를 확인해 주세요."),
    ),
    NoticeKind.QUESTION_ASKED: Words(
        _l("환자의 질문이 도착했습니다"),
        _l("판독 결과에 대한 질문입니다. 답해 주세요."),
    ),
    NoticeKind.QUESTION_ANSWERED: Words(
        _l("질문에 답이 도착했습니다"),
        _l("의사가 질문에 답했습니다."),
    ),
    NoticeKind.BOOKING_MADE: Words(
        _l("상담이 예약되었습니다"),
        _l("예약한 날짜와 시간을 확인해 주세요."),
    ),
    NoticeKind.BOOKING_MOVED: Words(
        _l("상담 시간이 바뀌었습니다"),
        _l("바뀐 날짜와 시간을 확인해 주세요."),
    ),
    NoticeKind.BOOKING_CANCELLED: Words(
        _l("상담 예약이 취소되었습니다"),
        _l("다른 시간에 다시 예약하실 수 있습니다."),
    ),
    NoticeKind.BOOKING_MISSED: Words(
        _l("상담이 이루어지지 않았습니다"),
        _l("예약한 시간에 만나지 못했습니다. 상담이 필요하시면 다시 예약해 주세요."),
    ),
    NoticeKind.BOOKING_DAY_BEFORE: Words(
        _l("곧 상담이 있습니다"),
        _l(
            "예약한 시간을 확인해 주세요. 화상 진료실은 아직 없어 상담 자체는 이 서비스에서 하지 못합니다. "
            "필요하지 않으시면 미리 취소해 주세요."
        ),
    ),
    NoticeKind.BOOKING_SOON: Words(
        _l("오늘 상담이 있습니다"),
        _l("예약한 시간이 다가옵니다. 화상 진료실은 아직 없어 상담 자체는 이 서비스에서 하지 못합니다."),
    ),
    NoticeKind.PHOTOGRAPH_AGAIN: Words(
        _l("사진을 다시 찍을 때가 되었습니다"),
        _l("지난번과 같은 곳을 다시 찍어 보내 주세요. 달라진 것이 있는지 의사가 견주어 봅니다."),
    ),
    NoticeKind.IN_PERSON_DUE: Words(
        _l("안내해 드린 날이 다가옵니다"),
        _l(
            "의사가 가 보시라고 한 날까지 며칠 남지 않았습니다. "
            "아직 못 가셨으면 가까운 피부과에 먼저 전화해 보세요."
        ),
    ),
}
