"""The ports through which messages leave the house: e-mail, SMS and 알림톡 (KakaoTalk's messages of a business).

Adapters are chosen by configuration. The console and file adapters are for development. A real
gateway is one more class with `send`, chosen in `create_app`.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol, cast

from flask import Flask, current_app

from app.infra import clock

_MAIL = "salpim.mail"
_SMS = "salpim.sms"
_ALIMTALK = "salpim.alimtalk"

SMS_BYTES = 90
"""What one short message (SMS) holds, in EUC-KR; Korean networks send anything longer as a long one (LMS)."""


class DeliveryFailed(Exception):
    """The message could not be handed over; trying again later may help."""


class AlimtalkRefused(Exception):
    """An 알림톡 is not taken and never will be (no KakaoTalk there, blocked, no such template): send it otherwise."""


@dataclass(frozen=True)
class Invite:
    """A calendar file that goes with an e-mail, and what a calendar is to do with it (REQUEST or CANCEL)."""

    method: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """One e-mail in plain text, with a calendar file where it is about a time."""

    to: str
    subject: str
    body: str
    invite: Invite | None = None


@dataclass(frozen=True)
class Sms:
    """One text message; `to` is a number in E.164 form (+8210…)."""

    to: str
    body: str

    @property
    def size(self) -> int:
        """How many bytes the text has on Korean networks; what EUC-KR does not know is sent as a question mark."""
        return len(self.body.encode("euc-kr", errors="replace"))

    @property
    def is_long(self) -> bool:
        """True where it is too long for one short message."""
        return self.size > SMS_BYTES


@dataclass(frozen=True)
class Alimtalk:
    """One 알림톡: the code of a template that Kakao has approved, what is put into it, and how it then reads."""

    to: str
    template: str
    text: str
    variables: Mapping[str, str] = field(default_factory=dict)


class MailPort(Protocol):
    """Hands one e-mail over, or raises `DeliveryFailed`."""

    def send(self, mail: Mail) -> None: ...


class SmsPort(Protocol):
    """Hands one text message over, or raises `DeliveryFailed`."""

    def send(self, sms: Sms) -> None: ...


class AlimtalkPort(Protocol):
    """Hands one 알림톡 over, or raises `AlimtalkRefused` (for good) or `DeliveryFailed` (for now)."""

    def send(self, message: Alimtalk) -> None: ...


class ConsoleMail:
    """Prints e-mails to standard error (development only)."""

    def send(self, mail: Mail) -> None:
        print(f"✉ {mail.to}: {mail.subject}\n{mail.body}", file=sys.stderr, flush=True)


class ConsoleSms:
    """Prints text messages to standard error (development only)."""

    def send(self, sms: Sms) -> None:
        print(f"☎ {sms.to}: {sms.body}", file=sys.stderr, flush=True)


class ConsoleAlimtalk:
    """Prints 알림톡 to standard error (development only)."""

    def send(self, message: Alimtalk) -> None:
        print(f"💬 {message.to} [{message.template}]: {message.text}", file=sys.stderr, flush=True)


def _append(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(json.dumps({"at": clock.now().isoformat(), **record}, ensure_ascii=False) + "\n")


class FileMail:
    """Appends e-mails to a file of JSON lines, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, mail: Mail) -> None:
        record = {"to": mail.to, "subject": mail.subject, "body": mail.body}
        if mail.invite is not None:
            record |= {"method": mail.invite.method, "calendar": mail.invite.content.decode()}
        _append(self.path, record)


class FileSms:
    """Appends text messages to a file of JSON lines, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, sms: Sms) -> None:
        form = "LMS" if sms.is_long else "SMS"
        _append(self.path, {"to": sms.to, "body": sms.body, "form": form, "bytes": sms.size})


class FileAlimtalk:
    """Appends 알림톡 to a file of JSON lines, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, message: Alimtalk) -> None:
        record = {"to": message.to, "template": message.template, "body": message.text}
        _append(self.path, record | {"variables": dict(message.variables)})


def as_message(mail: Mail, sender: str) -> EmailMessage:
    """Return an e-mail as it goes over the wire.

    The calendar file is in it twice, as calendars want it: as another form of the text, by which mail programs
    offer to accept it, and as a file for those that know nothing of invitations.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message.set_content(mail.body)
    if mail.invite is not None:
        # As bytes: lines of a calendar end in CRLF, which text would lose on the way.
        kind = {"method": mail.invite.method, "charset": "utf-8"}
        message.add_alternative(mail.invite.content, maintype="text", subtype="calendar", params=kind)
        message.add_attachment(
            mail.invite.content, maintype="application", subtype="ics", filename="salpim.ics"
        )
    return message


class SmtpMail:
    """Hands e-mails to an SMTP server, over TLS and only to one that proves its name by a certificate."""

    def __init__(self, host: str, port: int, user: str, password: str, sender: str) -> None:
        self.host, self.port, self.user, self.password, self.sender = host, port, user, password, sender

    def send(self, mail: Mail) -> None:
        message = as_message(mail, self.sender)
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


def init_app(app: Flask, mail: MailPort, sms: SmsPort, alimtalk: AlimtalkPort | None = None) -> None:
    """Give the application its ports; without one for 알림톡, everything that goes to a telephone is an SMS."""
    app.extensions[_MAIL], app.extensions[_SMS], app.extensions[_ALIMTALK] = mail, sms, alimtalk


def send_mail(mail: Mail) -> None:
    """Send one e-mail through the running application's port."""
    cast(MailPort, current_app.extensions[_MAIL]).send(mail)


def send_sms(sms: Sms) -> None:
    """Send one text message through the running application's port."""
    cast(SmsPort, current_app.extensions[_SMS]).send(sms)


def has_alimtalk() -> bool:
    """True where the running application sends 알림톡."""
    return current_app.extensions[_ALIMTALK] is not None


def send_alimtalk(message: Alimtalk) -> None:
    """Send one 알림톡 through the running application's port."""
    cast(AlimtalkPort, current_app.extensions[_ALIMTALK]).send(message)
