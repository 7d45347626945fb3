"""Words for what the machinery calls by keys: kinds of jobs, states, stages of an analysis, parts of speech."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.operator.blueprint import door

JOBS: dict[str, LazyString] = {
    "analyse_case": _l("사진 분석"),
    "cases.consent_withdrawn": _l("되돌린 동의에 따라 사진 거두기"),
    "consultations.consent_withdrawn": _l("되돌린 동의에 따라 예약 취소하기"),
    "regions.load_clinics": _l("병원 명부 읽기"),
    "regions.clear": _l("지난 병원 명부 치우기"),
    "reviews.import": _l("후기 파일 가져오기"),
    "reviews.analyse": _l("후기 분석"),
    "reviews.collect": _l("장터에서 후기 모으기"),
    "reviews.start_due": _l("때가 된 후기 모으기 시작하기"),
    "notifications.tell": _l("알림 만들기"),
    "notifications.deliver": _l("알림 보내기"),
    "notifications.follow": _l("미리 알림 정하기"),
    "notifications.remind": _l("미리 알리기"),
    "notifications.remind_all": _l("때가 된 미리 알림 찾기"),
}
STAGES: dict[str, LazyString] = {
    "read": _l("후기를 꺼내는 중"),
    "prepare": _l("준비하는 중"),
    "tokenize": _l("문장을 낱말로 나누는 중"),
    "count": _l("낱말을 세는 중"),
    "contrast": _l("높은 별점과 낮은 별점을 비교하는 중"),
    "topics": _l("주제를 찾는 중"),
    "samples": _l("대표 후기를 고르는 중"),
    "clouds": _l("단어 구름을 그리는 중"),
}
STORES: dict[str, LazyString] = {"appstore": _l("App Store"), "googleplay": _l("Google Play")}
COLLECTION_STATES: dict[str, tuple[LazyString, str]] = {
    "queued": (_l("차례를 기다림"), "gray"),
    "running": (_l("모으는 중"), "information"),
    "stopping": (_l("멈추는 중"), "warning"),
    "done": (_l("끝남"), "success"),
    "failed": (_l("실패"), "danger"),
    "stopped": (_l("멈춤"), "gray"),
}
TOKENIZERS: dict[str, LazyString] = {
    "mecab": _l("Mecab (빠름)"),
    "okt": _l("Okt (2023년 연구의 방식, 느림)"),
}
PARTS_OF_SPEECH: dict[str, LazyString] = {
    "noun": _l("명사"),
    "verb": _l("동사"),
    "adjective": _l("형용사"),
    "adverb": _l("부사"),
    "negation": _l("부정"),
    "foreign": _l("외국어"),
}
POLARITIES: dict[str, LazyString] = {
    "pos": _l("칭찬"),
    "neg": _l("불만"),
    "mixed": _l("칭찬과 불만"),
    "neutral": _l("어느 쪽도 아님"),
}
OUTCOMES: dict[str, tuple[LazyString, str]] = {
    "done": (_l("됨"), "gray"),
    "denied": (_l("거절됨"), "warning"),
    "failed": (_l("실패"), "danger"),
}
ROLES: dict[str, LazyString] = {
    "patient": _l("환자"),
    "doctor": _l("의사"),
    "operator": _l("운영자"),
    "visitor": _l("방문자"),
    "system": _l("시스템"),
}


@door.app_template_global("job_words")
def job_words(kind: str) -> str:
    """Return what a job of this kind does; an unknown kind by its own name."""
    return str(JOBS.get(kind, kind))


@door.app_template_global("pos_words")
def pos_words(key: str) -> str:
    """Return a part of speech in words; nothing for one that says little."""
    return str(PARTS_OF_SPEECH.get(key, ""))


@door.context_processor
def words() -> dict[str, object]:
    """Offer the words to this door's templates."""
    return {
        "STAGES": STAGES,
        "STORES": STORES,
        "COLLECTION_STATES": COLLECTION_STATES,
        "TOKENIZERS": TOKENIZERS,
        "OUTCOMES": OUTCOMES,
        "ROLES": ROLES,
        "POLARITIES": POLARITIES,
    }
