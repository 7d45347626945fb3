"""What leaves the house, and what stays out of the logs when it cannot."""

from __future__ import annotations

import smtplib
import traceback
from typing import Any

import pytest

from app.infra.messages import DeliveryFailed, Mail, SmtpMail

ADDRESS = "hong.gildong@example.test"


class RefusingServer:
    """An SMTP server that knows no such person and says so, with the address."""

    def __init__(self, *_given: Any, **_named: Any) -> None:
        pass

    def __enter__(self) -> RefusingServer:
        return self

    def __exit__(self, *_error: Any) -> None:
        pass

    def starttls(self) -> None:
        pass

    def send_message(self, message: Any) -> None:
        raise smtplib.SMTPRecipientsRefused({message["To"]: (550, f"no such user {message['To']}".encode())})


def test_a_refused_address_is_not_in_what_gets_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtplib, "SMTP", RefusingServer)
    port = SmtpMail("mail.example.test", 587, "", "", "noreply@salpim.example")
    with pytest.raises(DeliveryFailed) as failure:
        port.send(Mail(ADDRESS, "확인 번호", "123456"))
    logged = "".join(traceback.format_exception(failure.value))
    assert "SMTPRecipientsRefused" in logged
    assert ADDRESS not in logged
