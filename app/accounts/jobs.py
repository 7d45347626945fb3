"""What the worker does for this room: it sends codes, links and notices."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import force_locale, format_date
from flask_security.recoverable import generate_reset_password_token

from app.accounts import (
    callers,
    contacts,
    holdings,
    invitations,
    leaving,
    links,
    own_data,
    proxy_jobs,
    service,
    words,
)
from app.accounts.codes import Purpose, code_of
from app.accounts.identity import Channel, Identity, parse
from app.accounts.models import ConsentKind, Departure, Invitation, OneTimeCode, Patient, User
from app.extensions import db
from app.infra import clock, jobs
from app.permissions import Role

# Late is as good as never: the person has asked for another one meanwhile.
_TOO_LATE = timedelta(minutes=10)


@jobs.handler("accounts.send_code")
def send_code(_run: jobs.Run, code_id: int, locale: str) -> None:
    """Send what was asked for to this address; who has it decides what the message says."""
    row = db.session.get(OneTimeCode, code_id)
    if row is None or row.expires_at <= clock.now() or row.sent_at + _TOO_LATE <= clock.now():
        return
    identity = parse(row.address)
    user = service.find_user(**{identity.channel.value: identity.value})
    active = user if user is not None and user.active else None
    if row.purpose == Purpose.PROXY:
        proxy_jobs.send_code(identity, row)
        return
    with force_locale(locale):
        _send(Purpose(row.purpose), identity, active, row)


def _send(purpose: Purpose, identity: Identity, user: User | None, row: OneTimeCode) -> None:
    if purpose in (Purpose.SIGN_UP, Purpose.NEW_CONTACT):
        if user is None:
            words.code(identity, code_of(row))
        elif purpose is Purpose.SIGN_UP:
            words.already_known(identity, links.absolute("security.login"))
        else:
            words.address_in_use(identity)
        return
    if user is None:
        return
    if purpose is Purpose.RESET_LINK:
        token = generate_reset_password_token(user)
        words.reset_link(identity, links.absolute("security.reset_password", token=token))
    elif purpose is Purpose.CONFIRM or user.role == Role.PATIENT:
        # Doctors and operators sign in by password (and second factor), never by a code alone.
        words.code(identity, code_of(row))


@jobs.handler("accounts.tell_password_changed")
def tell_password_changed(_run: jobs.Run, user_id: int) -> None:
    """Tell a person that their password was changed."""
    user = db.session.get(User, user_id)
    if user is not None:
        with force_locale(user.locale):
            words.password_changed(_reach(user), links.absolute("account.recover"))


@jobs.handler("accounts.tell_contact_changed")
def tell_contact_changed(_run: jobs.Run, sealed: str, locale: str) -> None:
    """Tell the address that a person was known by until now; it comes sealed (`contacts.sealed`)."""
    with force_locale(locale):
        words.contact_changed(contacts.unsealed(sealed), links.settings().contact)


@jobs.handler("accounts.send_invitation")
def send_invitation(_run: jobs.Run, invitation_id: int, locale: str) -> None:
    """Send the link by which someone joins."""
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is not None and invitations.is_open(invitation):
        with force_locale(locale):
            words.invitation(Identity(Channel.EMAIL, invitation.email), invitations.link(invitation))


@jobs.handler(leaving.TELL_ASKED)
def tell_leaving(_run: jobs.Run, departure_id: int, user_id: int) -> None:
    """Tell somebody until when everything can still be kept."""
    departure, user = db.session.get(Departure, departure_id), db.session.get(User, user_id)
    if departure is None or departure.cancelled_at is not None or user is None or not user.active:
        return
    with force_locale(user.locale):
        day = format_date(departure.due_at, "long")
        words.leaving(_reach(user), day, links.absolute("security.login"))


@jobs.handler(leaving.TELL_STAYS)
def tell_staying(_run: jobs.Run, departure_id: int, user_id: int) -> None:  # noqa: ARG001 - the two go together
    """Tell somebody that nothing will be erased."""
    user = db.session.get(User, user_id)
    if user is not None and user.active:
        with force_locale(user.locale):
            words.staying(_reach(user))


@jobs.handler(leaving.TELL_GONE)
def tell_gone(_run: jobs.Run, sealed: str, locale: str) -> None:
    """Tell the address of someone who has left that it is done; it comes sealed, and is kept nowhere else."""
    with force_locale(locale):
        words.gone(contacts.unsealed(sealed))


@jobs.handler(leaving.TELL_CALLER_ASKED)
def tell_caller_leaving(_run: jobs.Run, departure_id: int) -> None:
    """Tell somebody who has only a telephone until when they can still call."""
    departure = db.session.get(Departure, departure_id)
    if departure is None or departure.cancelled_at is not None or departure.patient.mobile is None:
        return
    with force_locale("ko"):
        day = format_date(departure.due_at, "long")
        identity = Identity(Channel.MOBILE, departure.patient.mobile)
        words.caller_leaving(identity, day, links.settings().contact)


@jobs.handler(leaving.TELL_CALLER_STAYS)
def tell_caller_staying(_run: jobs.Run, departure_id: int) -> None:
    """Tell somebody who has only a telephone that nothing will be erased."""
    departure = db.session.get(Departure, departure_id)
    if departure is not None and departure.patient.mobile is not None:
        with force_locale("ko"):
            words.staying(Identity(Channel.MOBILE, departure.patient.mobile))


@jobs.handler(leaving.TELL_CALLER_GONE)
def tell_caller_gone(_run: jobs.Run, sealed: str) -> None:
    """Tell the number of somebody without an account that it is done; it comes sealed, and is kept nowhere else."""
    with force_locale("ko"):
        words.caller_gone(contacts.unsealed(sealed))


@jobs.handler(callers.TELL_WITHDRAWN)
def tell_caller_withdrawn(_run: jobs.Run, patient_id: int, consent: str) -> None:
    """Tell a caller which consent was taken back, at their own number, or else at that of their account."""
    patient = db.session.get(Patient, patient_id)
    if patient is None or patient.erased_at is not None:
        return
    mobile = patient.mobile or (patient.user.mobile if patient.user is not None else None)
    if mobile is not None:
        with force_locale(patient.user.locale if patient.user is not None else "ko"):
            identity = Identity(Channel.MOBILE, mobile)
            words.caller_withdrew(identity, ConsentKind(consent), links.settings().contact)


@jobs.handler("accounts.begin_erasures", every=timedelta(hours=1))
def begin_erasures(run: jobs.Run) -> None:
    """Begin what was asked for and thought over, and go on with what was given up so long ago that no job is left."""
    for departure_id in leaving.due():
        leaving.begin(departure_id)
        run.keep_alive()
    leaving.ask_again()


@jobs.handler(leaving.ERASE)
def erase(run: jobs.Run, departure_id: int) -> jobs.Effect | None:
    """Let every room erase its part of one person, then the account; cut short, it goes on from there."""
    departure = db.session.get(Departure, departure_id)
    if departure is None or departure.begun_at is None or departure.done_at is not None:
        return None
    for holding in holdings.holdings():
        holding.erase(departure)
        run.keep_alive()
    return lambda: leaving.finish(departure_id)


@jobs.handler("accounts.let_go", every=timedelta(days=1))
def let_go(_run: jobs.Run) -> None:
    """Erase what is kept no longer, of everyone whose account is erased."""
    leaving.let_go()


own_data.register()


def _reach(user: User) -> Identity:
    if user.mobile is not None:
        return Identity(Channel.MOBILE, user.mobile)
    return Identity(Channel.EMAIL, user.email or "")
