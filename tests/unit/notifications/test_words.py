"""What is sent by SMS fits into one message and says nothing of anyone's health."""

from __future__ import annotations

import pytest

from app.notifications.models import NoticeKind
from app.notifications.service import KINDS
from app.notifications.words import WORDS

ONE_SMS = 90
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
)


def test_every_kind_has_words_and_every_kind_has_an_event() -> None:
    assert set(WORDS) == set(NoticeKind) == set(KINDS.values())


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_text_message_is_one_message(app: object, kind: NoticeKind) -> None:
    assert len(str(WORDS[kind].short).encode("euc-kr")) <= ONE_SMS


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_text_message_tells_nothing_of_health(app: object, kind: NoticeKind) -> None:
    assert not [word for word in TELLING if word in str(WORDS[kind].short)]
