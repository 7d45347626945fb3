"""What the worker sends about helpers: the code to the patient, and to both what has begun or ended."""

from __future__ import annotations

from flask_babel import force_locale
from sqlalchemy import select

from app.accounts import contacts, links, proxy_own_data, proxy_tidying, proxy_words, service
from app.accounts.codes import code_of
from app.accounts.identity import Channel, Identity
from app.accounts.models import OneTimeCode, Patient, User
from app.accounts.proxies import stop_token
from app.accounts.proxy_access import post_of
from app.accounts.proxy_models import Ended, ProxyOffer, ProxyPermission, ProxyRequest
from app.extensions import db
from app.infra import clock, jobs, moments


def send_code(identity: Identity, row: OneTimeCode) -> None:
    """Send a patient the code that permits a helper to act; nothing if it was asked for anew meanwhile."""
    request = db.session.scalar(select(ProxyRequest).where(ProxyRequest.nonce == row.nonce))
    if request is None or not request.proxy.active:
        return
    owner = service.find_user(mobile=identity.value)
    with force_locale(owner.locale if owner is not None and owner.active else "ko"):
        proxy_words.asked(
            identity,
            helper=proxy_words.of_helper(request.proxy.name, _of_user(request.proxy)),
            what=proxy_words.relation(request.relation, _institution(request.proxy)),
            patient=proxy_words.letters(request.name),
            scope=request.scope,
            code=code_of(row),
        )


@jobs.handler("accounts.tell_proxy_granted")
def tell_granted(_run: jobs.Run, permission_id: int) -> None:
    """Tell the patient who may act for them, and how to stop it."""
    row = db.session.get(ProxyPermission, permission_id)
    to = reach(row.patient) if row is not None else None
    if row is None or to is None:
        return
    with force_locale(_locale(row.patient)):
        proxy_words.granted(
            to,
            helper=proxy_words.letters(row.proxy.name),
            what=proxy_words.relation(row.relation, _institution(row.proxy)),
            patient=proxy_words.letters(row.patient.name),
            until=until(row),
            how_to_stop=_how_to_stop(row),
        )


@jobs.handler("accounts.tell_proxy_helper_granted")
def tell_helper_granted(_run: jobs.Run, permission_id: int) -> None:
    """Tell the helper for whom they may act."""
    row = db.session.get(ProxyPermission, permission_id)
    to = _of_user(row.proxy) if row is not None else None
    if row is None or to is None:
        return
    with force_locale(row.proxy.locale):
        name = proxy_words.letters(row.patient.name)
        proxy_words.granted_to_helper(to, patient=name, until=until(row))


@jobs.handler("accounts.tell_proxy_revoked")
def tell_revoked(_run: jobs.Run, permission_id: int) -> None:
    """Tell the patient that nobody acts for them by this permission any more."""
    row = db.session.get(ProxyPermission, permission_id)
    if row is not None:
        _say_over(row, reach(row.patient), _locale(row.patient))


@jobs.handler("accounts.tell_proxy_helper_revoked")
def tell_helper_revoked(_run: jobs.Run, permission_id: int) -> None:
    """Tell the helper that it is over."""
    row = db.session.get(ProxyPermission, permission_id)
    if row is not None:
        _say_over(row, _of_user(row.proxy), row.proxy.locale)


def _say_over(row: ProxyPermission, to: Identity | None, locale: str) -> None:
    if to is None or row.revoked_how in (None, Ended.REPLACED):
        return
    with force_locale(locale):
        helper, patient = proxy_words.letters(row.proxy.name), proxy_words.letters(row.patient.name)
        proxy_words.revoked(to, helper=helper, patient=patient)


@jobs.handler("accounts.tell_proxy_offered")
def tell_offered(_run: jobs.Run, offer_id: int) -> None:
    """Tell whoever has the address that a patient wants them as a helper."""
    row = db.session.get(ProxyOffer, offer_id)
    if row is None or row.closed_at is not None or row.patient.erased_at is not None:
        return
    channel = Channel.EMAIL if "@" in row.address else Channel.MOBILE
    user = service.find_user(**{channel.value: row.address})
    with force_locale(user.locale if user is not None else "ko"):
        proxy_words.offered(
            Identity(channel, row.address),
            patient=proxy_words.letters(row.patient.name),
            link=links.absolute("account.helping" if user is not None else "account.sign_up"),
            known=user is not None,
        )


@jobs.handler(proxy_own_data.TELL_HELPER)
def tell_helper_patient_left(_run: jobs.Run, user_id: int) -> None:
    """Tell a helper that somebody whom they helped has left, and that it is over."""
    user = db.session.get(User, user_id)
    to = _of_user(user) if user is not None else None
    if user is not None and to is not None:
        with force_locale(user.locale):
            proxy_words.patient_left(to)


@jobs.handler(proxy_own_data.TELL_HELPED)
def tell_patient_helper_left(_run: jobs.Run, patient_id: int) -> None:
    """Tell a patient that somebody who helped them has left."""
    patient = db.session.get(Patient, patient_id)
    to = reach(patient) if patient is not None and patient.erased_at is None else None
    if patient is not None and to is not None:
        with force_locale(_locale(patient)):
            proxy_words.helper_left(to)


@jobs.handler(proxy_tidying.FORGET_ASKED, every=proxy_tidying.EVERY)
def forget_asked(_run: jobs.Run) -> jobs.Effect:
    """Forget the names, numbers and addresses of those who were asked a while ago."""
    return proxy_tidying.forget_asked


def until(permission: ProxyPermission) -> str:
    """Return the last day of a permission, in words."""
    return moments.plain(moments.date_of(permission.ends_at.astimezone(clock.KST).date().isoformat()))


def reach(patient: Patient) -> Identity | None:
    """Return where a patient is told something: their account's number or address, or the number entered."""
    if patient.user is not None:
        return _of_user(patient.user)
    return Identity(Channel.MOBILE, patient.mobile) if patient.mobile is not None else None


def _of_user(user: User) -> Identity | None:
    return next(iter(contacts.identities_of(user)), None) if user.active else None


def _locale(patient: Patient) -> str:
    return patient.user.locale if patient.user is not None else "ko"


def _institution(user: User) -> str | None:
    post = post_of(user)
    return post.institution if post is not None else None


def _how_to_stop(row: ProxyPermission) -> str:
    address = links.absolute("account.stop_proxy", token=stop_token(row))
    return " / ".join(part for part in (address, links.settings().contact) if part)


proxy_own_data.register()
