"""What is sent to a telephone says nothing of anyone's health, and how long it is."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

import pytest

from app.infra.messages import SMS_BYTES, Sms
from app.notifications.choices import ABOUT_BOOKINGS
from app.notifications.compose import BEFORE_A_VISIT
from app.notifications.models import NoticeKind
from app.notifications.service import KINDS, TO_DOCTOR
from app.notifications.templates import templates
from app.notifications.words import WORDS

LONGEST = {"when": "12월 24일 목요일 오전 10:30", "time": "오전 10:30"}
LONGEST_ENGLISH = {"when": "Wednesday, September 23, 10:30 AM", "time": "10:30 AM"}
TELLING = (
    "암",
    "흑색종",
    "점",
    "병변",
    "피부",
    "악성",
    "양성",
    "급",
    "위험",
    "의심",
    "진단",
    "cancer",
    "melanoma",
    "mole",
    "skin",
)
OF_A_VISIT = ABOUT_BOOKINGS | BEFORE_A_VISIT | {NoticeKind.BOOKING_MISSED}


def texts(kind: NoticeKind) -> Iterator[str]:
    """Every text of a kind, as long as it gets."""
    template = templates()[kind]
    for locale, values in (("ko", LONGEST), ("en", LONGEST_ENGLISH)):
        yield template.text(locale, values)
        if template.is_for_direct:
            yield template.text(locale, values, direct=True)
            yield template.text(locale, values, direct=True, late=True)


def test_every_kind_has_words_a_text_and_an_event() -> None:
    assert set(WORDS) == set(templates()) == set(NoticeKind) == set(KINDS.values())


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_korean_text_is_one_short_message(kind: NoticeKind) -> None:
    assert Sms("", templates()[kind].text("ko", LONGEST)).size <= SMS_BYTES
    for late in (False, True):
        assert Sms("", templates()[kind].text("ko", LONGEST, direct=True, late=late)).size <= SMS_BYTES


@pytest.mark.parametrize("kind", NoticeKind)
def test_what_leaves_the_house_tells_nothing_of_health(app: object, kind: NoticeKind) -> None:
    said = [*texts(kind), str(WORDS[kind].title)]
    assert not [(word, text) for text in said for word in TELLING if word in text.lower()]


@pytest.mark.parametrize("kind", NoticeKind)
def test_texts_can_be_sent_in_euc_kr_and_need_only_what_a_visit_has(kind: NoticeKind) -> None:
    template = templates()[kind]
    direct = (template.direct_ko, template.direct_en, template.direct_late_ko, template.direct_late_en)
    for text in (template.ko, template.en, *direct):
        text.encode("euc-kr")
        needed = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert needed <= ({"when", "time"} if kind in OF_A_VISIT else set())


def test_only_doctors_texts_are_kept_from_those_without_an_account() -> None:
    assert {kind for kind, template in templates().items() if not template.is_for_direct} == TO_DOCTOR


@pytest.mark.parametrize("kind", [NoticeKind.BOOKING_DAY_BEFORE, NoticeKind.BOOKING_SOON])
def test_nobody_is_asked_to_wait_for_a_consultation_that_cannot_be_held_here(kind: NoticeKind) -> None:
    said = [*texts(kind), str(WORDS[kind].text)]
    assert not [text for text in said for word in ("기다려", "전화기를", "10분 전") if word in text]
    assert "하지 못합니다" in str(WORDS[kind].text)


@pytest.mark.parametrize(("locale", "promise"), [("ko", "다시 알려"), ("en", "remind you")])
def test_only_who_will_be_reminded_is_promised_it(locale: str, promise: str) -> None:
    template, values = templates()[NoticeKind.BOOKING_MADE], {"when": "", "time": ""}
    assert promise in template.text(locale, values, direct=True)
    assert promise not in template.text(locale, values, direct=True, late=True)


def test_codes_are_different_and_fit() -> None:
    codes = [t.code_for(direct=direct) for t in templates().values() for direct in (False, True)]
    codes += [t.code_for(direct=True, late=True) for t in templates().values() if t.differs_late]
    assert len(set(codes)) == len(codes)
    assert max(map(len, codes)) <= 40
