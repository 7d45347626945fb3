"""What the audit log says of one's own data, in sentences that need no explaining."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

ACTIONS: dict[str, LazyString] = {
    "access.denied": _l("보려고 했지만 막혔습니다."),
    "access_log.read": _l("누가 보았는지 살펴보았습니다."),
    "account.created": _l("가입했습니다."),
    "account.profile_changed": _l("이름이나 언어를 바꾸었습니다."),
    "archive.taken": _l("자료를 모두 내려받았습니다."),
    "booking.cancelled": _l("상담 예약을 취소했습니다."),
    "booking.listed": _l("예약 목록에서 보았습니다."),
    "booking.made": _l("상담을 예약했습니다."),
    "booking.missed": _l("상담에 오지 않았다고 적었습니다."),
    "booking.missed_taken_back": _l("상담에 오지 않았다고 적은 것을 되돌렸습니다."),
    "booking.moved": _l("상담 예약을 옮겼습니다."),
    "call.child_registered": _l("보호자의 전화를 받고 아이를 등록했습니다."),
    "call.of_age": _l("만 14세가 되어 본인에게 동의를 다시 여쭙기로 했습니다."),
    "call.clinics_read": _l("전화로 가까운 병원을 읽어 드렸습니다."),
    "call.found": _l("전화를 받고 번호로 찾았습니다."),
    "call.looked": _l("전화를 받고 예약을 보았습니다."),
    "call.registered": _l("전화를 받고 등록했습니다."),
    "case.analyse": _l("사진을 인공지능이 살펴보게 했습니다."),
    "case.shadow": _l("시험하는 인공지능이 사진을 읽었습니다. 그 답은 아무에게도 보이지 않습니다."),
    "case.forget": _l("보내지 않은 사진과 답을 지웠습니다."),
    "case.listed": _l("보낸 사진의 목록에서 보았습니다."),
    "case.open": _l("사진 보내기를 시작했습니다."),
    "case.fill_in": _l("점의 위치나 증상을 적었습니다."),
    "case.returned.overdue": _l("의사가 제때 읽지 못해 다른 의사에게 돌렸습니다."),
    "case.returned.put_back": _l("의사가 다른 의사에게 넘겼습니다."),
    "case.submit": _l("사진과 답을 의사에게 보냈습니다."),
    "case.taken": _l("의사가 사진을 맡았습니다."),
    "case.without_ai": _l("인공지능 없이 읽기로 했습니다."),
    "case.withdraw": _l("보낸 사진을 거두었습니다."),
    "consent.given": _l("동의했습니다."),
    "consent.given_by_telephone": _l("전화로 동의하신 것을 적었습니다."),
    "consent.withdrawn": _l("동의를 되돌렸습니다."),
    "consent.withdrawn_by_telephone": _l("전화로 동의를 되돌리신 것을 적었습니다."),
    "erasure.asked": _l("자료를 지워 달라고 했습니다."),
    "erasure.asked_by_telephone": _l("전화로 자료를 지워 달라고 하신 것을 적었습니다."),
    "erasure.cancelled": _l("지우기를 그만두었습니다."),
    "erasure.cancelled_by_telephone": _l("전화로 지우기를 그만두신 것을 적었습니다."),
    "finding.amended": _l("의사가 판독을 고쳐 서명했습니다."),
    "finding.exported": _l("판독을 종이에 찍을 파일로 받았습니다."),
    "finding.read": _l("판독을 읽었습니다."),
    "finding.signature_wrong": _l("판독의 서명이 맞지 않는 것을 알아챘습니다."),
    "finding.signed": _l("의사가 판독에 서명했습니다."),
    "first_read.stored": _l("의사가 사진을 읽고 적었습니다."),
    "guardianship.ended": _l("보호자가 대신 이용하기를 그만두었습니다."),
    "guardianship.started": _l("보호자가 대신 이용하기 시작했습니다."),
    "heatmap.read": _l("인공지능이 눈여겨본 곳을 보았습니다."),
    "identity.card": _l("의사가 신분증으로 본인인지 확인했습니다."),
    "identity.failed": _l("의사가 본인인지 확인하지 못했습니다."),
    "identity.known": _l("의사가 아는 얼굴이라 본인으로 확인했습니다."),
    "identity.shown": _l("의사가 본인인지 확인하려고 번호와 생년월일을 보았습니다."),
    "identity.told": _l("의사가 번호와 생년월일을 듣고 본인인지 확인했습니다."),
    "lesion.named": _l("점의 이름을 지었습니다."),
    "lesion.read": _l("점의 사진을 모아 보았습니다."),
    "lesion.watch_set": _l("다시 찍을 날을 정하거나 없앴습니다."),
    "message.again": _l("보내지 못한 알림을 다시 보냈습니다."),
    "opinion.revealed": _l("의사가 인공지능의 의견을 열었습니다."),
    "patient.area_changed": _l("사는 곳을 적었습니다."),
    "patient.claimed": _l("가입하여, 미리 등록된 자료를 이어받았습니다."),
    "patient.exceptions_changed": _l("해당하는 것을 골랐습니다."),
    "person.corrected": _l("이름, 생년월일이나 성별을 고쳤습니다."),
    "photo.add": _l("사진을 넣었습니다."),
    "photo.analyse": _l("인공지능이 사진을 살펴보았습니다."),
    "photo.read": _l("사진을 보았습니다."),
    "photo.remove": _l("사진을 뺐습니다."),
    "prediction.read": _l("인공지능의 의견을 읽었습니다."),
    "proxy.granted": _l("도와줄 사람에게 허락했습니다."),
    "proxy.looked_up": _l("전화를 받고 누가 도와주는지 보았습니다."),
    "proxy.offer_closed": _l("도와 달라는 부탁을 거두었습니다."),
    "proxy.offered": _l("도와 달라고 부탁했습니다."),
    "proxy.revoked": _l("도와주는 사람의 허락을 끝냈습니다."),
    "question.answered": _l("의사가 질문에 답했습니다."),
    "question.ask": _l("의사에게 질문했습니다."),
    "upload.begin": _l("사진을 올리기 시작했습니다."),
    "upload.drop": _l("올리다 만 사진을 지웠습니다."),
}
ROLES: dict[str, LazyString] = {
    "doctor": _l("의사"),
    "operator": _l("운영자"),
    "patient": _l("보호자"),
    "system": _l("살핌이 스스로"),
    "visitor": _l("로그인하지 않은 사람"),
}
CONSENTS: dict[str, LazyString] = {
    "terms": _l("이용약관"),
    "health_data": _l("건강에 관한 정보"),
    "telemedicine": _l("비대면 상담"),
    "ai_notice": _l("인공지능 안내"),
}
HELPER, FORMER_HELPER, SOMEBODY = _l("도와주는 사람"), _l("예전에 도와준 사람"), _l("다른 이용자")
GRANTED, REVOKED = "proxy.granted", "proxy.revoked"
# The same said of the helper, where it was the helper who did it.
BY_CODE = _l("불러 주신 확인 번호를 적고, 도와주어도 된다는 허락을 받았습니다.")
BY_OFFER = _l("도와 달라는 부탁을 받아들였습니다.")
GAVE_UP = _l("도와주기를 그만두었습니다.")
OTHER = _l("그 밖의 일을 했습니다.")
REFUSED, FAILED = _l("막힘"), _l("되지 않음")


def action(key: str) -> str:
    """Return what was done; of a kind without words of its own, that something was."""
    return str(ACTIONS.get(key, OTHER))


def consent(kind: str) -> str | None:
    """Return what was agreed to, in short; None for what nobody is asked for any more."""
    return str(CONSENTS[kind]) if kind in CONSENTS else None


def role(key: str) -> str:
    """Return what somebody is who is not named, or beside their name."""
    return str(ROLES.get(key, key))
