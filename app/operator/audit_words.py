"""What the audit log calls by keys, in the words of somebody who is no programmer."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.operator.blueprint import door

ACTIONS: dict[str, LazyString] = {
    "access.denied": _l("들어가려다 막힘"),
    "access_log.read": _l("누가 보았는지 봄"),
    "account.contact_changed": _l("연락처를 바꿈"),
    "account.created": _l("계정을 만듦"),
    "account.password_changed": _l("비밀번호를 바꿈"),
    "account.profile_changed": _l("내 정보를 바꿈"),
    "account.signed_out_everywhere": _l("다른 기기에서 모두 로그아웃함"),
    "analysis.start": _l("후기 분석을 시작함"),
    "archive.taken": _l("자료를 모두 내려받음"),
    "audit.head_renewed": _l("접속기록의 끝 표시를 새로 씀"),
    "audit.verify": _l("접속기록을 검사함"),
    "availability.added": _l("진료 시간을 더함"),
    "availability.removed": _l("진료 시간을 뺌"),
    "booking.cancelled": _l("예약을 취소함"),
    "booking.made": _l("예약함"),
    "case.analyse": _l("사진 분석을 맡김"),
    "case.erased": _l("사례를 지움"),
    "case.forget": _l("보내지 않은 사례를 지움"),
    "case.let_go": _l("보관 기간이 끝난 사례를 지움"),
    "case.open": _l("사례를 시작함"),
    "case.restricted": _l("사례를 따로 떼어 둠"),
    "case.returned.overdue": _l("시간이 지나 사례가 대기열로 돌아감"),
    "case.returned.put_back": _l("사례를 대기열에 돌려놓음"),
    "case.submit": _l("사례를 보냄"),
    "case.taken": _l("사례를 맡음"),
    "case.without_ai": _l("인공지능을 쓰지 않게 됨"),
    "case.withdraw": _l("사례를 거두어들임"),
    "collection.resume": _l("후기를 이어서 모으게 함"),
    "collection.schedule": _l("후기를 스스로 모으는 때를 정함"),
    "collection.start": _l("장터에서 후기를 모으기 시작함"),
    "collection.stop": _l("후기 모으기를 멈춤"),
    "consent.given": _l("동의를 함"),
    "consent.withdrawn": _l("동의를 거둠"),
    "erasure.asked": _l("지우기를 바람"),
    "erasure.begun": _l("지우기를 시작함"),
    "erasure.cancelled": _l("지우기를 그만둠"),
    "erasure.done": _l("지우기를 마침"),
    "erasure.let_go": _l("보관 기간이 끝나 잊음"),
    "finding.amended": _l("판독을 고쳐 서명함"),
    "finding.read": _l("판독을 읽음"),
    "finding.signature_wrong": _l("판독의 서명이 맞지 않음"),
    "finding.signed": _l("판독에 서명함"),
    "first_read.stored": _l("첫 판독을 저장함"),
    "guardianship.ended": _l("보호자 관계를 끝냄"),
    "guardianship.started": _l("보호자가 됨"),
    "heatmap.read": _l("인공지능이 본 곳을 봄"),
    "invitation.accepted": _l("초대를 받아들임"),
    "invitation.revoked": _l("초대를 거둠"),
    "invitation.sent": _l("초대장을 보냄"),
    "job.retry": _l("실패한 작업을 다시 시킴"),
    "opinion.revealed": _l("인공지능 의견을 엶"),
    "person.corrected": _l("사람의 정보를 고침"),
    "photo.add": _l("사진을 더함"),
    "photo.analyse": _l("인공지능이 사진을 분석함"),
    "photo.read": _l("사진을 봄"),
    "photo.remove": _l("사진을 지움"),
    "prediction.read": _l("인공지능 의견을 읽음"),
    "question.answered": _l("질문에 답함"),
    "question.ask": _l("질문함"),
    "record.read": _l("따로 떼어 둔 기록을 봄"),
    "record.searched": _l("따로 떼어 둔 기록을 찾음"),
    "review.import": _l("후기 파일을 올림"),
    "review.import_deleted": _l("가져온 후기 파일을 지움"),
    "store_app.add": _l("후기를 모을 앱을 더함"),
    "sign_in": _l("로그인"),
    "sign_out": _l("로그아웃"),
}


@door.app_template_global("audit_action")
def audit_action(key: str) -> str:
    """Return what was done; an action without words by its own name."""
    return str(ACTIONS.get(key, key))
