"""The ports through which messages leave the house: e-mail and SMS.

Adapters are chosen by configuration. The console and file adapters are for development. A real
SMS gateway is one more class with `send`, chosen in `create_app`.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
import sys
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol, cast

from flask import Flask, current_app

from app.infra import clock

_MAIL = "salpim.mail"
_SMS = "salpim.sms"


class DeliveryFailed(Exception):
    """The message could not be handed over; trying again later may help."""


@dataclass(frozen=True)
class Mail:
    """One e-mail in plain text."""

    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class Sms:
    """One text message; `to` is a number in E.164 form (+8210…)."""

    to: str
    body: str


class MailPort(Protocol):
    """Hands one e-mail over, or raises `DeliveryFailed`."""

    def send(self, mail: Mail) -> None: ...


class SmsPort(Protocol):
    """Hands one text message over, or raises `DeliveryFailed`."""

    def send(self, sms: Sms) -> None: ...


class ConsoleMail:
    """Prints e-mails to standard error (development only)."""

    def send(self, mail: Mail) -> None:
        print(f"✉ {mail.to}: {mail.subject}\n{mail.body}", file=sys.stderr, flush=True)


class ConsoleSms:
    """Prints text messages to standard error (development only)."""

    def send(self, sms: Sms) -> None:
        print(f"☎ {sms.to}: {sms.body}", file=sys.stderr, flush=True)


def _append(path: Path, record: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(json.dumps({"at": clock.now().isoformat(), **record}, ensure_ascii=False) + "\n")


class FileMail:
    """Appends e-mails to a file of JSON lines, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, mail: Mail) -> None:
        _append(self.path, {"to": mail.to, "subject": mail.subject, "body": mail.body})


class FileSms:
    """Appends text messages to a file of JSON lines, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, sms: Sms) -> None:
        _append(self.path, {"to": sms.to, "body": sms.body})


class SmtpMail:
    """Hands e-mails to an SMTP server, over TLS and only to one that proves its name by a certificate."""

    def __init__(self, host: str, port: int, user: str, password: str, sender: str) -> None:
        self.host, self.port, self.user, self.password, self.sender = host, port, user, password, sender

    def send(self, mail: Mail) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.to, mail.subject
        message.set_content(mail.body)
        try:
            with smtplib.SMTP(self.host, self.port, timeout=15) as server:
                # Left to itself, smtplib believes any certificate: whoever stands in between reads the codes.
                server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            # Without its cause: servers quote the address that they refuse, and failures are logged.
            raise DeliveryFailed(type(error).__name__) from None


def init_app(app: Flask, mail: MailPort, sms: SmsPort) -> None:
    """Give the application its ports."""
    app.extensions[_MAIL], app.extensions[_SMS] = mail, sms


def send_mail(mail: Mail) -> None:
    """Send one e-mail through the running application's port."""
    cast(MailPort, current_app.extensions[_MAIL]).send(mail)


def send_sms(sms: Sms) -> None:
    """Send one text message through the running application's port."""
    cast(SmsPort, current_app.extensions[_SMS]).send(sms)
