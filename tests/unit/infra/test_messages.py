"""What leaves the house, and what stays out of the logs when it cannot."""

from __future__ import annotations

import smtplib
import traceback
from pathlib import Path
from typing import Any

import pytest

from app.infra.messages import DeliveryFailed, Mail, SmtpMail
from tests.harness import smtp

ADDRESS = "hong.gildong@example.test"


class RefusingServer:
    """An SMTP server that knows no such person and says so, with the address."""

    def __init__(self, *_given: Any, **_named: Any) -> None:
        pass

    def __enter__(self) -> RefusingServer:
        return self

    def __exit__(self, *_error: Any) -> None:
        pass

    def starttls(self, **_named: Any) -> None:
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


def _send(port: int) -> None:
    mailer = SmtpMail("localhost", port, "portal", "the mail password", "noreply@salpim.example")
    mailer.send(Mail(ADDRESS, "code", "The code is 123456"))


def test_a_server_that_proves_its_name_gets_the_mail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate = smtp.make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with smtp.serving(certificate) as (port, heard):
        _send(port)
    assert f"rcpt TO:<{ADDRESS}>" in heard
    assert "The code is 123456" in heard


@pytest.mark.parametrize(("name", "trusted"), [("localhost", False), ("elsewhere.example", True)])
def test_an_impostor_between_us_and_the_mail_server_hears_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, trusted: bool
) -> None:
    certificate = smtp.make_certificate(tmp_path, name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    refusal = pytest.raises(DeliveryFailed, match="SSLCertVerificationError")
    with smtp.serving(certificate) as (port, heard), refusal:
        _send(port)
    assert [line.split()[0].upper() for line in heard] == ["EHLO", "STARTTLS"]
