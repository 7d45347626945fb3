"""What notices say. The short form leaves the house by SMS and e-mail, so it names nothing of anyone's health."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.notifications.models import NoticeKind


@dataclass(frozen=True)
class Words:
    """`title` and `text` stand on the page of notices, `short` is what is sent (90 bytes in EUC-KR: one SMS)."""

    title: LazyString
    text: LazyString
    short: LazyString


WORDS: dict[NoticeKind, Words] = {
    NoticeKind.CASE_RECEIVED: Words(
        _l("사진을 잘 받았습니다"),
        _l("의사가 읽으면 다시 알려 드립니다."),
        _l("살핌: 보내신 내용을 잘 받았습니다. 로그인하여 다음 순서를 확인하세요."),
    ),
    NoticeKind.CASE_URGENT: Words(
        _l("꼭 읽어 주세요"),
        _l("되도록 빨리 보셔야 할 안내가 있습니다."),
        _l("살핌: 꼭 읽으실 안내가 있습니다. 지금 로그인하여 확인하세요."),
    ),
    NoticeKind.CASE_OVERDUE: Words(
        _l("판독이 늦어지고 있습니다"),
        _l(
            "말씀드린 때까지 의사가 읽지 못했습니다. 죄송합니다. 먼저 읽을 차례로 옮겼으니 읽는 대로 알려 드립니다. "
            "걱정되시면 기다리지 말고 가까운 피부과에서 진료를 받으세요."
        ),
        _l("살핌: 답이 늦어지고 있습니다. 죄송합니다. 로그인하여 다음 순서를 확인하세요."),
    ),
    NoticeKind.FINDING_SIGNED: Words(
        _l("판독 결과가 도착했습니다"),
        _l("의사가 사진을 읽고 답을 적었습니다."),
        _l("살핌: 판독 결과가 도착했습니다. 로그인하여 확인하세요."),
    ),
    NoticeKind.FINDING_AMENDED: Words(
        _l("판독 결과가 고쳐졌습니다"),
        _l("의사가 결과를 고쳐 다시 적었습니다. 새 결과를 확인해 주세요."),
        _l("살핌: 판독 결과가 고쳐졌습니다. 로그인하여 확인하세요."),
    ),
    NoticeKind.QUESTION_ASKED: Words(
        _l("환자의 질문이 도착했습니다"),
        _l("판독 결과에 대한 질문입니다. 답해 주세요."),
        _l("살핌: 환자의 질문이 도착했습니다. 로그인하여 답해 주세요."),
    ),
    NoticeKind.QUESTION_ANSWERED: Words(
        _l("질문에 답이 도착했습니다"),
        _l("의사가 질문에 답했습니다."),
        _l("살핌: 질문에 답이 도착했습니다. 로그인하여 확인하세요."),
    ),
    NoticeKind.BOOKING_MADE: Words(
        _l("상담이 예약되었습니다"),
        _l("예약한 날짜와 시간을 확인해 주세요."),
        _l("살핌: 상담이 예약되었습니다. 로그인하여 시간을 확인하세요."),
    ),
    NoticeKind.BOOKING_CANCELLED: Words(
        _l("상담 예약이 취소되었습니다"),
        _l("다른 시간에 다시 예약하실 수 있습니다."),
        _l("살핌: 상담 예약이 취소되었습니다. 로그인하여 확인하세요."),
    ),
}
