"""What is said about helpers: on pages, and in the messages that go to both.

A message goes to whatever number somebody has entered: of the names in it only letters are left, so that
nobody can have an address or a text of their own sent from here.
"""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.accounts.identity import Channel, Identity
from app.accounts.proxy_models import Ended, Granted, Relation, Scope
from app.accounts.words import send

RELATIONS: dict[Relation, LazyString] = {
    Relation.CHILD: _l("자녀"),
    Relation.GRANDCHILD: _l("손주"),
    Relation.SPOUSE: _l("배우자"),
    Relation.CHILD_IN_LAW: _l("며느리·사위"),
    Relation.SIBLING: _l("형제자매"),
    Relation.RELATIVE: _l("그 밖의 친척"),
    Relation.NEIGHBOUR: _l("이웃·친구"),
    Relation.CARER: _l("요양보호사"),
    Relation.HEALTH_POST: _l("보건진료소"),
}
SCOPES: dict[Scope, LazyString] = {
    Scope.SEND: _l("사진 보내기와 예약"),
    Scope.READ: _l("사진 보내기, 예약, 의사의 답 보기"),
}
HOW_GRANTED: dict[Granted, LazyString] = {
    Granted.CODE: _l("문자로 온 번호를 불러 주어"),
    Granted.ACCOUNT: _l("본인이 로그인해서"),
}
HOW_ENDED: dict[Ended, LazyString] = {
    Ended.PATIENT: _l("본인이 멈춤"),
    Ended.PROXY: _l("도와주던 분이 그만둠"),
    Ended.LINK: _l("문자의 주소에서 멈춤"),
    Ended.OPERATOR: _l("전화를 받고 운영자가 멈춤"),
    Ended.REPLACED: _l("새 허락으로 바뀜"),
}
NAME_LENGTH = 20


def letters(name: str) -> str:
    """Return the letters of a name, with single blanks between them."""
    kept = "".join(sign if sign.isalpha() else " " for sign in name)
    return " ".join(kept.split())[:NAME_LENGTH].strip()


def relation(kind: Relation, institution: str | None) -> str:
    """Return what a helper is to the patient; of a public-health post which one."""
    if kind == Relation.HEALTH_POST and institution:
        return institution
    return str(RELATIONS[kind])


def asked(identity: Identity, *, helper: str, what: str, patient: str, scope: Scope, code: str) -> None:
    """To the patient: who asks, for whom, for what, and the code that permits it."""
    values = {"helper": helper, "what": what, "patient": patient, "code": code, "scope": str(SCOPES[scope])}
    body = _(
        "[살핌] %(helper)s(%(what)s) 님이 %(patient)s 님 대신 이용하게 해 달라고 합니다(%(scope)s). "
        "허락하시면 이 번호를 10분 안에 그분께 불러 주세요: %(code)s "
        "모르는 사람이면 아무에게도 알려 주지 마세요.",
        **values,
    )
    send(identity, _("살핌 확인 번호"), body)


def granted(
    identity: Identity, *, helper: str, what: str, patient: str, until: str, how_to_stop: str
) -> None:
    """To the patient: who may act for them now, until when, and how to stop it."""
    body = _(
        "[살핌] 이제 %(helper)s(%(what)s) 님이 %(patient)s 님 대신 이용할 수 있습니다(%(until)s까지). "
        "멈추시려면: %(how)s",
        helper=helper,
        what=what,
        patient=patient,
        until=until,
        how=how_to_stop,
    )
    send(identity, _("살핌을 대신 이용하는 분이 생겼습니다"), body)


def granted_to_helper(identity: Identity, *, patient: str, until: str) -> None:
    """To the helper: for whom they may act now."""
    body = _(
        "[살핌] 이제 %(patient)s 님 대신 이용하실 수 있습니다(%(until)s까지). 하시는 일은 모두 기록됩니다.",
        patient=patient,
        until=until,
    )
    send(identity, _("살핌을 대신 이용할 수 있습니다"), body)


def revoked(identity: Identity, *, helper: str, patient: str) -> None:
    """To both: that it is over."""
    body = _(
        "[살핌] %(helper)s 님은 이제 %(patient)s 님 대신 이용하지 않습니다. "
        "보낸 사진과 잡은 예약은 그대로 있습니다.",
        helper=helper,
        patient=patient,
    )
    send(identity, _("살핌 대신 이용이 끝났습니다"), body)


def patient_left(identity: Identity) -> None:
    """To the helper of somebody who has left: their name is gone with everything else."""
    body = _(
        "[살핌] 대신 이용해 드리던 분이 살핌을 떠나셨습니다. 그분의 자료를 지워, 이제 대신 이용하실 수 없습니다."
    )
    send(identity, _("살핌 대신 이용이 끝났습니다"), body)


def helper_left(identity: Identity) -> None:
    """To the patient of a helper who has left."""
    body = _(
        "[살핌] 대신 이용해 주던 분이 살핌을 떠나, 이제 대신 이용하지 않습니다. "
        "보낸 사진과 잡은 예약은 그대로 있습니다."
    )
    send(identity, _("살핌 대신 이용이 끝났습니다"), body)


def offered(identity: Identity, *, patient: str, link: str, known: bool) -> None:
    """To whom a patient wants as a helper: where to take it up; one without an account signs up first."""
    if known:
        body = _(
            "[살핌] %(patient)s 님이 대신 이용해 달라고 하셨습니다. 로그인해서 받아 주세요: %(link)s",
            patient=patient,
            link=link,
        )
    else:
        body = _(
            "[살핌] %(patient)s 님이 살핌을 대신 이용해 달라고 하셨습니다. 가입하신 뒤 받아 주세요: %(link)s "
            "모르는 분이면 그냥 두세요.",
            patient=patient,
            link=link,
        )
    send(identity, _("살핌을 대신 이용해 달라는 부탁"), body)


def of_helper(name: str, identity: Identity | None) -> str:
    """Return a helper's name with what a patient can recognise of their number."""
    shown = letters(name)
    return f"{shown} {identity.masked}" if identity and identity.channel is Channel.MOBILE else shown
