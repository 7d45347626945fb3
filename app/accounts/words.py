"""What this room writes to people, in their language. Text messages stay under 90 bytes where they can."""

from __future__ import annotations

from flask_babel import gettext as _

from app.accounts.identity import Channel, Identity
from app.accounts.models import ConsentKind
from app.infra.messages import Mail, Sms, send_mail, send_sms


def send(identity: Identity, subject: str, body: str) -> None:
    """Hand one message over by the way that fits the identity; raises `DeliveryFailed`."""
    if identity.channel is Channel.MOBILE:
        send_sms(Sms(identity.value, body))
    else:
        send_mail(Mail(identity.value, subject, body))


def code(identity: Identity, digits: str) -> None:
    """The code that was asked for."""
    send(
        identity,
        _("살핌 확인 번호 %(code)s", code=digits),
        _("[살핌] 확인 번호 %(code)s (10분 안에 입력). 아무에게도 알려 주지 마세요.", code=digits),
    )


def already_known(identity: Identity, sign_in: str) -> None:
    """To the owner of an address with which someone tried to sign up a second time."""
    send(
        identity,
        _("살핌에 이미 가입되어 있습니다"),
        _("[살핌] 이미 가입되어 있습니다. 로그인: %(link)s", link=sign_in),
    )


def address_in_use(identity: Identity) -> None:
    """To the owner of an address that another account wanted to take over."""
    send(
        identity,
        _("다른 계정에서 이 연락처를 쓰려고 했습니다"),
        _("[살핌] 다른 계정에서 이 연락처를 등록하려고 했지만, 이미 쓰이고 있어 등록하지 않았습니다."),
    )


def reset_link(identity: Identity, link: str) -> None:
    """The link by which a new password can be set."""
    body = _(
        "[살핌] 아래 주소에서 새 비밀번호를 정할 수 있습니다. 주소는 2시간 동안 한 번만 쓸 수 있습니다.\n\n"
        "%(link)s\n\n요청하지 않으셨다면 이 메일을 무시하세요. 비밀번호는 바뀌지 않습니다.",
        link=link,
    )
    send(identity, _("살핌 비밀번호 다시 정하기"), body)


def password_changed(identity: Identity, recover: str) -> None:
    """That the password was changed, in case it was somebody else."""
    body = _(
        "[살핌] 비밀번호가 바뀌었습니다. 직접 바꾸지 않으셨다면 바로 다시 정하세요: %(link)s", link=recover
    )
    send(identity, _("살핌 비밀번호가 바뀌었습니다"), body)


def contact_changed(identity: Identity, contact: str) -> None:
    """To the address that a person was known by until now."""
    body = _(
        "[살핌] 계정의 연락처가 바뀌었습니다. 직접 바꾸지 않으셨다면 알려 주세요. %(contact)s",
        contact=contact,
    )
    send(identity, _("살핌 연락처가 바뀌었습니다"), body.strip())


def invitation(identity: Identity, link: str) -> None:
    """The link by which a doctor or an operator joins."""
    body = _(
        "[살핌] 살핌에 함께하도록 초대합니다. 아래 주소에서 계정을 만들어 주세요. "
        "주소는 7일 동안 한 번만 쓸 수 있습니다.\n\n%(link)s",
        link=link,
    )
    send(identity, _("살핌에 초대합니다"), body)


def leaving(identity: Identity, day: str, link: str) -> None:
    """That everything will be erased, and how to keep it."""
    body = _(
        "[살핌] %(day)s에 자료를 지웁니다. 그만두시려면 그 전에 로그인해 주세요. %(link)s", day=day, link=link
    )
    send(identity, _("살핌 자료를 지워 달라는 말씀을 받았습니다"), body)


def caller_leaving(identity: Identity, day: str, contact: str) -> None:
    """The same, to somebody who has no account and can call."""
    body = _(
        "[살핌] %(day)s에 자료를 지웁니다. 그만두시려면 그 전에 전화해 주세요. %(contact)s",
        day=day,
        contact=contact,
    )
    send(identity, _("살핌 자료를 지워 달라는 말씀을 받았습니다"), body.strip())


def caller_gone(identity: Identity) -> None:
    """That everything about somebody without an account is erased."""
    send(identity, _("살핌 자료를 지웠습니다"), _("[살핌] 말씀하신 대로 자료를 지웠습니다."))


def caller_withdrew(identity: Identity, kind: ConsentKind, contact: str) -> None:
    """Which consent was taken back on the telephone, and what goes with it; nothing of anyone's health."""
    bodies = {
        ConsentKind.HEALTH_DATA: _(
            "[살핌] 건강 정보 동의를 되돌렸습니다. 예약도 함께 취소됩니다. 틀리면 전화 주세요. %(contact)s",
            contact=contact,
        ),
        ConsentKind.TELEMEDICINE: _(
            "[살핌] 비대면 상담 동의를 되돌렸습니다. 예약도 함께 취소됩니다. 틀리면 전화 주세요. %(contact)s",
            contact=contact,
        ),
        ConsentKind.AI_NOTICE: _(
            "[살핌] 인공지능 안내 동의를 되돌렸습니다. 틀리면 전화 주세요. %(contact)s", contact=contact
        ),
    }
    send(identity, _("살핌 동의를 되돌렸습니다"), bodies[kind].strip())


def staying(identity: Identity) -> None:
    """That the wish to have everything erased was taken back."""
    send(
        identity, _("살핌 자료를 지우지 않습니다"), _("[살핌] 지우기를 그만두셨습니다. 모두 그대로 있습니다.")
    )


def gone(identity: Identity) -> None:
    """That it is done; the last message to this address."""
    body = _("[살핌] 탈퇴하셨습니다. 자료를 지웠고, 이 연락처도 더는 갖고 있지 않습니다.")
    send(identity, _("살핌에서 탈퇴하셨습니다"), body)


def of_age(name: str) -> str:
    """On pages: why a guardian can do nothing new for someone who has turned 14, and what to do."""
    return str(
        _(
            "%(name)s 님은 만 14세가 되어 이제 스스로 결정합니다. 전에 보낸 것은 그대로 보실 수 있지만, "
            "사진을 새로 보내거나 동의하거나 예약하려면 %(name)s 님이 직접 가입해야 합니다.",
            name=name,
        )
    )
