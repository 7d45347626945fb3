"""The operator's record of messages: who, what and how it stands, never what it said or to which number."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.cases.models import CaseState
from app.infra.messages import DeliveryFailed, Sms
from app.notifications.models import Delivery, DeliveryState
from tests.factories.accounts import create_operator, sign_in
from tests.factories.cases import create_case, create_reader, create_sender
from tests.harness.client import Client
from tests.harness.clock import FrozenClock

Work = Callable[[], int]


@pytest.fixture
def desk(app: Flask, db: Any) -> Client:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert isinstance(client, Client)
    sign_in(client, create_operator())
    return client


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/operator/messages{query}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def test_what_was_sent_is_listed_without_words_and_numbers(desk: Client, db: Any, work: Work) -> None:
    sender = create_sender(name="김순자")
    create_case(sender, doctor=create_reader())
    work()
    shown = page(desk)
    assert sender.patient.public_id in shown
    assert "SALPIM_FINDING_SIGNED" in shown
    assert "짧은 문자" in shown
    assert "바이트" in shown
    assert not [told for told in ("김순자", sender.mobile, sender.mobile[3:], "로그인하여") if told in shown]


def test_the_list_can_be_narrowed(desk: Client, db: Any, work: Work) -> None:
    first, second = create_sender(), create_sender()
    for sender in (first, second):
        create_case(sender, state=CaseState.WAITING)
    work()
    assert "2건, 새것부터" in page(desk)
    only = page(desk, f"?patient={first.patient.public_id}")
    assert "1건, 새것부터" in only
    assert second.patient.public_id not in only
    assert "1건" in page(desk, f"?state=sent&kind=case_received&patient={second.patient.public_id}")
    for nothing in ("?state=failed", "?channel=email", "?kind=booking_made", "?until=2026-11-22"):
        assert "찾으신 알림이 없습니다" in page(desk, nothing)
    assert "2건" in page(desk, "?since=2026-11-23&until=2026-11-23")
    assert "앞선 날입니다" in page(desk, "?since=2026-11-23&until=2026-11-22")


class Gateway:
    """Refuses until told otherwise."""

    def __init__(self) -> None:
        self.refuses = True
        self.accepted: list[Sms] = []

    def send(self, sms: Sms) -> None:
        if self.refuses:
            raise DeliveryFailed("busy")
        self.accepted.append(sms)


def test_what_failed_is_seen_and_sent_again_once(
    app: Flask, desk: Client, db: Any, work: Work, clock: FrozenClock
) -> None:
    app.extensions["salpim.sms"] = gateway = Gateway()
    create_case(create_sender(), state=CaseState.WAITING)
    for _ in range(6):
        work()
        clock.advance(minutes=11)
    db.session.rollback()
    delivery = db.session.scalar(select(Delivery))
    assert delivery.state == DeliveryState.FAILED
    assert "보내지 못한 알림이 1건 있습니다" in page(desk)
    gateway.refuses = False
    again = f"/operator/messages/{delivery.id}/again"
    assert desk.post(again).status_code == 303
    assert "다시 보내도록 줄에 세웠습니다" in page(desk)
    desk.post(again)
    assert "이미 보냈거나 다시 보내는 중입니다" in page(desk)
    work()
    desk.post(again)
    work()
    assert len(gateway.accepted) == 1
    db.session.rollback()
    assert db.session.scalar(select(Delivery.state)) == DeliveryState.SENT
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "message.again")).all()
    assert [entry.target for entry in entries] == [f"delivery:{delivery.id}"]
